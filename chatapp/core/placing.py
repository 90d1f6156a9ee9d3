"""Where a question and its answer stand in a thread (waldur section 5, turns-api 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chatapp.core import blocks, messages, model_history
from chatapp.db import new_id, now, session
from chatapp.errors import Invalid, NotFound, NothingToReload
from chatapp.models import Message, Thread
from chatapp.values import BlockKey, Mode, Question, Role


@dataclass(frozen=True, slots=True)
class Place:
    """`message` is the question answered; the answer gets `answer_index` and may replace an earlier answer."""

    message: Message
    is_new: bool
    answer_index: int
    replaces: Message | None


def place(thread: Thread, question: Question, turn_id: UUID) -> Place:
    """Where the question stands; a new one is the caller's to store. Raises NotFound, Invalid, NothingToReload."""
    if question.mode is Mode.EDIT:
        return _edit(thread, question, turn_id)
    if question.mode is Mode.RELOAD and thread.last_index:
        return _reload(thread, question)
    if not question.text:
        raise NothingToReload("There is nothing to answer again in this conversation.")
    message = _new_message(thread, question, turn_id, thread.last_index + 1)
    return Place(message, True, thread.last_index + 1, None)


def check_target(thread: Thread, question: Question) -> None:
    """Whether there is what the question edits or has answered again. Raises NotFound, Invalid, NothingToReload.

    Before anything is done about a turn in the way: a question that cannot be placed ends none.
    """
    if question.mode is Mode.EDIT:
        _edited(thread, question)
    elif question.mode is Mode.RELOAD and (thread.last_index or not question.text):
        _reloaded(thread, question)


def _reload(thread: Thread, question: Question) -> Place:
    asked, answer = _reloaded(thread, question)
    return Place(asked, False, answer.sequence_index if answer else thread.last_index + 1, answer)


def _reloaded(thread: Thread, question: Question) -> tuple[Message, Message | None]:
    """The latest question with its answer. Raises NotFound, Invalid, NothingToReload."""
    asked = messages.current(thread.id, Role.USER)
    answer = messages.current(thread.id, Role.ASSISTANT)
    if asked is None:
        raise NothingToReload("There is nothing to answer again in this conversation.")
    if answer and answer.sequence_index < asked.sequence_index:
        answer = None  # it belongs to an earlier turn
    if question.message_id and (answer is None or answer.id != question.message_id):
        _require(thread, question.message_id)
        raise Invalid("Only the latest answer can be written again.", "message_id")
    return asked, answer


def _edited(thread: Thread, question: Question) -> Message:
    target = _require(thread, question.message_id)
    if target.role != Role.USER:
        raise Invalid("Only a question can be edited.", "message_id")
    latest = messages.current(thread.id, Role.USER)
    if latest is None or latest.id != target.id:
        raise Invalid("Only the last question can be edited.", "message_id")
    return target


def _edit(thread: Thread, question: Question, turn_id: UUID) -> Place:
    target = _edited(thread, question)
    answer = messages.current(thread.id, Role.ASSISTANT)
    if answer and answer.sequence_index < target.sequence_index:
        answer = None
    message = _new_message(thread, question, turn_id, target.sequence_index, replaces=target)
    return Place(message, True, answer.sequence_index if answer else thread.last_index + 1, answer)


def _require(thread: Thread, message_id: UUID | None) -> Message:
    message = messages.get(message_id) if message_id else None
    if message is None or message.thread_id != thread.id:
        raise NotFound("message")
    return message


def _new_message(
    thread: Thread, question: Question, turn_id: UUID, index: int, replaces: Message | None = None
) -> Message:
    moment = now()
    message = Message(
        id=new_id(),
        thread_id=thread.id,
        user_id=thread.user_id,
        turn_id=turn_id,
        role=Role.USER,
        sequence_index=index,
        replaces_id=replaces.id if replaces else None,
        content=question.text,
        blocks=[blocks.stored_block(0, BlockKey.MARKDOWN, question.text)],
        raw_data=model_history.of_question(question.text, moment),
        created=moment,
        modified=moment,
    )
    if replaces:
        supersede(replaces, message.id)
    thread.last_index = max(thread.last_index, index)
    thread.message_count += 1
    thread.last_message_at = thread.last_activity_at = moment
    return message


def supersede(message: Message, by: UUID) -> None:
    """`by` takes the message's place. Flushed at once: the store allows one current version a place at any moment."""
    message.superseded_by = by
    message.modified = now()
    session.flush()
