"""Deleting what nobody has used for long (waldur 8.5), or what a rule says; never what is held."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select

from chatapp import config
from chatapp.core import artifacts, holds, retention_rules, threads
from chatapp.db import now, session, transaction
from chatapp.models import ChatSession, KeptAnswer, RetentionRun, Thread, Turn, TurnEvent

BATCH = 50
KEPT_ANSWERS = timedelta(hours=24)  # turns-api 0.9


@dataclass(slots=True)
class Erased:
    """What has been erased, counted while it is."""

    threads: int = 0
    messages: int = 0
    files: int = 0
    people: set[UUID] = field(default_factory=set)

    def note(self, rows: Sequence[Any]) -> None:
        """Rows of (owner, threads, messages)."""
        for owner, count, messages in rows:
            self.people.add(owner)
            self.threads += count
            self.messages += messages


def carry_out(erased: Erased | None = None) -> RetentionRun:
    """Erase everything that is due, and write down how much that was."""
    erased, begun = erased or Erased(), now()
    delete_idle_sessions(erased)
    erase_by_rules(erased)
    deleted = purge_deleted_threads(erased)
    counts = {"threads": erased.threads, "messages": erased.messages, "files": erased.files}
    run = RetentionRun(**counts, deleted_threads=deleted, people=len(erased.people), created=begun, finished_at=now())
    with transaction():
        session.add(run)
    return run


def latest_runs(most: int) -> Sequence[RetentionRun]:
    """The newest first."""
    return session.scalars(select(RetentionRun).order_by(RetentionRun.created.desc()).limit(most)).all()


def delete_idle_sessions(erased: Erased | None = None) -> int:
    """Delete sessions without activity for the configured days, with threads, messages and files; returns how many.

    Threads that a rule speaks of, or that are held, stay with their session. In batches, so that nobody waits long for
    the store.
    """
    erased = erased or Erased()
    days = config.current().ai_assistant_session_retention_days
    if days <= 0:
        return 0
    deadline, deleted = now() - timedelta(days=days), 0
    free = and_(~retention_rules.ruled(retention_rules.stored()), ~holds.IS_HELD)
    idle = _idle_sessions(deadline, free).limit(BATCH).with_for_update(skip_locked=True, of=ChatSession)
    while True:
        with transaction():
            found = session.execute(idle).all()
            deleted += _empty_sessions([row.id for row in found], free, erased)
            erased.files += artifacts.delete_of([row.user_id for row in found], before=deadline)
        if len(found) < BATCH:
            return deleted


def erase_by_rules(erased: Erased | None = None) -> int:
    """Erase the threads that are due by their rules; returns how many."""
    erased, count = erased or Erased(), 0
    for part, days in retention_rules.stored().items():
        deadline = now() - timedelta(days=days)
        while days > 0:
            with transaction():
                done = _erase_some(retention_rules.due(part, deadline), erased)
                erased.files += artifacts.delete_of({row.user_id for row in done}, before=deadline)
            count += len(done)
            if len(done) < BATCH:
                break
    return count


def purge_deleted_threads(erased: Erased | None = None) -> int:
    """Erase what people deleted the configured days ago (turns-api 0.7); returns how many threads.

    A thread that was only archived stays.
    """
    erased, purged = erased or Erased(), 0
    deadline = now() - timedelta(days=max(0, config.current().deleted_thread_retention_days))
    while True:
        with transaction():
            done = _erase_some(select(Thread).where(Thread.deleted_at < deadline, ~holds.IS_HELD), erased)
        purged += len(done)
        if len(done) < BATCH:
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


def _idle_sessions(deadline: datetime, free: ColumnElement[bool]) -> Select[UUID, UUID]:
    """Those of which something can go: a thread, or all that is left of an empty one."""
    own = Thread.session_id == ChatSession.id
    goes = or_(exists().where(own, free), ~exists().where(own))
    unheld = ChatSession.user_id.not_in(holds.PEOPLE)
    return select(ChatSession.id, ChatSession.user_id).where(ChatSession.modified < deadline, unheld, goes)


def _empty_sessions(ids: Collection[UUID], free: ColumnElement[bool], erased: Erased) -> int:
    """Erase what may go of these sessions, and those that are empty then; returns how many."""
    gone = (Thread.session_id.in_(ids), free)
    counts = (func.count(), func.sum(Thread.message_count))
    erased.note(session.execute(select(Thread.user_id, *counts).where(*gone).group_by(Thread.user_id)).all())
    session.execute(delete(Thread).where(*gone))
    empty = ~exists().where(Thread.session_id == ChatSession.id)
    done = session.execute(delete(ChatSession).where(ChatSession.id.in_(ids), empty))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _erase_some(due: Select[Thread], erased: Erased) -> Sequence[Any]:
    columns = (Thread.id, Thread.session_id, Thread.user_id, Thread.message_count)
    found = due.with_only_columns(*columns).limit(BATCH).with_for_update(skip_locked=True, of=Thread)
    rows = session.execute(found).all()
    session.execute(delete(Thread).where(Thread.id.in_([row.id for row in rows])))
    for session_id in sorted({row.session_id for row in rows}):
        threads.note_change(session_id)
    erased.note([(row.user_id, 1, row.message_count) for row in rows])
    return rows
