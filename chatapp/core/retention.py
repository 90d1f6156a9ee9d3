"""Deleting what nobody has used for long (waldur 8.5)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select

from chatapp import config
from chatapp.db import now, session, transaction
from chatapp.models import ChatSession

BATCH = 50


def delete_idle_sessions() -> int:
    """Delete sessions without activity for the configured days, with threads and messages; returns how many.

    In batches, so that nobody waits long for the store.
    """
    days = config.current().ai_assistant_session_retention_days
    if days <= 0:
        return 0
    deadline = now() - timedelta(days=days)
    deleted = 0
    while True:
        with transaction():
            idle = select(ChatSession.id).where(ChatSession.modified < deadline).limit(BATCH)
            ids = session.scalars(idle.with_for_update(skip_locked=True)).all()
            session.execute(delete(ChatSession).where(ChatSession.id.in_(ids)))
        deleted += len(ids)
        if len(ids) < BATCH:
            return deleted
