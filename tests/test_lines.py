"""Connections to the driver itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, create_engine, event, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from chatapp.core import threads
from chatapp.db import db, is_outage, new_id, patiently, session, transaction
from chatapp.lines import Line, beside_session, reading
from chatapp.models import ChatSession, Thread
from chatapp.prepared import Prepared, by_driver
from tests.people import People

TITLE = Prepared(select(Thread.title).where(Thread.id == bindparam("thread")))
RENAME = Prepared(update(Thread).where(Thread.id == bindparam("thread")).values(title=bindparam("name")))
ADD_SESSION = Prepared(insert(ChatSession).values(id=bindparam("id"), user_id=bindparam("user_id")))


def lent() -> int:
    """How many connections are out of the pool."""
    return db.engine.pool.checkedout()  # type: ignore[attr-defined]


def rename(thread_id: object, title: str) -> None:
    with db.engine.begin() as other:
        other.execute(update(Thread).where(Thread.id == thread_id).values(title=title))


@pytest.fixture
def thread(app: Flask, people: People) -> Any:
    made = threads.create(people.ana.user, "First").id
    session.remove()
    return made


def test_a_single_statement_begins_no_transaction_and_gives_its_connection_back(thread: object) -> None:
    assert TITLE.scalar(thread=thread) == "First"

    assert not session().in_transaction()
    assert lent() == 0


def test_each_statement_sees_what_is_stored_by_then(thread: object) -> None:
    assert TITLE.scalar(thread=thread) == "First"
    rename(thread, "Second")

    assert TITLE.scalar(thread=thread) == "Second"


def test_within_a_transaction_it_is_part_of_it(thread: object) -> None:
    with transaction():
        RENAME.run(thread=thread, name="Second")
        assert TITLE.scalar(thread=thread) == "Second"
        session.rollback()

    assert TITLE.scalar(thread=thread) == "First"


def test_the_connection_begins_transactions_again_for_who_gets_it_next(thread: object) -> None:
    with reading() as line:
        assert isinstance(line, Line)
        driver = line.connection.dbapi_connection
    with pytest.raises(ZeroDivisionError), transaction():
        RENAME.run(thread=thread, name="Second")
        assert session.connection().connection.dbapi_connection is driver
        _ = 1 / 0

    assert TITLE.scalar(thread=thread) == "First"


def test_a_connection_that_is_lost_is_told_and_replaced(thread: object) -> None:
    with pytest.raises(DBAPIError) as failed, reading() as line:
        assert line.connection.dbapi_connection
        line.connection.dbapi_connection.close()
        by_driver(line, "SELECT 1", (), fetches=True)

    assert failed.value.connection_invalidated
    assert TITLE.scalar(thread=thread) == "First"
    assert lent() == 0


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql+psycopg://chat@127.0.0.1:1/chat"])
def test_a_database_that_is_away_is_an_outage(url: str) -> None:
    with pytest.raises(OperationalError) as failed:
        Line(create_engine(url))

    assert is_outage(failed.value)


def test_what_is_given_up_in_the_middle_takes_its_connection_with_it(thread: object) -> None:
    with pytest.raises(KeyboardInterrupt), reading() as line:
        driver = line.connection.dbapi_connection
        line.invalidate(KeyboardInterrupt())
        raise KeyboardInterrupt
    with reading() as line:
        assert line.connection.dbapi_connection is not driver

    assert lent() == 0


def test_beside_the_session_everything_is_stored_together(thread: object) -> None:
    with beside_session() as connection:
        assert isinstance(connection, Line)
        RENAME.run(connection, thread=thread, name="Second")

    assert TITLE.scalar(thread=thread) == "Second"
    assert lent() == 0


def test_beside_the_session_or_nothing_is(thread: object, people: People) -> None:
    with pytest.raises(IntegrityError), beside_session() as connection:
        RENAME.run(connection, thread=thread, name="Second")
        ADD_SESSION.run(connection, id=new_id(), user_id=people.ana.id)  # who has one

    assert TITLE.scalar(thread=thread) == "First"
    assert lent() == 0


def test_beside_the_session_is_within_a_transaction_that_there_is(thread: object) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        with beside_session() as connection:
            RENAME.run(connection, thread=thread, name="Second")
        _ = 1 / 0

    assert TITLE.scalar(thread=thread) == "First"


def test_who_listens_hears_of_what_is_written_beside_the_session(thread: object) -> None:
    heard: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with beside_session() as connection:
            RENAME.run(connection, thread=thread, name="Second")
        assert TITLE.scalar(thread=thread) == "Second"
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert [statement.split()[0] for statement in heard] == ["UPDATE", "SELECT"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_statements_that_may_take_their_time_do(make_app: Callable[..., Flask]) -> None:
    make_app(database_statement_timeout=0.1)
    sleep = Prepared(select(func.pg_sleep(0.3).label("slept")))

    with pytest.raises(OperationalError):
        sleep.rows()
    with patiently():
        assert len(sleep.rows()) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_write_lock_that_is_not_to_be_had_is_told(thread: object) -> None:
    with (
        db.engine.connect() as other,
        other.execution_options(sqlite_begin="IMMEDIATE").begin(),
        pytest.raises(OperationalError, match="locked"),
        reading() as line,
    ):
        line.run("PRAGMA busy_timeout = 1")
        line.run("BEGIN IMMEDIATE")
