"""What the model is shown: instructions, the recent conversation, the question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import select

from chatapp import config
from chatapp.core import attached_files, prompts, spoken
from chatapp.db import now, session
from chatapp.models import Message, Thread, Turn, User
from chatapp.providers import (
    DECLINE,
    FilePart,
    ImagePart,
    ModelMessage,
    ModelRequest,
    Part,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from chatapp.values import BlockKey, Role, Severity

Entries = tuple[ModelMessage, ...]

CHARACTERS_PER_TOKEN = 4
INTERRUPTED = "\n\n[This answer was interrupted here.]"


def build(
    asker: User, thread: Thread, turn: Turn, question: Message, asked: str | None = None, *, has_files: bool = True
) -> ModelRequest:
    """The request for the first model call of a turn (waldur 8.6). `asked` is what the model gets as the question,
    where that is something else than what is stored; `has_files` false spares looking for what is attached.

    History stops before the question's place, so a reload or an edit shows neither the old question nor its answer.
    A question that the model does not get comes without its files.
    """
    system = prompts.assemble(asker, thread, now(), turn.settings["timezone"], turn.prompt_version_id)
    if asked is None:
        asked = question.content if turn.prompt is None else turn.prompt
    history = _history(thread, question)
    shown = [*history, question] if asked != DECLINE else history
    files = attached_files.parts(thread, shown) if has_files else {}
    entries = [_entries(message, files.get(message.id, ())) for message in history]
    entries.append((ModelMessage(Role.USER, (*files.get(question.id, ()), TextPart(asked))),))
    model_settings = turn.settings.get("modelSettings", {})
    return ModelRequest(
        system=system,
        messages=tuple(_fit(entries, len(system))),
        max_tokens=model_settings.get("maxOutputTokens"),
        temperature=model_settings.get("temperature"),
        own_instructions=thread.system_prompt or "",
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
    said = (message for message in reversed(recent.all()) if message.content or message.blocks)
    return [message for message in said if not _is_attack(message)]


def _is_attack(message: Message) -> bool:
    """Left out of later turns (waldur 7.4)."""
    return bool(message.injection_categories) and message.severity not in (Severity.NONE, Severity.LOW)


def _entries(message: Message, files: Sequence[Part]) -> Entries:
    """What a model is told of one message: several entries where tools were called."""
    if any(block["key"] == BlockKey.TOOL for block in message.blocks):
        said = spoken.of_blocks(message.blocks)
        return (*said, ModelMessage(Role.ASSISTANT, (TextPart(INTERRUPTED.strip()),))) if message.interrupted else said
    text = message.content + (INTERRUPTED if message.interrupted else "")
    return (ModelMessage(Role(message.role), (*files, TextPart(text))),)


def _fit(conversation: list[Entries], system_length: int) -> Iterable[ModelMessage]:
    """The newest messages that fit into the model's window; the question is always among them.

    A message stays whole: a call and its result are never separated.
    """
    budget = config.current().context_tokens * CHARACTERS_PER_TOKEN - system_length
    kept: list[Entries] = []
    for entries in reversed(conversation):
        budget -= sum(map(_length, entries))
        if kept and budget < 0:
            break
        kept.append(entries)
    while len(kept) > 1 and kept[-1][0].role is Role.ASSISTANT:
        kept.pop()  # a conversation begins with a question
    return (entry for entries in reversed(kept) for entry in entries)


def _length(entry: ModelMessage) -> int:
    return sum(map(_part_length, entry.parts))


def _part_length(part: Part) -> int:
    match part:
        case TextPart(text) | FilePart(text=text):
            return len(text)
        case ImagePart():
            return 0  # as much as a page of text, whatever its bytes
        case ToolResultPart(content=content):
            return len(content)
        case ToolCallPart(arguments=arguments):
            return len(orjson.dumps(arguments))
