"""A thread as the page shows it: its messages, and the answer that is being written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from markupsafe import Markup

from chatapp.core import messages, takeovers, turns
from chatapp.core.answer_parser import AnswerParser
from chatapp.models import Message, Thread, Turn
from chatapp.stream import log
from chatapp.values import Role, TurnStatus
from chatapp.web.pages import presenting
from chatapp.web.pages.presenting import ShownMessage, ShownTurn
from chatapp.web.render import LiveRenderer


@dataclass(frozen=True, slots=True)
class Conversation:
    """`turn` is the running one; `html` what it has written up to event number `after`.

    Without a running turn `html` is shown for a last question that has no stored answer.
    """

    messages: list[ShownMessage]
    turn: ShownTurn | None
    html: Markup = Markup("")
    after: int = 0

    @classmethod
    def load(cls, thread: Thread, last_html: Markup | None = None) -> Conversation:
        """As stored. `last_html` takes the place of what the last answer says.

        The turn is looked at before the messages: one that ends between the two looks is seen among the messages.
        """
        latest = turns.latest(thread.id)
        if latest:
            takeovers.reap_if_lost(latest)
        shown = _present(messages.of_thread(thread.id), latest, last_html)
        if latest is None or not TurnStatus(latest.status).is_active or any(m.id == latest.answer_id for m in shown):
            return cls(shown, None, last_html or Markup(""))
        html, after = _written(latest)
        return cls(shown, presenting.turn(latest), html, after)

    def values(self) -> dict[str, Any]:
        """For the templates."""
        return {"messages": self.messages, "turn": self.turn, "html": self.html, "after": self.after}


def ended_answer(turn: Turn) -> ShownMessage | None:
    """What stands on the page where the turn's answer was written; None when there is nothing of it to show.

    An answer that was to be replaced and could not be is the current one again, with the reason why.
    """
    message_id = turn.output_message_id or turn.answer_replaces_id
    message = messages.get(message_id) if message_id else None
    if message is None:
        return None
    of_turn = turns.of_messages([message.turn_id]) if message.turn_id else {}
    return presenting.message(message, _told_of(message, of_turn, turn))


def _present(found: Sequence[Message], latest: Turn | None, last_html: Markup | None) -> list[ShownMessage]:
    of_turn = turns.of_messages([m.turn_id for m in found if m.turn_id])
    return [
        presenting.message(message, _told_of(message, of_turn, latest), last_html if message is found[-1] else None)
        for message in found
    ]


def _told_of(message: Message, of_turn: Mapping[UUID, Turn], latest: Turn | None) -> Turn | None:
    """The turn whose end is told with the message: its own, or the last attempt to answer it or to replace it."""
    if latest and message.role == Role.USER and latest.input_message_id == message.id:
        return latest
    if latest and latest.answer_replaces_id == message.id and latest.status == TurnStatus.FAILED:
        return latest
    return of_turn.get(message.turn_id) if message.turn_id else None


def _written(turn: Turn) -> tuple[Markup, int]:
    parser, renderer = AnswerParser(), LiveRenderer()
    events = log.current().read(turn.id)
    renderer.feed(parser.feed(events))
    return renderer.snapshot(), events[-1].seq
