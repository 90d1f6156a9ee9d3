"""Objects from statements about tables are as good as those of the session's own queries."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from chatapp import prepared
from chatapp.core import threads
from chatapp.db import Base, release, session, transaction
from chatapp.models import Message, Thread, Turn, User
from tests.people import People
from tests.stream.asking import ask, events_of


def test_they_have_the_values_that_a_query_finds(app: Flask, people: People) -> None:
    turn = ask(people.ana, "Hello").turn
    events_of(turn)
    for model, key in ((Turn, turn.id), (Thread, turn.thread_id), (User, people.ana.id), (Message, turn.answer_id)):
        assert found(model, key) == queried(model, key)


def test_one_row_is_one_object_whoever_reads_it_first(app: Flask, people: People) -> None:
    thread_id = threads.create(people.ana.user).id
    release()
    thread = prepared.get(Thread, thread_id)
    assert thread is session.get(Thread, thread_id) is session.scalar(select(Thread)) is prepared.get(Thread, thread_id)
    assert thread.user is session.get(User, people.ana.id)


def test_a_change_is_stored(app: Flask, people: People) -> None:
    thread_id = threads.create(people.ana.user).id
    release()
    with transaction():
        thread = prepared.get(Thread, thread_id)
        assert thread is not None
        thread.title = "Another one"
    release()
    assert session.scalar(select(Thread.title)) == "Another one"


def test_what_is_rolled_back_is_read_anew(app: Flask, people: People) -> None:
    thread_id = threads.create(people.ana.user, "Before").id
    release()
    thread = prepared.get(Thread, thread_id)
    assert thread is not None
    with pytest.raises(LookupError), transaction():
        thread.title = "After"
        raise LookupError
    assert thread.title == "Before"


def test_what_the_session_has_not_stored_yet_is_found(app: Flask, people: People) -> None:
    with transaction() as current:
        thread = threads.new(people.ana.user)
        current.add(thread)
        assert prepared.get(Thread, thread.id) is thread


def test_what_is_known_stays_as_it_was_read_unless_it_is_to_be_fresh(app: Flask, people: People) -> None:
    thread_id = threads.create(people.ana.user, "Before").id
    release()
    thread = prepared.get(Thread, thread_id)
    assert thread is not None
    session.connection().execute(update(Thread.__table__).values(title="After"))  # the session does not learn of it
    assert prepared.get(Thread, thread_id) is thread
    assert thread.title == "Before"
    assert prepared.get(Thread, thread_id, fresh=True) is thread
    assert thread.title == "After"


def test_what_is_not_there_is_none(app: Flask, people: People) -> None:
    assert prepared.get(Thread, people.ana.id) is None


def found(model: type[Base], key: object) -> dict[str, object]:
    release()
    row = prepared.get(model, key)
    assert row is not None
    return values(row)


def queried(model: type[Base], key: object) -> dict[str, object]:
    release()
    row = session.get(model, key)
    assert row is not None
    return values(row)


def values(row: Base) -> dict[str, object]:
    return {name: getattr(row, name) for name in type(row).__mapper__.column_attrs.keys()}  # noqa: SIM118
