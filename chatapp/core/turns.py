"""The unit of work: starting, following up, cancelling and ending a turn (turns-api 2.3, waldur 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.exc import OperationalError

from chatapp import prepared
from chatapp.core import allowlist, approvals, endings, executors, screening, starting, takeovers, threads, traces
from chatapp.core.endings import Ending, Output
from chatapp.core.starting import Started
from chatapp.db import rest, session, transaction
from chatapp.errors import NotFound
from chatapp.models import ACTIVE_SQL, Turn, User
from chatapp.prepared import Prepared
from chatapp.values import ACTIVE, OnActive, Question, TurnStatus

START_ATTEMPTS = 3
AMONG = select(Turn.__table__).where(Turn.id.in_(bindparam("turns", expanding=True)))
LATEST_OF = Prepared(
    select(Turn.__table__).where(Turn.thread_id == bindparam("thread")).order_by(Turn.created.desc()).limit(1)
)
ACTIVE_OF = Prepared(select(Turn.__table__).where(ACTIVE_SQL, Turn.thread_id == bindparam("thread")))
ACTIVE_AMONG = select(Turn.id).where(Turn.id.in_(bindparam("turns", expanding=True)), Turn.status.in_(ACTIVE))


def start(question: Question) -> Started:
    """Store the question and begin the answer; one that cannot be taken leaves no trace.

    The guards may change what is stored and asked, or have the answer be a refusal (waldur section 7).

    Raises QuotaExceeded, QuotaMisconfigured, CapacityExceeded, NotFound, Invalid, NothingToReload, TurnActive,
    TooManyTurns, KeyReused, ModelUnavailable, ShuttingDown.
    """
    received = traces.moment()
    executor = executors.require()
    if question.on_active is OnActive.INTERRUPT and (question.thread_id or question.concurrency_key):
        executor.flush()
    allowlist.keep_fresh()
    rest()  # the guards hold no connection
    screened = screening.screen(_storable(question.text))
    arrival = traces.arrival(received)
    for _ in range(START_ATTEMPTS - 1):
        # Interrupting in two threads, it may wait for an answer that waits for it: the store refuses one of the two.
        with suppress(OperationalError), transaction():
            return starting.begin(question, screened, executor, arrival)
    with transaction():
        return starting.begin(question, screened, executor, arrival)


def cancel(user: User, thread_id: UUID, partial_text: str | None = None) -> Turn | None:
    """End the thread's active turn, keeping what it has written. None when there was none. Raises NotFound.

    `partial_text`, where it is a beginning of the answer so far, is what is kept (turns-api 4.8).
    """
    asked = traces.moment()
    thread = threads.get_own(user, thread_id)
    turn = active(thread.id)
    if turn is None:
        return None
    executors.flush()
    return takeovers.cancel(turn, partial_text, why="stop", asked=asked)


def get_own(user: User, turn_id: UUID) -> Turn:
    """Raises NotFound. A turn whose worker is gone is ended first."""
    turn = prepared.get(Turn, turn_id, fresh=True)
    if turn is None or turn.user_id != user.id:
        raise NotFound("turn")
    takeovers.reap_if_lost(turn)
    approvals.settle_expired(turn)
    return turn


def get_shown(user: User, turn_id: UUID) -> Turn:
    """One's own, unless its thread is archived: as good as gone then (turns-api 0.7). Raises NotFound."""
    turn = get_own(user, turn_id)
    try:
        threads.get_shown(user, turn.thread_id)
    except NotFound as error:
        raise NotFound("turn") from error
    return turn


def active_shown(user: User, thread_id: UUID) -> Turn | None:
    """The turn that is being written in one's own thread. Raises NotFound, for an archived thread as well."""
    turn = active(threads.get_shown(user, thread_id).id)
    if turn:
        takeovers.reap_if_lost(turn)
    return turn if turn and TurnStatus(turn.status).is_active else None


def active(thread_id: UUID) -> Turn | None:
    return ACTIVE_OF.load(Turn, thread=thread_id)


def latest(thread_id: UUID) -> Turn | None:
    return LATEST_OF.load(Turn, thread=thread_id)


def of_messages(turn_ids: Sequence[UUID]) -> dict[UUID, Turn]:
    if len(turn_ids) == 1:  # as at the end of every answer: prepared, which many cannot be
        turn = prepared.get(Turn, turn_ids[0], fresh=True)
        return {turn.id: turn} if turn else {}
    found = session.connection().execute(AMONG, {"turns": turn_ids})
    return {row.id: prepared.loaded(Turn, row._asdict()) for row in found}


def finish(thread_id: UUID, turn_id: UUID, ending: Ending, output: Output) -> bool:
    """End a turn with what its executor has. False when somebody else has ended it before, or deleted it."""
    with transaction():
        return endings.end(thread_id, turn_id, ending, output) is not None


def ended_elsewhere(turn_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the given turns that are no longer active."""
    alive = session.connection().execute(ACTIVE_AMONG, {"turns": turn_ids}).scalars()
    return set(turn_ids) - set(alive)


def _storable(text: str) -> str:
    """What every store takes: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "").encode(errors="replace").decode()
