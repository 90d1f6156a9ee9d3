"""What a list may ask of a column, as conditions that the database has indexes for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from math import ceil, floor
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, false, literal, true

MOST = 2**63 - 1


def is_set(value: bool, column: Any) -> list[ColumnElement[bool]]:
    return [column.is_not(None) if value else column.is_(None)]


def equals(value: str, column: Any) -> list[ColumnElement[bool]]:
    return [column == value]


def is_just(value: bool, column: Any) -> list[ColumnElement[bool]]:
    # Written out in the query, not bound: partial indexes are chosen by what the query says.
    return [column == (true() if value else false())]


def within_days(first: date | None, last: date | None, column: Any) -> list[ColumnElement[bool]]:
    conditions = [] if first is None else [column >= datetime.combine(first, time(), UTC)]
    if last is not None and last < date.max:
        conditions.append(column < datetime.combine(last + timedelta(days=1), time(), UTC))
    return conditions


def between(low: float | None, high: float | None, column: Any) -> list[ColumnElement[bool]]:
    return ([] if low is None else [column >= _whole(ceil(low))]) + (
        [] if high is None else [column <= _whole(floor(high))]
    )


def _whole(number: int) -> ColumnElement[int]:
    # PostgreSQL has no use for an index of whole numbers when it compares them with others.
    return literal(max(-MOST, min(number, MOST)), BigInteger())
