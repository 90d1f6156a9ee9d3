"""Reading the messages of threads."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from chatapp.db import session
from chatapp.models import Message, Thread, User
from chatapp.values import Role


def of_thread(thread_id: UUID, *, with_history: bool = False) -> Sequence[Message]:
    """In order of the conversation; versions of one message oldest first."""
    query = select(Message).where(Message.thread_id == thread_id)
    if not with_history:
        query = query.where(Message.superseded_by.is_(None))
    return session.scalars(query.order_by(Message.sequence_index, Message.created, Message.id)).all()


def list_visible(
    user: User,
    *,
    thread_id: UUID | None = None,
    with_history: bool = False,
    is_flagged: bool | None = None,
    feedback_score: bool | None = None,
) -> Sequence[Message]:
    """Messages of one's own threads; for staff and support of everybody's. An unknown thread gives none."""
    query = select(Message)
    if not (user.is_staff or user.is_support):
        query = query.where(Message.thread_id.in_(select(Thread.id).where(Thread.user_id == user.id)))
    if thread_id is not None:
        query = query.where(Message.thread_id == thread_id)
    if not with_history:
        query = query.where(Message.superseded_by.is_(None))
    if is_flagged is not None:
        query = query.where(Message.is_flagged.is_(is_flagged))
    if feedback_score is not None:
        query = query.where(Message.feedback_score.is_(feedback_score))
    return session.scalars(query.order_by(Message.sequence_index, Message.created, Message.id)).all()


def get(message_id: UUID) -> Message | None:
    return session.get(Message, message_id)


def current(thread_id: UUID, role: Role) -> Message | None:
    """The latest message of that role that nothing has replaced."""
    return session.scalar(
        select(Message)
        .where(Message.thread_id == thread_id, Message.role == role, Message.superseded_by.is_(None))
        .order_by(Message.sequence_index.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
