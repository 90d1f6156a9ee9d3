"""Deleting one's own threads: hidden at once with their answers stopped, erased later (turns-api 0.7, 3.3, 3.7)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, select

from chatapp.core import executors, takeovers, threads
from chatapp.db import now, session, transaction
from chatapp.errors import NotFound
from chatapp.models import Thread, Turn, User
from chatapp.values import ACTIVE


def delete(user: User, thread_id: UUID) -> None:
    """Raises NotFound, for an archived thread as well."""
    if not _delete(user, Thread.id == thread_id):
        raise NotFound("thread")


def delete_some(user: User, thread_ids: Collection[UUID]) -> int:
    """Those among them that are the user's and not archived, all or none; how many."""
    return _delete(user, Thread.id.in_(set(thread_ids))) if thread_ids else 0


def delete_all(user: User) -> int:
    """Every thread of the user that is not archived; how many."""
    return _delete(user)


def _delete(user: User, *which: ColumnElement[bool]) -> int:
    executors.flush()
    with transaction():
        chosen = (Thread.user_id == user.id, Thread.archived_at.is_(None), *which)
        # In the order of their ids: two transactions never wait for each other.
        query = select(Thread).where(*chosen).order_by(Thread.id).with_for_update(of=Thread)
        found = session.scalars(query.execution_options(populate_existing=True)).all()
        if not found:
            return 0
        _cancel_answers([thread.id for thread in found])
        moment = now()
        for thread in found:
            thread.archived_at = thread.deleted_at = moment
        threads.note_change(found[0].session_id)
    return len(found)


def _cancel_answers(thread_ids: Collection[UUID]) -> None:
    active = select(Turn).where(Turn.thread_id.in_(thread_ids), Turn.status.in_(ACTIVE)).order_by(Turn.thread_id)
    for turn in session.scalars(active.execution_options(populate_existing=True)).all():
        takeovers.cancel(turn, why="deletion")
