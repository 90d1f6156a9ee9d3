"""Objects of the session from statements about tables: the counterpart of `rows` for what every request looks up.

What the session's own queries do for each row costs several times as much as the statement. An object from here is as
good as one from there: it is the only one of its row, changes to it are stored, a rollback has it read anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import Session

from chatapp.db import Base, session

M = TypeVar("M", bound=Base)


class _Rows(Generic[M]):
    """What makes objects of a model's rows."""

    def __init__(self, model: type[M]) -> None:
        mapper, columns = inspect(model), list(model.__table__.c)
        (key,) = mapper.primary_key
        self.by_key = select(*columns).where(key == bindparam("key"))
        self.width = len(columns)
        self._names = [mapper.get_property_by_column(column).key for column in columns]
        self._key = self._names.index(mapper.get_property_by_column(key).key)
        self._identity = mapper.identity_key_from_primary_key
        self._make = mapper.class_manager.new_instance

    def is_known(self, current: Session, key: Any) -> bool:
        """Whether the session has the object of the row with that key."""
        return self._identity((key,)) in current.identity_map

    def object(self, current: Session, values: Sequence[Any]) -> M:
        """That of a row that has been read; one that the session has stays as it is, as with its own queries."""
        identity = self._identity((values[self._key],))
        if (known := current.identity_map.get(identity)) is not None:
            return cast("M", known)
        made = self._make()
        made.__dict__.update(zip(self._names, values, strict=True))
        state = inspect(made)
        state.key, state.session_id = identity, current.hash_key
        current.identity_map.add(state)
        return cast("M", made)


def get(model: type[M], key: Any, *, fresh: bool = False) -> M | None:
    """As `session.get`; if `fresh`, as the row is now, though the session has read it before."""
    current, rows = session(), _rows(model)
    if rows.is_known(current, key):
        return current.get(model, key, populate_existing=fresh)  # it looks whether it is still there, where it has to
    found = first(rows.by_key, {"key": key}, model)
    return cast("M", found[0]) if found else None


def first(statement: Select[Any], values: Mapping[str, Any], *models: type[Base]) -> tuple[Any, ...] | None:
    """The objects of the only row that the statement finds. It selects all columns of these models' tables."""
    current = session()
    current.flush()
    row = current.connection().execute(statement, values).one_or_none()
    if row is None:
        return None
    objects, begin = [], 0
    for model in models:
        rows = _rows(model)
        objects.append(rows.object(current, row[begin : begin + rows.width]))
        begin += rows.width
    return tuple(objects)


@cache
def _rows(model: type[Base]) -> _Rows[Any]:
    return _Rows(model)
