"""The event log in the application's own database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Dialect, and_, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from chatapp import rows
from chatapp.db import is_sqlite, now, session
from chatapp.lines import Line, beside_session
from chatapp.models import ACTIVE_SQL, Turn, TurnEvent, TurnLease
from chatapp.prepared import Prepared, by_driver, processor
from chatapp.stream.log import Portion
from chatapp.values import Event, Usage

# The log is written many times a second: its statements are made once, and are about tables, not about objects.
TURNS = Turn.__table__.c
EVENTS = TurnEvent.__table__.c
# The lock makes a cancel in another process wait for this batch, so that it closes the log after it.
ACTIVE_AMONG = Prepared(
    select(TURNS.id)
    .where(TURNS.id == func.any(bindparam("turns", type_=ARRAY(TURNS.id.type))), ACTIVE_SQL)
    .with_for_update(read=True)
)
IS_ACTIVE = Prepared(select(TURNS.id).where(TURNS.id == bindparam("turn"), ACTIVE_SQL))
NOTE_USAGE = Prepared(
    update(TurnLease)
    .where(TurnLease.turn_id == bindparam("turn"))
    .values({name: bindparam(name) for name in ("model", "input_tokens", "cached_input_tokens", "output_tokens")})
)


class SqlLog:
    def append(self, portions: Sequence[Portion]) -> set[UUID]:
        if is_sqlite():
            # With one writer at a time nobody need ask first which turns are still active: whoever has ended one has
            # given the numbers of these events to its last ones, and the store refuses them.
            with suppress(IntegrityError), beside_session() as connection:
                self._store(connection, portions)
                return set()
        with beside_session() as connection:
            active = _active(connection, [p.turn_id for p in portions])
            self._store(connection, [p for p in portions if p.turn_id in active])
        return {p.turn_id for p in portions} - active

    def _store(self, connection: Connection | Line, portions: Sequence[Portion]) -> None:
        ordered = sorted(portions, key=attrgetter("turn_id"))  # two batches never wait for each other
        self._insert(connection, [(p.turn_id, event) for p in ordered for event in p.events])
        for portion in ordered:
            if portion.usage:
                NOTE_USAGE.run(connection, **_usage(portion, portion.usage))

    def add(self, turn_id: UUID, events: Sequence[Event]) -> None:
        self._insert(session.connection(), [(turn_id, event) for event in events])

    def _insert(self, connection: Connection | Line, entries: Sequence[tuple[UUID, Event]]) -> None:
        """The statement of the driver itself: what SQLAlchemy would do for every row is done once."""
        if not entries:
            return
        statement, key, time = _insertion(connection.dialect)
        at, keys = time(now()), {turn: key(turn) for turn, _ in entries}
        rows = [(keys[turn], event.seq, event.json, at) for turn, event in entries]
        by_driver(connection, statement, rows, many=True)

    def read(self, turn_id: UUID, after: int = 0) -> list[Event]:
        rows = session.execute(
            select(TurnEvent.seq, TurnEvent.data)
            .where(TurnEvent.turn_id == turn_id, TurnEvent.seq > after)
            .order_by(TurnEvent.seq)
        )
        return [Event.read(seq, data) for seq, data in rows]

    def read_many(self, positions: Mapping[UUID, int]) -> dict[UUID, list[Event]]:
        wanted = or_(*(and_(TurnEvent.turn_id == turn, TurnEvent.seq > seq) for turn, seq in positions.items()))
        found: dict[UUID, list[Event]] = {}
        for turn_id, seq, data in session.execute(
            select(TurnEvent.turn_id, TurnEvent.seq, TurnEvent.data)
            .where(wanted)
            .order_by(TurnEvent.turn_id, TurnEvent.seq)
        ):
            found.setdefault(turn_id, []).append(Event.read(seq, data))
        return found


def _active(connection: Connection | Line, turns: Sequence[UUID]) -> set[UUID]:
    """Those of the turns that have not ended. On SQLite this is rare, and each is asked for."""
    if is_sqlite():
        return {turn for turn in turns if IS_ACTIVE.rows(connection, turn=turn)}
    return {row.id for row in ACTIVE_AMONG.rows(connection, turns=turns)}


@cache
def _insertion(dialect: Dialect) -> tuple[str, Callable[[UUID], Any], Callable[[datetime], Any]]:
    """An INSERT with the values in the order of the columns, and what makes a key and a time fit for the driver."""
    statement, _ = rows.insertion(TurnEvent, dialect)
    return statement.sql, processor(EVENTS.turn_id.type, dialect), processor(EVENTS.at.type, dialect)


def _usage(portion: Portion, usage: Usage) -> dict[str, Any]:
    return {
        "turn": portion.turn_id,
        "model": portion.model,
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }
