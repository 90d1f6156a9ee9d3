"""The unit of work: starting, following up, cancelling and ending a turn (turns-api 2.3, waldur 3.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol
from uuid import UUID
from zoneinfo import available_timezones

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from chatapp import config, providers
from chatapp.core import context, endings, quotas, threads
from chatapp.core.endings import Ending, Output
from chatapp.core.placing import Place, place, supersede
from chatapp.core.snapshots import turn_json
from chatapp.db import after_commit, new_id, now, session, transaction
from chatapp.errors import KeyReused, ModelUnavailable, NotFound, ShuttingDown, TooManyTurns, TurnActive
from chatapp.models import Message, Thread, Turn, TurnLease, User
from chatapp.providers import ModelRequest
from chatapp.stream import log as event_log
from chatapp.values import ACTIVE, Event, Failure, OnActive, Question, TurnStatus

WORKER_LOST = Failure("worker_lost", "The answer was interrupted because the server stopped. Please try again.", True)

START_ATTEMPTS = 3


class Executor(Protocol):
    """Who runs turns in this process."""

    worker: str
    accepts: bool

    def submit(self, turn_id: UUID, events: Sequence[Event]) -> None:
        """Run the turn. `events` are the ones that are stored already."""

    def flush(self) -> None:
        """Store what the turns running here have produced so far."""

    def stop(self, turn_id: UUID) -> None:
        """The turn has been ended by somebody else; let go of it if it runs here."""


_executor: Executor | None = None


def run_with(executor: Executor | None) -> None:
    """Make `executor` the one of this process."""
    global _executor
    _executor = executor


@dataclass(frozen=True, slots=True)
class Started:
    """`replayed`: nothing was created, the turn is the one that the same key made before."""

    turn: Turn
    thread: Thread
    message: Message | None
    is_new_thread: bool = False
    replayed: bool = False

    @property
    def stored_message_id(self) -> UUID | None:
        """The question, unless the turn answers one that was there before."""
        return self.message.id if self.message and self.message.turn_id == self.turn.id else None


@dataclass(frozen=True, slots=True)
class Job:
    """What a runner needs. `title_source` is set when the thread still wants a name."""

    thread_id: UUID
    request: ModelRequest
    title_source: str | None


def start(question: Question) -> Started:
    """Store the question and begin the answer; a refused question leaves no trace.

    Raises QuotaExceeded, QuotaMisconfigured, CapacityExceeded, NotFound, Invalid, NothingToReload, TurnActive,
    TooManyTurns, KeyReused, ModelUnavailable, ShuttingDown.
    """
    executor = _require_executor()
    if providers.choose() is None:
        raise ModelUnavailable("No language model is configured.")
    if question.on_active is OnActive.INTERRUPT:
        executor.flush()
    question = replace(question, text=_storable(question.text))
    for _ in range(START_ATTEMPTS - 1):
        # Interrupting in two threads, it may wait for an answer that waits for it: the store refuses one of the two.
        with suppress(OperationalError), transaction():
            return _start(question, executor)
    with transaction():
        return _start(question, executor)


def cancel(user: User, thread_id: UUID, partial_text: str | None = None) -> Turn | None:
    """End the thread's active turn, keeping what it has written. None when there was none. Raises NotFound.

    `partial_text`, where it is a beginning of the answer so far, is what is kept (turns-api 4.8).
    """
    thread = threads.get_own(user, thread_id)
    turn = active(thread.id)
    if turn is None:
        return None
    _flush()
    return _cancel(turn, partial_text)


def get_own(user: User, turn_id: UUID) -> Turn:
    """Raises NotFound. A turn whose worker is gone is ended first."""
    turn = session.get(Turn, turn_id, populate_existing=True)
    if turn is None or turn.user_id != user.id:
        raise NotFound("turn")
    reap_if_lost(turn)
    return turn


def active(thread_id: UUID) -> Turn | None:
    return session.scalar(select(Turn).where(Turn.thread_id == thread_id, Turn.status.in_(ACTIVE)))


def latest(thread_id: UUID) -> Turn | None:
    return session.scalar(select(Turn).where(Turn.thread_id == thread_id).order_by(Turn.created.desc()).limit(1))


def of_messages(turn_ids: Sequence[UUID]) -> dict[UUID, Turn]:
    found = select(Turn).where(Turn.id.in_(turn_ids)).execution_options(populate_existing=True)
    return {turn.id: turn for turn in session.scalars(found)}


def job(turn_id: UUID) -> Job:
    turn = session.get_one(Turn, turn_id)
    thread = session.get_one(Thread, turn.thread_id)
    message = session.get_one(Message, turn.input_message_id)
    wants_title = thread.title is None and not thread.title_tried
    return Job(thread.id, context.build(thread, turn, message), message.content if wants_title else None)


def finish(turn_id: UUID, ending: Ending, output: Output) -> bool:
    """End a turn with what its runner has. False when somebody else has ended it before."""
    thread_id = session.scalar(select(Turn.thread_id).where(Turn.id == turn_id))
    if thread_id is None:
        return False  # deleted with its thread
    with transaction():
        return endings.end(thread_id, turn_id, ending, output) is not None


def ended_elsewhere(turn_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the given turns that are no longer active."""
    alive = session.scalars(select(Turn.id).where(Turn.id.in_(turn_ids), Turn.status.in_(ACTIVE)))
    return set(turn_ids) - set(alive)


