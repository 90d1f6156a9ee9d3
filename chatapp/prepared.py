"""Statements that every question runs: put together once for each database, and run by the driver itself.

What SQLAlchemy does around each execution costs several times what a small statement does, and an object that it loads
costs ten times its row (docs/adr/0030-prepared.md). What is rarely run is better off there.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import cache, lru_cache
from inspect import isfunction
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect, Executable, bindparam, inspect, select
from sqlalchemy.types import TypeEngine

from chatapp.db import Base, session
from chatapp.lines import Line, is_heard, reading, told

Change = Callable[[Any], Any]
Make = Callable[[str], Executable]
T = TypeVar("T", bound=Base)
FLOAT = 701  # what PostgreSQL calls double precision: columns of numbers want to know what the driver gives
STATEMENTS = 512  # a few dozen in each database; tests have several of those


class Prepared:
    """A statement of SQLAlchemy with named parameters, or what makes it of the database's name.

    Lists of values (`IN`) have no place in it. Like statements of `session.connection()`, it does not flush.
    """

    def __init__(self, statement: Executable | Make) -> None:
        self._statement = statement

    def run(self, connection: Connection | Line | None = None, /, **values: Any) -> None:
        """For what it changes. Without a connection it is part of the session's transaction."""
        connection = connection or session.connection()
        ready = _ready(self._statement, connection.dialect)
        by_driver(connection, ready.sql, ready.parameters(values))

    def rows(self, connection: Connection | Line | None = None, /, **values: Any) -> list[Any]:
        """Named tuples. Without a connection it is part of the session's transaction, if there is one."""
        with nullcontext(connection) if connection else reading() as line:
            ready = _ready(self._statement, line.dialect)
            found = by_driver(line, ready.sql, ready.parameters(values), fetches=True)
        return [ready.row._make(ready.read(row)) for row in found]

    def first(self, **values: Any) -> Any:
        """The first row or None."""
        return next(iter(self.rows(**values)), None)

    def scalar(self, **values: Any) -> Any:
        """The first value of the first row; None where there is none."""
        row = self.first(**values)
        return row and row[0]

    def load(self, model: type[T], **values: Any) -> T | None:
        """The object of the first row: as the store has it now, in the session. What is not among the columns is read
        when it is wanted."""
        session.flush()
        row = self.first(**values)
        return row and loaded(model, row._asdict())

    def load_each(self, *models: type[Base], **values: Any) -> tuple[Any, ...] | None:
        """As `load`, from a statement that selects all columns of all these models' tables in their order."""
        session.flush()
        row, found = self.first(**values), []
        for model in models if row else ():
            names = model.__table__.c.keys()
            found.append(loaded(model, dict(zip(names, row, strict=False))))
            row = row[len(names) :]
        return tuple(found) or None


def get(model: type[T], key: Any, *, fresh: bool = False) -> T | None:
    """As `session.get`; if `fresh`, as the store has it now, though the session has read it before."""
    if not fresh and inspect(model).identity_key_from_primary_key((key,)) in session.identity_map:
        return session.get(model, key)  # it looks whether it is still there, where it has to
    return _by_key(model).load(model, key=key)


def loaded(model: type[T], values: dict[str, Any]) -> T:
    """An object of the session with these values, which have just been read."""
    mapper = inspect(model)
    key = mapper.identity_key_from_primary_key(tuple(values[str(column.key)] for column in mapper.primary_key))
    current = session()
    known: Any = current.identity_map.get(key)
    instance = mapper.class_manager.new_instance() if known is None else known
    state = inspect(instance)
    state.dict.update(values)
    if known is None:
        # As the session's own loading does it: `session.add` looks for what is to be stored with an object.
        state.key, state.session_id = key, current.hash_key
        current.identity_map.add(state)
        state._expire_attributes(state.dict, state.unloaded)
    else:
        state._commit_all(state.dict, current.identity_map)
    return cast(T, instance)


def by_driver(
    connection: Connection | Line, sql: str, parameters: Any, *, fetches: bool = False, many: bool = False
) -> Sequence[Any]:
    """What the statement finds. Raises what SQLAlchemy would raise.

    Whoever listens to SQLAlchemy's statements hears of these as well.
    """
    if isinstance(connection, Connection) and is_heard(connection.engine):
        result = connection.exec_driver_sql(sql, parameters)
        return result.fetchall() if fetches else ()
    try:
        with closing(connection.connection.cursor()) as cursor:
            (cursor.executemany if many else cursor.execute)(sql, parameters)
            return cursor.fetchall() if fetches else ()
    except connection.dialect.loaded_dbapi.Error as error:
        raise told(connection, sql, error) from error
    except BaseException as error:
        connection.invalidate(error)  # given up in the middle, it may still have an answer to come
        raise


def processor(kind: TypeEngine[Any], dialect: Dialect) -> Change:
    """What makes a value of this type fit for the driver."""
    return kind.dialect_impl(dialect).bind_processor(dialect) or _unchanged


@dataclass(frozen=True, slots=True)
class _Ready:
    sql: str
    order: Sequence[str] | None  # of the parameters, where the driver wants no names
    prepare: Mapping[str, Change]
    constants: Mapping[str, Any]
    row: type[Any]
    reading: Sequence[tuple[int, Change]]  # of the columns whose values the driver does not give as they should be

    def parameters(self, values: Mapping[str, Any]) -> Any:
        given = {name: self.prepare[name](value) for name, value in values.items()}
        given.update(self.constants)
        return given if self.order is None else tuple([given[name] for name in self.order])

    def read(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, change in self.reading:
            values[place] = change(values[place])
        return values


@cache
def _by_key(model: type[Base]) -> Prepared:
    (key,) = inspect(model).primary_key
    return Prepared(select(model.__table__).where(key == bindparam("key")))


@lru_cache(STATEMENTS)
def _ready(statement: Executable | Make, dialect: Dialect) -> _Ready:
    made: Any = statement(dialect.name) if isfunction(statement) else statement
    compiled = made.compile(dialect=dialect)
    prepare = {name: processor(bind.type, dialect) for name, bind in compiled.binds.items()}
    constants = {name: prepare[name](bind.value) for name, bind in compiled.binds.items() if not bind.required}
    columns = list(made.exported_columns)
    changes = [column.type.dialect_impl(dialect).result_processor(dialect, FLOAT) for column in columns]
    return _Ready(
        str(compiled),
        compiled.positiontup,
        prepare,
        constants,
        namedtuple("Row", [column.key for column in columns], rename=True),
        [(place, change) for place, change in enumerate(changes) if change],
    )


def _unchanged(value: Any) -> Any:
    return value
