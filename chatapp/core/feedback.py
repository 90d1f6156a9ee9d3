"""Thumbs (waldur 2.3, turns-api 2.6, 3.12). A message shows the newest that was said of it; every record is kept."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from chatapp.core import audit, messages, prompt_figures, threads
from chatapp.db import now, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import Feedback, Message, Thread, Turn, User
from chatapp.values import Role

MAX_COMMENT = 2_000  # characters
CATEGORIES = ("inaccurate", "incomplete", "misunderstood", "slow_or_failed", "other")


@dataclass(frozen=True, slots=True)
class Said:
    score: bool
    comment: str | None = None
    category: str | None = None


def rate(user: User, message_id: UUID, score: bool, comment: str | None, category: str | None) -> Message:
    """Overwrite what the user said of an answer before. Raises NotFound, and Invalid for a question (waldur 2.3)."""
    if comment and len(comment) > MAX_COMMENT:
        raise Invalid(f"A comment has at most {MAX_COMMENT:,} characters.", "comment")
    if category and category not in CATEGORIES:
        raise Invalid("There is no such category.", "category")
    thread_id = session.scalar(select(Message.thread_id).where(Message.id == message_id))
    if thread_id is None:
        raise NotFound("message")
    with transaction():
        thread = _own_thread(user, thread_id)
        message = session.get_one(Message, message_id, populate_existing=True)
        if message.role != Role.ASSISTANT:
            raise Invalid("Only answers can be rated.")
        _record(user, thread, Said(score, comment, category), message, message.turn_id)
    return message


def give(
    user: User,
    thread_id: UUID,
    said: Said,
    message_id: UUID | None = None,
    turn_id: UUID | None = None,
) -> Feedback:
    """Rate a message, a turn, or with neither the latest answer, if there is one. Raises NotFound, Invalid."""
    with transaction():
        thread = threads.lock(user.id, thread_id)
        if thread.is_archived:
            raise NotFound("thread")
        message, turn_id = _rated(thread, message_id, turn_id)
        return _record(user, thread, said, message, turn_id)


def _rated(thread: Thread, message_id: UUID | None, turn_id: UUID | None) -> tuple[Message | None, UUID | None]:
    message = session.get(Message, message_id, populate_existing=True) if message_id else None
    if message_id and (message is None or message.thread_id != thread.id):
        raise NotFound("message")
    turn = session.get(Turn, turn_id, populate_existing=True) if turn_id else None
    if turn_id and (turn is None or turn.thread_id != thread.id):
        raise NotFound("turn")
    if message and message.role != Role.ASSISTANT:
        raise Invalid("Only answers can be rated.", "message_id")
    if message and turn and turn.output_message_id != message.id:
        raise Invalid("The message is not what this turn has answered.")
    if message is None and turn and turn.output_message_id:
        message = session.get(Message, turn.output_message_id, populate_existing=True)
    if message is None and turn is None:
        message = messages.current(thread.id, Role.ASSISTANT)
    return message, turn.id if turn else message.turn_id if message else None


def _record(user: User, thread: Thread, said: Said, message: Message | None, turn_id: UUID | None) -> Feedback:
    record = Feedback(
        thread_id=thread.id, user_id=user.id, turn_id=turn_id, score=said.score, comment=said.comment, created=now()
    )
    session.add(record)
    if message:
        if not thread.is_trial:
            prompt_figures.note_rating(message.turn_id, message.feedback_score, said.score)
        thread.has_feedback = True
        record.message_id = message.id
        message.feedback_score = said.score
        message.feedback_comment = said.comment
        message.feedback_category = None if said.score else said.category
        message.feedback_submitted_at = record.created
    audit.record(
        "chat_feedback_submitted",
        user,
        target_user_id=user.id,
        object_id=message.id if message else thread.id,
        score=said.score,
        category=None if said.score else said.category,
        has_comment=bool(said.comment),
        thread=str(thread.id),
    )
    return record


def _own_thread(user: User, thread_id: UUID) -> Thread:
    try:
        return threads.lock(user.id, thread_id)
    except NotFound as error:
        raise NotFound("message") from error
