"""Statements that the driver runs itself."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import bindparam, event, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from chatapp.core import threads
from chatapp.db import db, new_id, release, session, transaction
from chatapp.models import ChatSession, Thread, User
from chatapp.prepared import Prepared, by_driver
from tests.people import People

BY_NAME = Prepared(select(User.id, User.is_staff, User.created).where(User.username == bindparam("name")))
OF_ID = Prepared(select(Thread.__table__).where(Thread.id == bindparam("thread")))
RENAME = Prepared(update(Thread).where(Thread.id == bindparam("thread")).values(title=bindparam("name")))


def test_rows_have_the_names_of_the_columns_and_values_of_their_types(app: Flask, people: People) -> None:
    row = BY_NAME.first(name=people.ana.username)

    assert (row.id, row.is_staff) == (people.ana.id, False)
    assert isinstance(row.id, UUID)
    assert isinstance(row.is_staff, bool)
    assert row.created.tzinfo is UTC or row.created.utcoffset() == datetime.now(UTC).utcoffset()


def test_nothing_found_is_none(app: Flask) -> None:
    assert BY_NAME.rows(name="nobody") == []
    assert BY_NAME.first(name="nobody") is None
    assert BY_NAME.scalar(name="nobody") is None
    assert OF_ID.load(Thread, thread=new_id()) is None


def test_a_loaded_object_belongs_to_the_session(app: Flask, people: People) -> None:
    thread_id = threads.create(people.ana.user, "First").id
    release()

    with transaction():
        thread = OF_ID.load(Thread, thread=thread_id)
        assert thread is not None
        assert session.get(Thread, thread_id) is thread
        assert thread.user.username == people.ana.username
        thread.title = "Second"
    release()

    assert session.scalar(select(Thread.title).where(Thread.id == thread_id)) == "Second"


def test_an_object_that_is_there_gets_what_the_store_has_now(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user, "First")
    with db.engine.begin() as other:
        other.execute(update(Thread).where(Thread.id == thread.id).values(title="Elsewhere"))

    assert OF_ID.load(Thread, thread=thread.id) is thread
    assert thread.title == "Elsewhere"
    assert not session.is_modified(thread)


def test_what_is_not_stored_yet_is_stored_before_an_object_is_read(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user, "First")

    with transaction():
        thread.title = "Second"
        assert OF_ID.load(Thread, thread=thread.id) is thread
        assert thread.title == "Second"


def test_a_change_is_part_of_the_transaction(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user, "First")

    with pytest.raises(ZeroDivisionError), transaction():
        RENAME.run(thread=thread.id, name="Second")
        assert session.scalar(select(Thread.title).where(Thread.id == thread.id)) == "Second"
        _ = 1 / 0

    assert session.scalar(select(Thread.title).where(Thread.id == thread.id)) == "First"


def test_errors_are_those_of_sqlalchemy_and_quote_no_values(app: Flask, people: People) -> None:
    threads.create(people.ana.user)
    again = Prepared(insert(ChatSession).values(id=bindparam("id"), user_id=bindparam("user_id")))

    with pytest.raises(IntegrityError) as failed, transaction():
        again.run(id=new_id(), user_id=people.ana.id)

    assert people.ana.id.hex not in str(failed.value).partition("DETAIL")[0].replace("-", "")


def test_a_wrong_statement_is_no_outage(app: Flask) -> None:
    with pytest.raises((OperationalError, ProgrammingError)) as failed:
        by_driver(session.connection(), "SELECT nothing FROM nowhere", ())

    assert not failed.value.connection_invalidated


def test_a_lost_connection_is_told_and_replaced(app: Flask) -> None:
    driver = session.connection().connection.dbapi_connection
    assert driver is not None
    driver.close()

    with pytest.raises(DBAPIError) as failed:
        BY_NAME.rows(name="anybody")
    session.rollback()

    assert failed.value.connection_invalidated
    assert BY_NAME.rows(name="nobody") == []


def test_who_listens_to_statements_hears_of_these(app: Flask) -> None:
    heard: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        BY_NAME.rows(name="nobody")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert len(heard) == 1
    assert "username" in heard[0]
