"""Messages as those who look after the site read them (waldur 10.8, 10.11): nothing can be used, everything is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markupsafe import Markup

from chatapp.core import attachments, messages, turns
from chatapp.models import Message, Thread, Turn
from chatapp.values import Role, TurnStatus
from chatapp.web import inspector
from chatapp.web.inspector import Panel
from chatapp.web.render import Situation, render_blocks
from chatapp.web.versions import Versions

LENGTH = 50
LOGGED = Situation(reason="Only the person whose conversation this is can use this.")
CATEGORIES = {
    "inaccurate": "Inaccurate",
    "incomplete": "Incomplete",
    "misunderstood": "Misunderstood",
    "slow_or_failed": "Slow or failed",
    "other": "Other",
}


@dataclass(frozen=True, slots=True)
class Detection:
    """What the guards have found in a message."""

    severity: str
    action: str
    score: float
    categories: Sequence[str]

    @property
    def explanation(self) -> str:
        """For a tooltip."""
        found = ", ".join(self.categories) or "no category"
        return f"{found}; injection score {self.score:.2f}" if self.score else found


@dataclass(frozen=True, slots=True)
class Rating:
    is_up: bool
    category: str
    comment: str
    moment: datetime | None


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """`was_flagged`: another version of it was. `outcome` is how the turn of a question went that has no answer."""

    id: UUID
    place: int
    is_question: bool
    content: str
    html: Markup
    created: datetime
    warning: str
    interrupted: bool
    model: str
    tokens: tuple[int, int] | None
    versions: Versions | None
    detection: Detection | None
    was_flagged: bool
    rating: Rating | None
    panels: Sequence[Panel]
    files: Sequence[str]
    outcome: str

    @property
    def is_empty(self) -> bool:
        return not (self.content.strip() if self.is_question else self.html.strip())

    @property
    def is_past(self) -> bool:
        return self.versions is not None and self.versions.is_past


@dataclass(frozen=True, slots=True)
class LogPage:
    """Consecutive messages; `earlier` and `later` are the places before which the pages next to it end."""

    messages: Sequence[LoggedMessage]
    earlier: int | None
    later: int | None

    @classmethod
    def load(cls, thread: Thread, before: int | None = None, wanted: Message | None = None) -> LogPage:
        """The last messages, those before a place, or those around a wanted one, which is shown in its version."""
        if before is None and wanted and wanted.sequence_index <= thread.last_index - LENGTH:
            before = wanted.sequence_index + LENGTH // 2
        if before is not None and before > thread.last_index:
            before = None
        page = messages.page(thread.id, before=before, limit=LENGTH)
        exchanged = {m.sequence_index: m for m in messages.exchange(wanted)} if wanted else {}
        found = [exchanged.get(m.sequence_index, m) for m in page.messages]
        earlier = found[0].sequence_index if found and page.has_earlier else None
        return cls(present(thread, found), earlier, before + LENGTH if before is not None else None)


def present(thread: Thread, found: Sequence[Message]) -> list[LoggedMessage]:
    """Messages of a thread with what is known of their other versions."""
    if not found:
        return []
    places = sorted(message.sequence_index for message in found)
    of_turn = turns.of_messages([message.turn_id for message in found if message.turn_id])
    files = attachments.of_messages([message.id for message in found if message.role == Role.USER])
    versions: dict[int, list[Message]] = {}
    for version in messages.between(thread.id, places[0], places[-1], with_history=True):
        versions.setdefault(version.sequence_index, []).append(version)
    return [
        _present(
            message,
            versions.get(message.sequence_index, [message]),
            [file.attachment.original_filename for file in files.get(message.id, ())],
            _outcome(message, of_turn),
        )
        for message in found
    ]


def _present(message: Message, versions: Sequence[Message], files: Sequence[str], outcome: str) -> LoggedMessage:
    is_question = message.role == Role.USER
    ids = [version.id for version in versions]
    counted = message.input_tokens is not None or message.output_tokens is not None
    return LoggedMessage(
        id=message.id,
        place=message.sequence_index,
        is_question=is_question,
        content=message.content,
        html=Markup("") if is_question else render_blocks(message.blocks, LOGGED),
        created=message.created,
        warning=message.warning,
        interrupted=message.interrupted,
        model=message.model or "",
        tokens=(message.input_tokens or 0, message.output_tokens or 0) if counted else None,
        versions=Versions.around(message.id, ids) if len(ids) > 1 and message.id in ids else None,
        detection=_detection(message),
        was_flagged=any(version.is_flagged for version in versions if version.id != message.id),
        rating=rating(message),
        panels=() if is_question else inspector.panels(message.blocks),
        files=files,
        outcome=outcome,
    )


def rating(message: Message) -> Rating | None:
    if message.feedback_score is None:
        return None
    return Rating(
        message.feedback_score,
        CATEGORIES.get(message.feedback_category or "", message.feedback_category or ""),
        message.feedback_comment or "",
        message.feedback_submitted_at,
    )


def _detection(message: Message) -> Detection | None:
    if not message.is_flagged:
        return None
    categories = [*message.injection_categories, *message.pii_categories]
    return Detection(message.severity, message.action_taken, message.injection_score, categories)


def _outcome(message: Message, of_turn: Mapping[UUID, Turn]) -> str:
    turn = of_turn.get(message.turn_id) if message.turn_id else None
    if turn is None or message.role != Role.USER or turn.output_message_id:
        return ""
    status = TurnStatus(turn.status)
    return "Being answered" if status.is_active else f"Without an answer: {status}"
