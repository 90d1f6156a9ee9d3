"""One turn with all that is known of it, for those who look after the site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.orm import undefer

from chatapp.core import approvals, audit, readings, replays
from chatapp.core.traces import milliseconds
from chatapp.db import session, transaction
from chatapp.errors import NotFound
from chatapp.models import Message, Thread, ToolApproval, Turn, TurnEvent, User
from chatapp.values import Event, Json

# Events that are a piece of a text, and where it stands.
DELTAS = {"text-delta": "delta", "reasoning-delta": "delta", "tool-input-delta": "inputTextDelta"}
Stored = tuple[int, str, datetime]


class Timed(NamedTuple):
    """An event and when it was stored, in milliseconds since the epoch; None for one that is told again.

    Or so many `pieces` of one text, that follow each other, as one event with the whole of it: `until` is when the last
    was stored.
    """

    event: Event
    at: int | None
    pieces: int = 1
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """`trace` is what core/traces.py has noted. `is_retold`: the log has forgotten the events, and these tell in short
    what remains.
    """

    turn: Turn
    title: str | None
    asker: User
    question: Message | None
    answer: Message | None
    events: Sequence[Timed]
    approvals: Sequence[ToolApproval]
    trace: Json
    is_retold: bool


def read(user: User, turn_id: UUID, part: str, *, in_short: bool = False) -> Inspection:
    """A turn of a thread that readings.open_thread opens, to be shown. A look at somebody else's is written down.

    `part` says in the record what of it they look at. `in_short` the pieces of a text are one event. Raises NotFound,
    ReasonNeeded.
    """
    with transaction():
        turn = session.get(Turn, turn_id, options=[undefer(Turn.trace)], populate_existing=True)
        if turn is None:
            raise NotFound("turn")
        thread = readings.open_thread(user, turn.thread_id)
        if thread.user_id != user.id:
            details = {"thread": str(thread.id), "part": part}
            audit.record("chat_turn_inspected", user, target_user_id=thread.user_id, object_id=turn.id, **details)
    return _load(turn, in_short=in_short)


def export(user: User, turn_id: UUID) -> Inspection:
    """A turn to be taken away without its texts: opened like one to be read, and always written down.

    Raises NotFound, ReasonNeeded.
    """
    with transaction():
        turn = session.get(Turn, turn_id, options=[undefer(Turn.trace)], populate_existing=True)
        if turn is None:
            raise NotFound("turn")
        thread = readings.open_thread(user, turn.thread_id)
        details = {"thread": str(thread.id)}
        audit.record("chat_turn_exported", user, target_user_id=thread.user_id, object_id=turn.id, **details)
    return _load(turn)


def _load(turn: Turn, *, in_short: bool = False) -> Inspection:
    told = replays.retell(turn)
    if told is None:
        stored = _stored(turn.id)
        events = [_merged(run) for run in _runs(stored)] if in_short else [_timed(row) for row in stored]
    else:
        events = [Timed(Event.of(n, data), None) for n, data in enumerate(told, 1)]
    return Inspection(
        turn,
        session.get_one(Thread, turn.thread_id).title,
        session.get_one(User, turn.user_id),
        session.get(Message, turn.input_message_id),
        session.get(Message, turn.output_message_id) if turn.output_message_id else None,
        events,
        sorted(approvals.of_turn(turn.id).values(), key=lambda approval: approval.created),
        turn.trace or {},
        told is not None,
    )


def _stored(turn_id: UUID) -> Iterable[Stored]:
    query = select(TurnEvent.seq, TurnEvent.data, TurnEvent.at).where(TurnEvent.turn_id == turn_id)
    return session.execute(query.order_by(TurnEvent.seq))


def _timed(row: Stored) -> Timed:
    seq, data, at = row
    return Timed(Event.read(seq, data), milliseconds(at))


def _runs(rows: Iterable[Stored]) -> Iterator[list[Stored]]:
    """Each by itself, but pieces of one text that follow each other together."""
    for text, run in groupby(rows, key=_text_of):
        events = [*run]
        yield from [events] if text else ([row] for row in events)


def _text_of(row: Stored) -> Json | None:
    """What a piece of a text has in common with the others; None: it is no such piece."""
    event = orjson.loads(row[1])
    field = DELTAS.get(event["type"])
    return {name: value for name, value in event.items() if name != field} if field else None


def _merged(run: Sequence[Stored]) -> Timed:
    first = _timed(run[0])
    if len(run) == 1:
        return first
    field = DELTAS[first.event.type]
    whole = "".join(orjson.loads(data)[field] for _, data, _ in run)
    event = Event.of(first.event.seq, {**first.event.data, field: whole})
    return Timed(event, first.at, len(run), milliseconds(run[-1][2]))
