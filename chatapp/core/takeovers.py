"""Ending a turn that somebody else executes: a cancel, a worker that is gone (design section 3, turns-api 2.3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, update

from chatapp import config, metrics
from chatapp.core import endings, executors, threads, traces
from chatapp.core.endings import Ending
from chatapp.db import now, session, transaction
from chatapp.models import Turn, TurnLease
from chatapp.prepared import Prepared
from chatapp.values import Failure, TurnStatus

# Asked by every reader who comes.
LEASE = Prepared(select(TurnLease.renewed_at, TurnLease.worker).where(TurnLease.turn_id == bindparam("turn")))
WORKER_LOST = Failure("worker_lost", "The answer was interrupted because the server stopped. Please try again.", True)


def cancel(
    turn: Turn, partial_text: str | None = None, *, why: str = "interrupt", asked: int | None = None
) -> Turn | None:
    """End the turn with what it has written; None when it has ended by itself.

    `why` and `asked`, the moment when that was wanted, are noted (core/traces.py).
    """
    stop = traces.stop(asked or traces.moment(), why, executors.worker())
    with transaction():
        threads.lock(turn.user_id, turn.thread_id)
        found = endings.salvage(turn.id)
        output = replace(found, trace=(found.trace or {}) | stop)
        return endings.end(turn.thread_id, turn.id, Ending.cancelled(partial_text), output, executors.stop)


def reap(dead_workers: Sequence[str] = ()) -> int:
    """Fail the turns whose lease is void or whose worker is known to be dead, keeping their text. Returns how many."""
    lost = (TurnLease.renewed_at < _lease_deadline()) | TurnLease.worker.in_(dead_workers)
    turns = session.scalars(select(Turn).join(TurnLease, TurnLease.turn_id == Turn.id).where(lost)).all()
    ended = sum(_reap(turn, dead_workers) for turn in turns)
    metrics.reaped.inc(ended)
    return ended


def reap_if_lost(turn: Turn) -> None:
    """End the turn if its worker is gone: at the latest when somebody looks (turns-api 2.3.1)."""
    if turn.status in (TurnStatus.PENDING, TurnStatus.RUNNING) and lease_is_void(turn.id):
        _reap(turn, ())


def renew_leases(turn_ids: Sequence[UUID]) -> None:
    with transaction():
        mine = TurnLease.turn_id.in_(turn_ids)
        # In the order in which the log takes them: two transactions never wait for each other.
        session.execute(select(TurnLease.turn_id).where(mine).order_by(TurnLease.turn_id).with_for_update())
        session.execute(update(TurnLease).where(mine).values(renewed_at=now()))


def lease_holders() -> set[str]:
    """The workers that hold leases."""
    return set(session.scalars(select(TurnLease.worker).distinct()))


def lease_is_void(turn_id: UUID, dead_workers: Sequence[str] = ()) -> bool:
    """Whether nobody executes the turn any more."""
    lease = LEASE.first(turn=turn_id)
    return lease is None or lease.renewed_at < _lease_deadline() or lease.worker in dead_workers


def _reap(turn: Turn, dead_workers: Sequence[str]) -> bool:
    with transaction():
        threads.lock(turn.user_id, turn.thread_id)
        if not lease_is_void(turn.id, dead_workers):
            return False
        output = endings.salvage(turn.id)
        return endings.end(turn.thread_id, turn.id, Ending.failed(WORKER_LOST), output, executors.stop) is not None


def _lease_deadline() -> datetime:
    return now() - timedelta(seconds=config.current().lease_expiry)
