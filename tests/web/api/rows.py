"""Conversations as they lie in the store, without anybody having asked a model."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from chatapp.core import threads
from chatapp.db import session, transaction
from chatapp.models import AuditRecord, Message, Thread
from tests.people import Person


def add_thread(person: Person, title: str | None = None, **columns: Any) -> str:
    """The id of a new thread."""
    with transaction():
        thread = threads.create(person.user, title)
        for name, value in columns.items():
            setattr(thread, name, value)
    return str(thread.id)


def add_message(thread_id: str, content: str = "", role: str = "assistant", **columns: Any) -> str:
    """The id of a new message, the last one of its thread."""
    with transaction():
        thread = session.get_one(Thread, UUID(thread_id))
        thread.last_index += 1
        thread.message_count += 1
        place = {"thread_id": thread.id, "user_id": thread.user_id, "sequence_index": thread.last_index}
        message = Message(**place, content=content, role=role, **columns)
        session.add(message)
    return str(message.id)


def audit_trail() -> list[tuple[str, UUID | None, UUID | None, UUID | None]]:
    """(event, actor, target user, object), oldest first."""
    session.remove()
    records = session.scalars(select(AuditRecord).order_by(AuditRecord.created))
    return [(record.event, record.actor_id, record.target_user_id, record.object_id) for record in records]


def count(model: type) -> int:
    session.remove()
    return session.scalar(select(func.count()).select_from(model)) or 0
