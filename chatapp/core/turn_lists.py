"""Everybody's turns, newest first, for those who look after the site.

A page is found by one index, that of the narrowest filter that has one, and looks at LOOKED_THROUGH turns of it at
most: what is rarer is gone on looking for by asking for the next page. So no page costs more, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, literal, select

from chatapp.db import session
from chatapp.models import Message, Turn, User
from chatapp.values import TurnStatus

PAGE = 50
LOOKED_THROUGH = 10_000
SLOW = 2_000  # milliseconds; the index of slow turns begins there
UNFINISHED = (TurnStatus.FAILED, TurnStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class TurnFilter:
    """None and empty ask for nothing. `slow` is the least time to the first text, in milliseconds; at least SLOW.

    `error` is a code, `user` the name that somebody signs in with.
    """

    status: TurnStatus | None = None
    model: str = ""
    user: str = ""
    thread_id: UUID | None = None
    slow: int | None = None
    error: str = ""


class Listed(NamedTuple):
    turn: Turn
    username: str


@dataclass(frozen=True, slots=True)
class TurnPage:
    """`next` is the turn behind which the next page begins; `is_cut`: there may be more, it has looked long enough."""

    items: Sequence[Listed]
    next: UUID | None = None
    is_cut: bool = False


def page(wanted: TurnFilter, after: UUID | None = None) -> TurnPage:
    """The turns that `wanted` describes, behind one of them."""
    owner_id = None
    if wanted.user:
        owner_id = session.scalar(select(User.id).where(User.username == wanted.user.strip().lower()))
        if owner_id is None:
            return TurnPage(())
    along, others = _split(wanted, owner_id)
    along += [Turn.id < after] if after else []
    newest = Turn.id.desc()
    floor = None
    if others:
        floor = session.scalar(select(Turn.id).where(*along).order_by(newest).offset(LOOKED_THROUGH - 1).limit(1))
    within = [Turn.id >= floor] if floor else []
    query = select(Turn, User.username).join(User, User.id == Turn.user_id).where(*along, *others, *within)
    rows = session.execute(query.order_by(newest).limit(PAGE + 1)).all()
    found = [Listed(turn, username) for turn, username in rows[:PAGE]]
    if len(rows) > PAGE:
        return TurnPage(found, found[-1].turn.id)
    return TurnPage(found, floor, is_cut=floor is not None)


def find(key: UUID) -> UUID | None:
    """The turn that an id stands for: its own, that of a message, the last one of a thread."""
    if session.scalar(select(Turn.id).where(Turn.id == key)):
        return key
    of_message = select(Turn.id).join(Message, Message.turn_id == Turn.id).where(Message.id == key)
    of_thread = select(Turn.id).where(Turn.thread_id == key).order_by(Turn.created.desc())
    return session.scalar(of_message.limit(1)) or session.scalar(of_thread.limit(1))


def _split(wanted: TurnFilter, owner_id: UUID | None) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """The condition whose index is gone along, and what has to be looked at in each of its turns."""
    others = _conditions(wanted)
    status = TurnStatus.FAILED if wanted.error else wanted.status
    if wanted.thread_id:
        along = [Turn.thread_id == wanted.thread_id]
    elif owner_id:
        along = [Turn.user_id == owner_id]
    elif status in UNFINISHED:
        # Written out: a partial index is chosen by what the query says.
        along = [Turn.status == _written(str(status)), Turn.status.in_([_written(str(each)) for each in UNFINISHED])]
        if wanted.status is status:
            del others["status"]
    elif wanted.slow:
        along = [Turn.first_token_ms >= _written(SLOW)]
        if wanted.slow <= SLOW:
            del others["slow"]
    else:
        along = []
    return along, list(others.values())


def _conditions(wanted: TurnFilter) -> dict[str, ColumnElement[bool]]:
    asked: tuple[tuple[str, object, ColumnElement[bool]], ...] = (
        ("status", wanted.status, Turn.status == wanted.status),
        ("model", wanted.model, Turn.model == wanted.model),
        ("error", wanted.error, Turn.error_code == wanted.error),
        ("slow", wanted.slow, Turn.first_token_ms >= (wanted.slow or 0)),
    )
    return {name: condition for name, value, condition in asked if value}


def _written(value: str | int) -> ColumnElement[Any]:
    return literal(value, literal_execute=True)