def renew_leases(turn_ids: Sequence[UUID]) -> None:
    with transaction():
        mine = TurnLease.turn_id.in_(turn_ids)
        # In the order in which the log takes them: two transactions never wait for each other.
        session.execute(select(TurnLease.turn_id).where(mine).order_by(TurnLease.turn_id).with_for_update())
        session.execute(update(TurnLease).where(mine).values(renewed_at=now()))


def reap(dead_workers: Sequence[str] = ()) -> int:
    """Fail the turns whose lease is void or whose worker is known to be dead, keeping their text. Returns how many."""
    lost = (TurnLease.renewed_at < _lease_deadline()) | TurnLease.worker.in_(dead_workers)
    turns = session.scalars(select(Turn).join(TurnLease, TurnLease.turn_id == Turn.id).where(lost)).all()
    return sum(_reap(turn, dead_workers) for turn in turns)


def lease_holders() -> set[str]:
    """The workers that hold leases."""
    return set(session.scalars(select(TurnLease.worker).distinct()))


def reap_if_lost(turn: Turn) -> None:
    if turn.status in (TurnStatus.PENDING, TurnStatus.RUNNING) and _lease_is_void(turn.id):
        _reap(turn, ())


def _start(question: Question, executor: Executor) -> Started:
    # One after the other for one person: what is looked up about other turns holds until this one is stored.
    asker = session.get_one(User, question.user_id, with_for_update={"key_share": True}, populate_existing=True)
    quotas.check(asker)
    quotas.admit()
    thread = threads.lock(question.user_id, question.thread_id) if question.thread_id else None
    if thread and (replay := _replayed(thread, question)):
        return Started(replay, thread, None, replayed=True)
    _make_room(question, thread)
    is_new = thread is None
    thread = thread or threads.create(asker)
    turn_id = new_id()
    placed = place(thread, question, turn_id)
    turn = _create_turn(turn_id, thread, question, placed)
    session.add(TurnLease(turn_id=turn.id, worker=executor.worker))
    thread.modified = now()
    threads.touch_session(thread)
    events = _first_events(turn)
    session.flush()
    event_log.current().add(turn.id, events)
    if not executor.accepts:
        raise ShuttingDown("The server is being restarted. Please try again in a moment.")
    after_commit(lambda: executor.submit(turn.id, events))
    return Started(turn, thread, placed.message, is_new_thread=is_new)


def _create_turn(turn_id: UUID, thread: Thread, question: Question, placed: Place) -> Turn:
    moment = now()
    turn = Turn(
        id=turn_id,
        thread_id=thread.id,
        user_id=question.user_id,
        status=TurnStatus.RUNNING,
        mode=question.mode,
        input_message_id=placed.message.id,
        answer_id=new_id(),
        answer_index=placed.answer_index,
        answer_replaces_id=placed.replaces.id if placed.replaces else None,
        prompt=question.text if question.text and not placed.is_new else None,
        settings=_settings(question),
        concurrency_key=question.concurrency_key or f"thread:{thread.id}",
        idempotency_key=question.idempotency_key,
        fingerprint=_fingerprint(question),
        created=moment,
        started_at=moment,
        modified=moment,
    )
    thread.last_index = max(thread.last_index, placed.answer_index)
    if placed.replaces:
        supersede(placed.replaces, turn.answer_id)
    session.add(turn)
    session.flush()
    return turn


