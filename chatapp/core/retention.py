"""Deleting what nobody has used for long (waldur 8.5)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select

from chatapp import config
from chatapp.core import artifacts
from chatapp.db import now, session, transaction
from chatapp.models import ChatSession

BATCH = 50


def delete_idle_sessions() -> int:
    """Delete sessions without activity for the configured days, with threads, messages and files; returns how many.

    In batches, so that nobody waits long for the store.
    """
    days = config.current().ai_assistant_session_retention_days
    if days <= 0:
        return 0
    deadline = now() - timedelta(days=days)
    deleted = 0
    while True:
        with transaction():
            idle = select(ChatSession.id, ChatSession.user_id).where(ChatSession.modified < deadline).limit(BATCH)
            found = session.execute(idle.with_for_update(skip_locked=True)).all()
            ids = [row.id for row in found]
            session.execute(delete(ChatSession).where(ChatSession.id.in_(ids)))
            artifacts.delete_of([row.user_id for row in found], before=deadline)
        deleted += len(ids)
        if len(ids) < BATCH:
            return deleted
