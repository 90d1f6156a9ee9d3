"""Deleting what nobody has used for long (waldur 8.5)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select

from chatapp import config
from chatapp.core import artifacts
from chatapp.db import now, session, transaction
from chatapp.models import ChatSession, KeptAnswer, Thread, Turn, TurnEvent

BATCH = 50
KEPT_ANSWERS = timedelta(hours=24)  # turns-api 0.9


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


def purge_deleted_threads() -> int:
    """Erase what people deleted the configured days ago (turns-api 0.7); returns how many threads.

    A thread that was only archived stays.
    """
    deadline = now() - timedelta(days=max(0, config.current().deleted_thread_retention_days))
    purged = 0
    while True:
        with transaction():
            old = select(Thread.id).where(Thread.deleted_at < deadline).limit(BATCH)
            ids = session.scalars(old.with_for_update(skip_locked=True, of=Thread)).all()
            session.execute(delete(Thread).where(Thread.id.in_(ids)))
        purged += len(ids)
        if len(ids) < BATCH:
            return purged


def prune_events() -> int:
    """Forget the events of turns that ended the configured hours ago; returns of how many turns.

    Their answers stay: whoever follows such a turn is told it in short (turns-api 4.5).
    """
    deadline = now() - timedelta(hours=config.current().event_retention_hours)
    pruned = 0
    while True:
        with transaction():
            first = select(TurnEvent.turn_id).join(Turn, Turn.id == TurnEvent.turn_id).where(TurnEvent.seq == 1)
            ids = session.scalars(first.where(Turn.completed_at < deadline).limit(BATCH)).all()
            session.execute(delete(TurnEvent).where(TurnEvent.turn_id.in_(ids)))
        pruned += len(ids)
        if len(ids) < BATCH:
            return pruned


def forget_kept_answers() -> int:
    """Forget answers to repeated requests that are too old to be given again; returns how many."""
    with transaction():
        old = delete(KeptAnswer).where(KeptAnswer.created < now() - KEPT_ANSWERS)
        return int(session.execute(old).rowcount)  # type: ignore[attr-defined]
