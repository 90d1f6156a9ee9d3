"""One turn with all that is known of it, for those who look after the site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from chatapp.core import approvals, audit, readings, replays
from chatapp.core.traces import milliseconds
from chatapp.db import session, transaction
from chatapp.errors import NotFound
from chatapp.models import Message, Thread, ToolApproval, Turn, TurnEvent, User
from chatapp.values import Event, Json


class Timed(NamedTuple):
    """An event and when it was stored, in milliseconds since the epoch; None for one that is told again."""

    event: Event
    at: int | None


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


def read(user: User, turn_id: UUID, part: str) -> Inspection:
    """A turn of a thread that readings.open_thread opens, to be shown. A look at somebody else's is written down.

    `part` says in the record what of it they look at. Raises NotFound, ReasonNeeded.
    """
    with transaction():
        turn = session.get(Turn, turn_id, options=[undefer(Turn.trace)], populate_existing=True)
        if turn is None:
            raise NotFound("turn")
        thread = readings.open_thread(user, turn.thread_id)
        if thread.user_id != user.id:
            details = {"thread": str(thread.id), "part": part}
            audit.record("chat_turn_inspected", user, target_user_id=thread.user_id, object_id=turn.id, **details)
    return _load(turn)


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


def _load(turn: Turn) -> Inspection:
    told = replays.retell(turn)
    events = _stored(turn.id) if told is None else [Timed(Event.of(n, data), None) for n, data in enumerate(told, 1)]
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


def _stored(turn_id: UUID) -> list[Timed]:
    query = select(TurnEvent.seq, TurnEvent.data, TurnEvent.at).where(TurnEvent.turn_id == turn_id)
    rows = session.execute(query.order_by(TurnEvent.seq)).all()
    moments = {at: milliseconds(at) for at in {at for _, _, at in rows}}
    return [Timed(Event.read(seq, data), moments[at]) for seq, data, at in rows]
