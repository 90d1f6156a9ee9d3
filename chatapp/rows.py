"""New and changed rows, stored by statements of the driver itself.

For what every question stores. The session's own bookkeeping costs several times as much as a statement, and what
SQLAlchemy does to each of its statements as much again; here that is done once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Dialect, inspect

from chatapp.db import Base, session
from chatapp.prepared import by_driver, processor

Prepare = Callable[[Any], Any]
DIALECTS = 64  # one a process; tests have several


@dataclass(frozen=True, slots=True)
class Statement:
    """Its text, and what makes the value of each parameter fit for the driver."""

    sql: str
    prepare: Sequence[tuple[str, Prepare]]

    def values(self, value: Callable[[str], Any]) -> tuple[Any, ...]:
        return tuple([prepare(value(name)) for name, prepare in self.prepare])


def insert(*rows: Base) -> None:
    """Store new objects now, in this order. They get their defaults and stay outside the session."""
    connection = session.connection()
    for row in rows:
        statement, defaults = insertion(type(row), connection.dialect)
        for name, default in defaults:
            if name not in row.__dict__:
                setattr(row, name, default())
        # An attribute that nobody has set is None.
        by_driver(connection, statement.sql, statement.values(row.__dict__.get))


def save(*rows: Base) -> None:
    """Store now what has been changed on objects of the session, one statement each, as `insert` does for new ones."""
    connection = session.connection()
    for row in rows:
        state = inspect(row)
        names = tuple(sorted(state.committed_state))
        if names:
            statement = _change(type(row), names, connection.dialect)
            by_driver(connection, statement.sql, statement.values(partial(getattr, row)))
            state._commit_all(row.__dict__, session.identity_map)  # the session has nothing to store any more


@lru_cache(DIALECTS)
def insertion(model: type[Base], dialect: Dialect) -> tuple[Statement, Sequence[tuple[str, Callable[[], Any]]]]:
    """An INSERT of all columns in their order, and the defaults of those that are not given."""
    columns: list[Any] = list(model.__table__.c)
    places = ", ".join([_place(dialect)] * len(columns))
    sql = f"INSERT INTO {model.__tablename__} ({_names(columns, dialect)}) VALUES ({places})"  # noqa: S608
    prepare = [(column.key, processor(column.type, dialect)) for column in columns]
    return Statement(sql, prepare), [(column.key, _default(column.default)) for column in columns if column.default]


@lru_cache(DIALECTS * 16)
def _change(model: type[Base], names: tuple[str, ...], dialect: Dialect) -> Statement:
    columns: list[Any] = [model.__table__.c[name] for name in names]
    place = _place(dialect)
    settings = ", ".join(f"{_names([column], dialect)} = {place}" for column in columns)
    (key,) = inspect(model).primary_key
    sql = f"UPDATE {model.__tablename__} SET {settings} WHERE {key.name} = {place}"  # noqa: S608
    return Statement(sql, [(column.key, processor(column.type, dialect)) for column in [*columns, key]])


def _names(columns: Sequence[Any], dialect: Dialect) -> str:
    return ", ".join(dialect.identifier_preparer.quote(column.name) for column in columns)


def _place(dialect: Dialect) -> str:
    return "?" if dialect.paramstyle == "qmark" else "%s"


def _default(default: Any) -> Callable[[], Any]:
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)