def _settings(question: Question) -> dict[str, object]:
    settings: dict[str, object] = {
        "mode": question.mode,
        "timezone": question.timezone if question.timezone in _time_zones() else "UTC",
        "agentSpecId": None,
        "attachmentIds": [],
        "onActive": question.on_active,
        "modelSettings": dict(question.model_settings),
    }
    return settings | ({"targetMessageId": str(question.message_id)} if question.message_id else {})


@cache
def _time_zones() -> frozenset[str]:
    # Looking them up reads several hundred files.
    return frozenset(available_timezones())


def _first_events(turn: Turn) -> list[Event]:
    ids = {"threadId": str(turn.thread_id), "turnId": str(turn.id), "inputMessageId": str(turn.input_message_id)}
    return [
        Event.of(1, {"type": "start", "messageId": str(turn.answer_id), "messageMetadata": ids}),
        Event.of(2, {"type": "data-turn", "id": str(turn.id), "data": turn_json(turn)}),
    ]


def _make_room(question: Question, thread: Thread | None) -> None:
    """Deal with the turns in the way (turns-api 2.3.5)."""
    while conflict := _conflicting(question.user_id, thread.id if thread else None, _slot(question)):
        if conflict.status != TurnStatus.AWAITING_APPROVAL and _lease_is_void(conflict.id):
            _reap(conflict, ())
        elif question.on_active is OnActive.INTERRUPT:
            _cancel(conflict, None)
        else:
            raise TurnActive(conflict.id)
    if question.active_limit is None:
        return
    running = session.scalar(
        select(func.count()).select_from(Turn).where(Turn.user_id == question.user_id, Turn.status.in_(ACTIVE))
    )
    if (running or 0) >= question.active_limit:
        raise TooManyTurns("Too many answers are being written for you at once.")


def _conflicting(user_id: UUID, thread_id: UUID | None, slot: str | None) -> Turn | None:
    in_the_way = Turn.thread_id == thread_id
    if slot:
        in_the_way |= (Turn.user_id == user_id) & (Turn.concurrency_key == slot)
    return session.scalar(
        select(Turn).where(Turn.status.in_(ACTIVE), in_the_way).limit(1).execution_options(populate_existing=True)
    )


def _storable(text: str) -> str:
    """What every store takes: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _slot(question: Question) -> str | None:
    return question.concurrency_key


def _replayed(thread: Thread, question: Question) -> Turn | None:
    """The turn that this idempotency key made before (turns-api 4.6). Raises KeyReused."""
    if question.idempotency_key is None:
        return None
    turn = session.scalar(
        select(Turn).where(Turn.thread_id == thread.id, Turn.idempotency_key == question.idempotency_key)
    )
    if turn and turn.fingerprint != _fingerprint(question):
        raise KeyReused("This idempotency key was used before with other content.")
    return turn


def _fingerprint(question: Question) -> str | None:
    if question.idempotency_key is None:
        return None
    content = [
        question.text,
        question.mode,
        str(question.message_id),
        question.concurrency_key,
        dict(question.model_settings),
    ]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _cancel(turn: Turn, partial_text: str | None) -> Turn | None:
    with transaction():
        threads.lock(turn.user_id, turn.thread_id)
        output = endings.salvage(turn.id)
        return endings.end(turn.thread_id, turn.id, Ending.cancelled(partial_text), output, _stop)


def _reap(turn: Turn, dead_workers: Sequence[str]) -> bool:
    with transaction():
        threads.lock(turn.user_id, turn.thread_id)
        if not _lease_is_void(turn.id, dead_workers):
            return False
        output = endings.salvage(turn.id)
        return endings.end(turn.thread_id, turn.id, Ending.failed(WORKER_LOST), output, _stop) is not None


def _lease_is_void(turn_id: UUID, dead_workers: Sequence[str] = ()) -> bool:
    lease = session.get(TurnLease, turn_id, populate_existing=True)
    return lease is None or lease.renewed_at < _lease_deadline() or lease.worker in dead_workers


def _lease_deadline() -> datetime:
    return now() - timedelta(seconds=config.current().lease_expiry)


def _stop(turn_id: UUID) -> None:
    if _executor:
        _executor.stop(turn_id)


def _flush() -> None:
    if _executor:
        _executor.flush()


def _require_executor() -> Executor:
    if _executor is None:
        raise ModelUnavailable("This process does not answer questions.")
    return _executor
