"""Connections to the driver itself: for single statements, and for what is written many times a second.

What SQLAlchemy does around a transaction costs several times what a small statement does (docs/adr/0030-prepared.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError

from chatapp.db import is_patient, session, sqlite_writer


class Line:
    """A connection of the pool, as far as `prepared.by_driver` needs one. Raises what SQLAlchemy would raise."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect
        try:
            self.connection = engine.raw_connection()
        except self.dialect.loaded_dbapi.Error as error:
            raise _in_sqlalchemy(self.dialect, None, error, lost=False) from error

    def invalidate(self, error: BaseException) -> None:
        """It may have an answer to come that nobody waits for any more, or is lost."""
        self.connection.invalidate(error)

    def run(self, sql: str) -> None:
        """A statement without values and rows. Raises what SQLAlchemy would raise."""
        with self.telling(sql):
            self.connection.cursor().execute(sql)

    def commit(self) -> None:
        with self.telling("COMMIT"):
            self.connection.commit()

    @contextmanager
    def telling(self, sql: str) -> Iterator[None]:
        try:
            yield
        except self.dialect.loaded_dbapi.Error as error:
            raise told(self, sql, error) from error


@contextmanager
def reading() -> Iterator[Connection | Line]:
    """The session's connection where it has one; otherwise one whose statements each see what is stored by then."""
    current = session()
    if current.info.get("writing") or current.in_transaction() or _is_for_sqlalchemy(engine := _engine()):
        yield current.connection()
        return
    line = Line(engine)
    try:
        with _without_transaction(line):
            yield line
    finally:
        line.connection.close()


@contextmanager
def beside_session() -> Iterator[Connection | Line]:
    """A connection in a transaction of its own, or in the surrounding one. What is done with it, the session does not
    learn of."""
    current = session()
    if current.info.get("writing"):
        yield current.connection()
        return
    engine = _engine()
    with sqlite_writer if engine.dialect.name == "sqlite" else nullcontext():
        if _is_for_sqlalchemy(engine):
            with engine.connect() as plain, plain.execution_options(sqlite_begin="IMMEDIATE").begin():
                yield plain
            return
        line = Line(engine)
        try:
            if engine.dialect.name == "sqlite":
                line.run("BEGIN IMMEDIATE")
            yield line
            line.commit()
        finally:
            line.connection.close()  # the pool rolls back what has not been committed


def is_heard(engine: Engine) -> bool:
    """Whether somebody listens to its statements."""
    return bool(engine.dispatch.before_cursor_execute or engine.dispatch.after_cursor_execute)


def told(connection: Connection | Line, sql: str, error: Any) -> BaseException:
    """The driver's error as SQLAlchemy tells it, without the values: what somebody said must not be in the log."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if lost:
        connection.invalidate(error)
    return _in_sqlalchemy(dialect, sql, error, lost=lost)


def _in_sqlalchemy(dialect: Dialect, sql: str | None, error: Any, *, lost: bool) -> BaseException:
    family = dialect.loaded_dbapi.Error
    told: BaseException = DBAPIError.instance(
        sql, None, error, family, hide_parameters=True, connection_invalidated=lost, dialect=dialect
    )
    return told


def _is_for_sqlalchemy(engine: Engine) -> bool:
    """Who listens to statements must hear of them, and endless patience begins with a transaction of SQLAlchemy's."""
    return is_patient() or is_heard(engine)


def _engine() -> Engine:
    return cast(Engine, session.get_bind())


@contextmanager
def _without_transaction(line: Line) -> Iterator[None]:
    """psycopg begins one before the first statement, unless it is told not to. SQLite is never asked to."""
    if line.dialect.name == "sqlite":
        yield
        return
    driver: Any = line.connection.dbapi_connection
    driver.autocommit = True
    try:
        yield
    finally:
        with suppress(line.dialect.loaded_dbapi.Error):  # one that is lost is given up
            driver.autocommit = False
