"""Thumbs (waldur 2.3)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from chatapp.core import audit, threads
from chatapp.db import now, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import Message, Thread, User
from chatapp.values import Role

MAX_COMMENT = 2_000  # characters
CATEGORIES = ("inaccurate", "incomplete", "misunderstood", "slow_or_failed", "other")


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
        message.feedback_score = score
        message.feedback_comment = comment
        message.feedback_category = None if score else category
        message.feedback_submitted_at = now()
        thread.has_feedback = True
        audit.record(
            "chat_feedback_submitted",
            user,
            target_user_id=user.id,
            object_id=message.id,
            score=score,
            category=message.feedback_category,
            has_comment=bool(comment),
            thread=str(thread_id),
        )
    return message


def _own_thread(user: User, thread_id: UUID) -> Thread:
    try:
        return threads.lock(user.id, thread_id)
    except NotFound as error:
        raise NotFound("message") from error
