"""Connections to PostgreSQL that have rested."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

import chatapp.db
from chatapp.db import db, release, session
from chatapp.lines import beside_session
from chatapp.models import User
from chatapp.prepared import Prepared

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
OWN = text("SELECT pg_backend_pid()")


def lose_the_next() -> int:
    """End the connection that would be used next; the process that served it."""
    process = session.scalar(OWN)
    assert process is not None
    with db.engine.connect() as other:
        release()
        other.commit()
        own = other.scalar(OWN)
        assert own != process
        other.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    return process


def test_one_that_has_rested_is_asked_first_and_replaced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatapp.db, "REST", -inf)
    lost = lose_the_next()

    used = {session.scalar(OWN)}
    with db.engine.connect() as second:
        used.add(second.scalar(OWN))

    assert lost not in used


def test_one_that_was_just_used_is_not_asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatapp.db, "REST", inf)
    lose_the_next()

    def use_all() -> None:
        with db.engine.connect() as first, db.engine.connect() as second:
            first.scalar(OWN)
            second.scalar(OWN)

    with pytest.raises(OperationalError) as failed:
        use_all()
    assert failed.value.connection_invalidated
    use_all()


def test_the_latest_used_is_used_again(app: Flask) -> None:
    with db.engine.connect() as first, db.engine.connect() as second:
        processes: list[Any] = [first.scalar(OWN), second.scalar(OWN)]
    with db.engine.connect() as again:
        assert again.scalar(OWN) == processes[0]


def test_what_it_has_prepared_is_still_there_after_something_was_read(app: Flask) -> None:
    for _ in range(10):
        session.scalar(select(func.count(User.theme)))
        release()
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%count(users.theme)%'")
    assert session.scalar(prepared) == 1


def test_nor_does_it_forget_what_is_run_without_the_session(app: Flask) -> None:
    dark = Prepared(select(func.count(User.theme).filter(User.theme == "dark")))
    for _ in range(10):
        dark.scalar()
        with beside_session() as connection:
            dark.rows(connection)
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FILTER (WHERE users.theme%'")
    assert session.scalar(prepared) == 1
