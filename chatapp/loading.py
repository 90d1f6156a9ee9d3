"""Objects of the session from statements about tables: the counterpart of `rows` for what every request looks up.

What the session's own queries do for each row costs several times as much as the statement. An object from here is as
good as one from there: it is the only one of its row, changes to it are stored, a rollback has it read anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Row, Select, bindparam, inspect, select
from sqlalchemy.orm import Session

from chatapp.db import Base, session

M = TypeVar("M", bound=Base)
N = TypeVar("N", bound=Base)


class _Rows(Generic[M]):
    """What makes objects of a model's rows."""

    def __init__(self, model: type[M]) -> None:
        mapper, columns = inspect(model), list(model.__table__.c)
        (key,) = mapper.primary_key
        self.by_key = select(*columns).where(key == bindparam("key"))
        self.width = len(columns)
        self._names = [mapper.get_property_by_column(column).key for column in columns]
        self._key = self._names.index(mapper.get_property_by_column(key).key)
        self.identity = mapper.identity_key_from_primary_key
        self._make = mapper.class_manager.new_instance

    def of(self, current: Session, values: Sequence[Any], *, fresh: bool) -> M:
        """The object of a row that has been read; one that the session has stays as it is unless it is to be fresh."""
        identity = self.identity((values[self._key],))
        known = current.identity_map.get(identity)
        if known is not None and not fresh:
            return cast("M", known)
        found = self._make() if known is None else known
        state = inspect(found)
        found.__dict__.update(zip(self._names, values, strict=True))
        if known is None:
            state.key, state.session_id = identity, current.hash_key
            current.identity_map.add(state)
        else:
            state._commit_all(found.__dict__, current.identity_map)  # what was changed is gone, as it is with a refresh
        return cast("M", found)


def get(model: type[M], key: Any, *, fresh: bool = False) -> M | None:
    """As `session.get`; if `fresh`, as the row is now, though the session has read it before."""
    current, rows = session(), _rows(model)
    if not fresh and rows.identity((key,)) in current.identity_map:
        return current.get(model, key)  # it looks whether it is still there, where it has to
    found = every(rows.by_key, {"key": key}, model, fresh=fresh)
    return found[0] if found else None


def every(statement: Select[Any], values: Mapping[str, Any], model: type[M], *, fresh: bool = False) -> list[M]:
    """The objects of the rows that the statement finds, which selects all columns of the model's table."""
    current, rows = session(), _rows(model)
    return [rows.of(current, row, fresh=fresh) for row in _found(current, statement, values)]


def pair(statement: Select[Any], values: Mapping[str, Any], one: type[M], other: type[N]) -> tuple[M, N] | None:
    """The objects of the only row that the statement finds, which selects all columns of two models' tables."""
    current = session()
    found = _found(current, statement, values)
    if not found:
        return None
    (row,), ones, others = found, _rows(one), _rows(other)
    return ones.of(current, row[: ones.width], fresh=False), others.of(current, row[ones.width :], fresh=False)


def _found(current: Session, statement: Select[Any], values: Mapping[str, Any]) -> Sequence[Row[Any]]:
    current.flush()
    return current.connection().execute(statement, values).all()


@cache
def _rows(model: type[Base]) -> _Rows[Any]:
    return _Rows(model)
