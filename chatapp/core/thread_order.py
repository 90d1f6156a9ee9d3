"""The orders of thread lists: what is unknown comes last in both directions, the id makes them stable (waldur 2.2).

An index serves one of "nulls first" and "nulls last" in each direction. So a list over everybody's threads is read in
two stretches, the threads whose first key is known and then the others: each is a range of one index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from chatapp.db import session
from chatapp.models import Thread

SORT_KEYS = ("created", "modified", "input_tokens", "output_tokens", "total_tokens", "models_used")
NEWEST_FIRST = ("-created",)
Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Place:
    """Of a thread in the order of one key; without a value it is among those of which it is unknown."""

    value: Any
    id: UUID

    @classmethod
    def of(cls, thread: Thread, key: str) -> Place:
        value = getattr(thread, _name(key))
        return cls(None if value == "" else value, thread.id)


def fetch(conditions: Conditions, keys: Sequence[str], offset: int, limit: int) -> tuple[Sequence[Thread], int]:
    """One page of the threads that meet the conditions, with the number of all: quick where they are one user's.

    They are looked up once: a search would cost twice as much if its matches were counted by themselves. And before
    they are sorted: PostgreSQL would rather walk everybody's threads in the order asked for, expecting to be done with
    the first few that match, which the count does not allow.
    """
    matching = select(Thread).where(*conditions).cte("matching").prefix_with("MATERIALIZED", dialect="postgresql")
    match = aliased(Thread, matching)
    page = _page(select(match, func.count().over()), match, keys or NEWEST_FIRST, offset, limit)
    found = session.execute(page).all()
    if not found:
        return [], count(conditions) if offset else 0
    return [thread for thread, _ in found], found[0][1]


def _page(query: Any, entity: Any, keys: Sequence[str], offset: int, limit: int) -> Any:
    ordered = query.order_by(*(_nulls_last(entity, key) for key in keys), _by_id(entity, keys))
    return ordered.offset(offset).limit(limit)


def along_index(conditions: Conditions, keys: Sequence[str], offset: int, limit: int) -> Sequence[Thread]:
    """The same page, read along the index of the first key."""
    first, *others = keys = keys or NEWEST_FIRST
    rest = [*(_nulls_last(Thread, key) for key in others), _by_id(Thread, keys)]
    known = _known(first)
    if known is None:
        return session.scalars(_page(select(Thread).where(*conditions), Thread, keys, offset, limit)).all()
    query = select(Thread).where(*conditions, known).order_by(_plain(Thread, first), *rest)
    rows = list(session.scalars(query.offset(offset).limit(limit)))
    if len(rows) < limit:
        passed = max(0, offset - count([*conditions, known]))
        unknown = select(Thread).where(*conditions, ~known).order_by(*rest)
        rows += session.scalars(unknown.offset(passed).limit(limit - len(rows)))
    return rows


def following(
    conditions: Conditions, key: str, after: Place | None, limit: int, *, find_first: bool = False
) -> Sequence[Thread]:
    """So many threads after a place in the order of one key: as quick at the end of the list as at its beginning.

    Few are found first and then sorted; for why see `fetch`.
    """
    entity: Any = Thread
    if find_first:
        matching = select(Thread).where(*conditions).cte("matching").prefix_with("MATERIALIZED", dialect="postgresql")
        entity, conditions = aliased(Thread, matching), ()
    known = _known(key, entity)
    if known is None:
        return session.scalars(_stretch(entity, [*conditions], key, after, limit)).all()
    rows: list[Thread] = []
    if after is None or after.value is not None:
        rows += session.scalars(_stretch(entity, [*conditions, known], key, after, limit))
        after = None
    if len(rows) < limit:
        unknown = select(entity).where(*conditions, ~known)
        if after:
            unknown = unknown.where(entity.id < after.id if key.startswith("-") else entity.id > after.id)
        # All of them are alike in the first column: it is named so that the index gives the order.
        ordered = unknown.order_by(_plain(entity, key), _by_id(entity, [key]))
        rows += session.scalars(ordered.limit(limit - len(rows)))
    return rows


def _stretch(entity: Any, conditions: list[ColumnElement[bool]], key: str, after: Place | None, limit: int) -> Any:
    """Of those that have a value."""
    column = getattr(entity, _name(key))
    query = select(entity).where(*conditions)
    if after:
        # With the columns' types: without them the store would get other texts for times and ids than it keeps.
        mark = tuple_(literal(after.value, column.type), literal(after.id, entity.id.type))
        place = tuple_(column, entity.id)
        query = query.where(place < mark if key.startswith("-") else place > mark)
    return query.order_by(_plain(entity, key), _by_id(entity, [key])).limit(limit)


def count(conditions: Conditions) -> int:
    return session.scalar(select(func.count()).select_from(Thread).where(*conditions)) or 0


def _nulls_last(entity: Any, key: str) -> ColumnElement[Any]:
    if _known(key) is None:
        return _plain(entity, key)
    column = func.nullif(entity.models_used, "") if key.endswith("models_used") else getattr(entity, _name(key))
    return (column.desc() if key.startswith("-") else column.asc()).nulls_last()


def _plain(entity: Any, key: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = getattr(entity, _name(key))
    return column.desc() if key.startswith("-") else column.asc()


def _by_id(entity: Any, keys: Sequence[str]) -> ColumnElement[Any]:
    column: ColumnElement[Any] = entity.id
    return column.desc() if keys[-1].startswith("-") else column.asc()


def _name(key: str) -> str:
    return key.removeprefix("-")


def _known(key: str, entity: Any = Thread) -> ColumnElement[bool] | None:
    """What tells that a thread has a value to sort by; None when every thread has."""
    match _name(key):
        case "created" | "modified":
            return None
        case "models_used":
            found: ColumnElement[bool] = entity.models_used != ""
        case name:
            found = getattr(entity, name).is_not(None)
    return found
