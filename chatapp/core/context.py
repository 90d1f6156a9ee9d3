"""What the model is shown: instructions, the recent conversation, the question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from chatapp import config
from chatapp.core import attached_files, prompts
from chatapp.db import now, session
from chatapp.models import Message, Thread, Turn, User
from chatapp.providers import DECLINE, FilePart, ModelMessage, ModelRequest, Part, TextPart
from chatapp.values import Role, Severity

CHARACTERS_PER_TOKEN = 4
INTERRUPTED = "\n\n[This answer was interrupted here.]"


def build(asker: User, thread: Thread, turn: Turn, question: Message, asked: str | None = None) -> ModelRequest:
    """The request for the first model call of a turn (waldur 8.6). `asked` is what the model gets as the question,
    where that is something else than what is stored.

    History stops before the question's place, so a reload or an edit shows neither the old question nor its answer.
    A question that the model does not get comes without its files.
    """
    system = prompts.assemble(asker, thread, now(), turn.settings["timezone"])
    if asked is None:
        asked = question.content if turn.prompt is None else turn.prompt
    history = _history(thread, question)
    shown = [*history, question] if asked != DECLINE else history
    files = attached_files.parts(thread, shown)
    entries = [_entry(message, files.get(message.id, ())) for message in history]
    entries.append(ModelMessage(Role.USER, (*files.get(question.id, ()), TextPart(asked))))
    model_settings = turn.settings.get("modelSettings", {})
    return ModelRequest(
        system=system,
        messages=tuple(_fit(entries, len(system))),
        max_tokens=model_settings.get("maxOutputTokens"),
        temperature=model_settings.get("temperature"),
    )


def _history(thread: Thread, question: Message) -> Sequence[Message]:
    limit = config.current().history_limit
    if limit <= 0 or question.sequence_index == 1:
        return []
    recent = session.scalars(
        select(Message)
        .where(
            Message.thread_id == thread.id,
            Message.superseded_by.is_(None),
            Message.sequence_index < question.sequence_index,
        )
        .order_by(Message.sequence_index.desc())
        .limit(limit)
    )
    return [message for message in reversed(recent.all()) if message.content and not _is_attack(message)]


def _is_attack(message: Message) -> bool:
    """Left out of later turns (waldur 7.4)."""
    return bool(message.injection_categories) and message.severity not in (Severity.NONE, Severity.LOW)


def _entry(message: Message, files: Sequence[Part]) -> ModelMessage:
    text = message.content + (INTERRUPTED if message.interrupted else "")
    return ModelMessage(Role(message.role), (*files, TextPart(text)))


def _fit(entries: list[ModelMessage], system_length: int) -> Iterable[ModelMessage]:
    """The newest entries that fit into the model's window; the question is always among them."""
    budget = config.current().context_tokens * CHARACTERS_PER_TOKEN - system_length
    kept: list[ModelMessage] = []
    for entry in reversed(entries):
        budget -= _length(entry)
        if kept and budget < 0:
            break
        kept.append(entry)
    while len(kept) > 1 and kept[-1].role is Role.ASSISTANT:
        kept.pop()  # a conversation begins with a question
    return reversed(kept)


def _length(entry: ModelMessage) -> int:
    return sum(len(part.text) for part in entry.parts if isinstance(part, TextPart | FilePart))
