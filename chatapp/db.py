"""The store: the declarative base, column types, keys, and the one way to write: `transaction()`."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from math import inf
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import DateTime, Engine, MetaData, event, make_url, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session
from sqlalchemy.types import JSON, TypeDecorator
from uuid_utils import compat as uuid_utils

from chatapp.config import Settings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BUSY_TIMEOUT_MS = 10_000
REST = 1.0  # seconds without use, after which the server may have gone without our seeing it

# PostgreSQL: connections, rollbacks of its own, resources, operators, the system; of all these not the time limit of a
# statement, which would come again.
OUTAGES, TOO_SLOW = ("08", "40", "53", "57", "58"), "57014"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
        list[Any]: JSON().with_variant(JSONB(), "postgresql"),
    }


class ReadingSession(FlaskSession):
    """Ends what was only read by a commit: after a rollback psycopg forgets every statement that it has prepared."""

    def close(self) -> None:
        if self.in_transaction() and not self.info.get("writing"):
            self.expunge_all()  # what somebody has changed outside of `transaction()` is not stored
            with suppress(SQLAlchemyError):  # a connection that is lost has nothing to end
                self.commit()
        super().close()


# Objects stay readable after a commit: a view presents what a verb returned without a second query. What is changed
# outside of `transaction()` is not sent to the database by the next query.
OPTIONS = {"class_": ReadingSession, "expire_on_commit": False, "autoflush": False}
db = SQLAlchemy(metadata=Base.metadata, session_options=OPTIONS)
session: scoped_session[Session] = db.session  # type: ignore[assignment]

sqlite_writer = threading.RLock()
_patience = threading.local()


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUIDv7: sorts by time of creation."""
    return uuid_utils.uuid7()


@contextmanager
def transaction() -> Iterator[Session]:
    """Everything in the block is stored together or not at all. Nested blocks join the outermost.

    On SQLite the block holds the database's only write lock from its first statement. Threads of this process queue
    for it here rather than in SQLite's busy handler, which would block every other thread of a gevent worker.
    """
    current = session()
    if current.info.get("writing"):
        yield current
        current.flush()  # keys and defaults are there, as they are after an outermost block
        return
    if current.in_transaction():
        current.commit()  # the snapshot may be old
    if is_sqlite():
        with sqlite_writer:
            current.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield from _write(current)
    else:
        yield from _write(current)
    _run_after_commit(current)


def after_commit(call: Callable[[], None]) -> None:
    """Run `call` once the surrounding transaction is stored; never if it is not."""
    session().info.setdefault("after_commit", []).append(call)


def before_commit(call: Callable[[Sequence[Any]], None], item: Any) -> None:
    """Give `call` all such items of the surrounding transaction, in their order, as the last thing before it is stored.

    What waits for others there waits for nothing afterwards, so it takes part in no deadlock. Outside of a transaction
    it would be forgotten, so that is an error.
    """
    info = session().info
    if not info.get("writing"):
        raise RuntimeError("there is no transaction to be part of")
    info.setdefault("before_commit", {}).setdefault(call, []).append(item)


def keep_others_out(model: type[Base]) -> None:
    """Nobody else writes the table of `model` until the transaction ends. On SQLite that is so without asking."""
    if not is_sqlite():
        session.execute(text(f"LOCK TABLE {model.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def rest() -> None:
    """Give the connection back to the pool before other work; what was loaded stays as it is. Not in a transaction."""
    current = session()
    if not current.info.get("writing") and current.in_transaction():
        current.commit()


def release() -> None:
    """Give the connection back to the pool. Called before a response streams, which may take minutes."""
    session.remove()


def _write(current: Session) -> Iterator[Session]:
    current.info["writing"] = current.autoflush = True
    try:
        yield current
        _run_before_commit(current)
        current.commit()
    except BaseException:
        current.rollback()
        current.info.pop("before_commit", None)
        current.info.pop("after_commit", None)
        raise
    finally:
        current.info["writing"] = current.autoflush = False


def _run_before_commit(current: Session) -> None:
    if calls := current.info.pop("before_commit", None):
        current.flush()
        for call, items in calls.items():
            call(items)


def _run_after_commit(current: Session) -> None:
    for call in current.info.pop("after_commit", []):
        call()


def is_outage(error: BaseException) -> bool:
    """Whether the database was away or could not go on: the same may work later. A wrong statement is no outage."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, NoConnectionFree)
    if error.connection_invalidated or not isinstance(error, OperationalError):
        return error.connection_invalidated
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR
    state = getattr(error.orig, "sqlstate", None)
    return state is None or (state.startswith(OUTAGES) and state != TOO_SLOW)


def is_sqlite() -> bool:
    return session.get_bind().dialect.name == "sqlite"


def engine_options(settings: Settings) -> dict[str, Any]:
    """What the engine of these settings needs."""
    options: dict[str, Any] = {
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "hide_parameters": True,  # what somebody said must not be in the log because it could not be stored
    }
    if make_url(settings.database).database not in (None, "", ":memory:"):  # which has one connection
        options["pool_use_lifo"] = True  # what a connection has read for one is still there for the next
    if settings.uses_sqlite:
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    else:
        # Nobody waits for a connection that a thread of the worker could not use.
        size = min(settings.database_connections, settings.worker_connections)
        options |= {"pool_size": size, "max_overflow": size}
    return options


def prepare(engine: Engine, settings: Settings) -> None:
    """Install on an engine the pragmas and the explicit BEGIN of SQLite, the statement timeout of PostgreSQL."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
        return
    _ask_whether_it_is_there(engine)
    if settings.database_statement_timeout:
        timeout = f"SET statement_timeout = {round(settings.database_statement_timeout * 1000)}"
        event.listen(engine, "connect", lambda connection, _record: _run_and_commit(connection, timeout))
        event.listen(engine, "begin", _on_postgres_begin)


@contextmanager
def patiently() -> Iterator[None]:
    """No statement of a transaction that is begun in the block is given up, however long it takes."""
    before = is_patient()
    _patience.endless = True
    try:
        yield
    finally:
        _patience.endless = before


def is_patient() -> bool:
    """Whether this is within such a block."""
    return getattr(_patience, "endless", False)


def _ask_whether_it_is_there(engine: Engine) -> None:
    """Of a server, before a connection is used that has rested for a while: asking every time costs a statement."""

    def rests(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = monotonic()

    def is_wanted(connection: Any, record: Any, _proxy: Any) -> None:
        if monotonic() - record.info.get("rests_since", inf) > REST:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    event.listen(engine, "checkin", rests)
    event.listen(engine, "checkout", is_wanted)


def _run_and_commit(connection: Any, statement: str) -> None:
    connection.cursor().execute(statement)
    connection.commit()


def _on_postgres_begin(connection: Connection) -> None:
    if is_patient():
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late to take the write lock
    connection.create_function("casefold", 1, lambda text: text and text.casefold(), deterministic=True)
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        # 16 MiB. Everybody waits while it is carried over: seldom, then, and pages that changed often only once.
        "wal_autocheckpoint=4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    begin = f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}"
    try:
        # By the driver itself: it happens before every transaction, and there is nothing that SQLAlchemy has to add.
        connection.connection.cursor().execute(begin)
    except sqlite3.OperationalError as error:
        raise OperationalError(begin, None, error) from error
