"""PostgreSQL: statements that take too long are given up, those that may are not; no connections beyond need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chatapp import config
from chatapp.core import accounts, exports
from chatapp.db import db, engine_options, patiently, release, session, transaction

POSTGRES = replace(config.Settings(), database_url="postgresql://chat@db/chat")
SLEEP = text("SELECT pg_sleep(0.3)")


@pytest.fixture
def hasty(make_app: Callable[..., Flask]) -> Flask:
    """An application on PostgreSQL that gives statements up after a tenth of a second."""
    return make_app(database_statement_timeout=0.1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("hasty")
class TestStatementTimeout:
    def test_a_statement_that_takes_too_long_is_given_up(self) -> None:
        with pytest.raises(OperationalError, match="statement timeout"), transaction():
            session.execute(SLEEP)
        release()
        assert session.scalar(text("SELECT 1")) == 1

    def test_with_patience_none_is(self) -> None:
        with patiently(), transaction():
            session.execute(SLEEP)
        with pytest.raises(OperationalError), transaction():
            session.execute(SLEEP)  # patience ends with its block

    def test_migrations_have_patience(self) -> None:
        with patiently(), db.engine.connect() as connection:
            connection.execute(SLEEP)

    def test_an_export_has_patience_as_long_as_it_is_read(self) -> None:
        archive = exports.everything(accounts.create_with_hash("ana").id)
        next(archive)
        session.execute(SLEEP)
        archive.close()
        release()
        with pytest.raises(OperationalError):
            session.execute(SLEEP)
        session.rollback()


@pytest.mark.parametrize(("kept", "threads", "size"), [(20, 2000, 20), (20, 8, 8), (5, 2000, 5)])
def test_a_worker_keeps_no_more_connections_than_it_has_threads(kept: int, threads: int, size: int) -> None:
    options = engine_options(replace(POSTGRES, database_connections=kept, worker_connections=threads))
    assert (options["pool_size"], options["max_overflow"]) == (size, size)


def test_sqlite_has_no_use_for_either() -> None:
    assert "pool_size" not in engine_options(config.Settings())
