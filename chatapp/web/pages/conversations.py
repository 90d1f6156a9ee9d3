"""A thread as the page shows it: some of its messages, and the answer that is being written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from markupsafe import Markup

from chatapp.core import approvals, messages, replying, takeovers, turns
from chatapp.core.answer_parser import AnswerParser
from chatapp.models import Message, Thread, Turn
from chatapp.stream import log
from chatapp.values import Role, TurnStatus
from chatapp.web.auth import reader
from chatapp.web.pages import presenting, shown_files
from chatapp.web.pages.presenting import ShownMessage, ShownTurn
from chatapp.web.render import ARCHIVED, PAST, LiveRenderer, OpenCalls, Situation

LENGTH = 50  # messages on a page


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive messages. `earlier` and `later` are the places before which the pages next to it end."""

    messages: list[ShownMessage]
    earlier: int | None = None
    later: int | None = None

    @classmethod
    def load(
        cls,
        thread: Thread,
        latest: Turn | None = None,
        *,
        before: int | None = None,
        wanted: Message | None = None,
        last_html: Markup | None = None,
    ) -> Part:
        """The last messages, those before a place, or those around a wanted one, which is shown in its version."""
        if before is None and wanted and wanted.sequence_index <= thread.last_index - LENGTH:
            before = wanted.sequence_index + LENGTH // 2
        if before is not None and before > thread.last_index:
            before = None
        page = messages.page(thread.id, before=before, limit=LENGTH)
        exchanged = {m.sequence_index: m for m in messages.exchange(wanted)} if wanted else {}
        found = [exchanged.get(m.sequence_index, m) for m in page.messages]
        shown = present(thread, found, latest, last_html)
        later = before + LENGTH if before is not None else None
        return cls(shown, found[0].sequence_index if found and page.has_earlier else None, later)


@dataclass(frozen=True, slots=True)
class Conversation:
    """`turn` is the active one; `html` what it has written up to event number `after`, `calls` what has no block yet.

    Without a running turn `html` is shown for a last question that has no stored answer.
    """

    part: Part
    turn: ShownTurn | None
    html: Markup = Markup("")
    calls: Markup = Markup("")
    after: int = 0

    @classmethod
    def load(
        cls,
        thread: Thread,
        last_html: Markup | None = None,
        *,
        before: int | None = None,
        wanted: Message | None = None,
    ) -> Conversation:
        """As stored. `last_html` takes the place of what the last answer says; for the others see `Part.load`.

        The turn is looked at before the messages, and again with them: one that ends in between is read once more.
        """
        latest = turns.latest(thread.id)
        if latest:
            settle(latest)
        was_active = latest is not None and TurnStatus(latest.status).is_active
        part = Part.load(thread, latest, before=before, wanted=wanted, last_html=last_html)
        if latest and was_active and not TurnStatus(latest.status).is_active:
            # It has ended since the messages were read, and its answer is not among them.
            return cls.load(thread, last_html, before=before, wanted=wanted)
        is_shown = latest and any(m.id == latest.answer_id for m in part.messages)
        if latest is None or part.later or not TurnStatus(latest.status).is_active or is_shown:
            return cls(part, None, last_html or Markup(""))
        written = Written.load(latest)
        return cls(part, written.turn, written.html, written.calls, written.after)

    def values(self) -> dict[str, Any]:
        """For the templates."""
        return {
            "messages": self.part.messages,
            "earlier": self.part.earlier,
            "later": self.part.later,
            "turn": self.turn,
            "html": self.html,
            "calls": self.calls,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Written:
    """What an active turn has written up to event number `after`."""

    turn: ShownTurn
    html: Markup
    calls: Markup
    after: int

    @classmethod
    def load(cls, turn: Turn) -> Written:
        parser, renderer, calls = AnswerParser(), LiveRenderer(), OpenCalls()
        decisions = approvals.of_turn(turn.id) if turn.status == TurnStatus.AWAITING_APPROVAL else {}
        events = log.current().read(turn.id)
        renderer.feed(parser.feed(events))
        calls.feed(events)
        warning = next((event.data["data"]["message"] for event in events if event.type == "data-warning"), "")
        said = {call_id: approval.status for call_id, approval in decisions.items()}
        shown = presenting.turn(turn, warning, list(said.values()).count("pending"))
        return cls(shown, renderer.snapshot(), calls.html(said), events[-1].seq)

    def values(self) -> dict[str, Any]:
        """For the template of a running answer."""
        return {"turn": self.turn, "html": self.html, "calls": self.calls, "after": self.after}


def settle(turn: Turn) -> None:
    """End the turn if nobody executes it any more, or if it has waited too long for a person."""
    takeovers.reap_if_lost(turn)
    approvals.settle_expired(turn)


def answered_before(thread: Thread, question: Message) -> ShownMessage | None:
    """The answer above a new question, if something in it can no longer be used since."""
    (message,) = messages.page(thread.id, before=question.sequence_index, limit=1).messages or (None,)
    if message is None or message.role != Role.ASSISTANT or not any(replying.usable(message)):
        return None
    return present(thread, [message, question])[0]


def ended_answer(thread: Thread, turn: Turn) -> ShownMessage | None:
    """What stands on the page where the turn's answer was written; None when there is nothing of it to show.

    An answer that was to be replaced and could not be is the current one again, with the reason why.
    """
    message_id = turn.output_message_id or turn.answer_replaces_id
    message = messages.get(message_id) if message_id else None
    return present(thread, [message], turn)[0] if message else None


def present(
    thread: Thread, found: Sequence[Message], latest: Turn | None = None, last_html: Markup | None = None
) -> list[ShownMessage]:
    """Messages of a thread with their versions and how their turns went; `latest` is the thread's last turn."""
    if not found:
        return []
    of_turn = turns.of_messages([m.turn_id for m in found if m.turn_id])
    versions = messages.versions(thread.id, found[0].sequence_index, found[-1].sequence_index)
    files = shown_files.of_messages(found)
    viewer = reader()
    return [
        presenting.message(
            message,
            _told_of(message, of_turn, latest),
            last_html if message is found[-1] else None,
            versions=versions.get(message.sequence_index, ()),
            viewer=viewer,
            files=files.get(message.id, ()),
            situation=_situation(thread, message, found),
        )
        for message in found
    ]


def _situation(thread: Thread, message: Message, found: Sequence[Message]) -> Situation:
    """What can be done with the blocks of a message; `found` may hold what was said next."""
    if thread.is_archived:
        return ARCHIVED
    if message.superseded_by:
        return PAST
    if replying.is_open(thread, message):
        return Situation.open(message.id)
    later = (m for m in found if m.role == Role.USER and m.sequence_index > message.sequence_index)
    return Situation.over(next((m.content for m in later), ""))


def _told_of(message: Message, of_turn: Mapping[UUID, Turn], latest: Turn | None) -> Turn | None:
    """The turn whose end is told with the message: its own, or the last attempt to answer it or to replace it."""
    if latest and message.role == Role.USER and latest.input_message_id == message.id:
        return latest
    if latest and latest.answer_replaces_id == message.id and latest.status == TurnStatus.FAILED:
        return latest
    return of_turn.get(message.turn_id) if message.turn_id else None
