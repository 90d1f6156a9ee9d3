"""The database goes away under the web: everybody is told to come back, each in the shape that they know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chatapp import config
from chatapp.db import db, is_outage, session
from tests import people
from tests.conftest import running
from tests.servers import PostgresServer, wait_until
from tests.web.pages.visitor import HTMX, Visitor

WORDS = "The database cannot be reached at the moment. Please try again shortly."


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of its own: the other tests go on with theirs."""
    with TemporaryDirectory(prefix="chatapp-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder)).start()
        yield server
        server.stop()


@pytest.fixture
def site(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = str(tmp_path_factory.mktemp("instance"))
    environ = {"DATABASE_URL": server.url, "INSTANCE_PATH": folder, "SECRET_KEY": "tests", "LOG_LEVEL": "ERROR"}
    with running(config.load(environ)) as app:
        db.create_all()
        yield app


def test_everybody_is_told_to_come_back_and_is_answered_when_it_is_there_again(
    server: PostgresServer, site: Flask
) -> None:
    ana = people.settle().ana
    browser = Visitor(site, site.response_class, use_cookies=True)
    browser.sign_in(ana)
    session.remove()
    asked = {
        "a page": lambda: browser.get("/chat/"),
        "a fragment": lambda: browser.get("/chat/threads/revision/", headers=HTMX),
        "no such page": lambda: browser.get("/nothing/"),
        "a form": lambda: browser.post("/sign-in/", data={"username": "ana", "password": people.PASSWORD}),
        "a list, snake_case": lambda: browser.get("/api/chat-threads/", headers=ana.headers),
        "a question, snake_case": lambda: browser.post("/api/chat/stream/", json={"input": "x"}, headers=ana.headers),
        "no such path, snake_case": lambda: browser.get("/api/chat-threads/x/y/", headers=ana.headers),
        "a list, turns": lambda: browser.get("/api/v1/chat/threads", headers=ana.headers),
        "a new thread, turns": lambda: browser.post("/api/v1/chat/threads", json={}, headers=ana.headers),
        "no such path, turns": lambda: browser.get("/api/v1/nothing", headers=ana.headers),
    }
    before = {name: ask().status_code for name, ask in asked.items()}
    assert max(before.values()) < 500, before
    server.stop()
    for name, ask in asked.items():
        response = ask()
        assert (response.status_code, response.headers.get("Retry-After")) == (503, "5"), f"{name}: {response.text}"
        if name.endswith("snake_case"):
            assert response.json == {"detail": WORDS}
        elif name.endswith("turns"):
            assert response.json == {"detail": WORDS, "code": "database_unavailable"}
        else:
            assert WORDS in response.text and "Content-Security-Policy" in response.headers
    server.start()
    assert {name: wait_until(lambda ask=ask: answered(ask)) for name, ask in asked.items()} == before


def answered(ask: Callable[[], Any]) -> int:
    """The status, once it is not the outage's."""
    status = ask().status_code
    return 0 if status == 503 else int(status)


def failure(*statements: str) -> SQLAlchemyError:
    with pytest.raises(SQLAlchemyError) as caught:
        for statement in statements:
            session.execute(text(statement))
    session.rollback()
    return caught.value


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("statements", "outage"),
    [
        (["SELECT pg_terminate_backend(pg_backend_pid())"], True),
        (["DO $$ BEGIN RAISE deadlock_detected; END $$"], True),
        (["DO $$ BEGIN RAISE too_many_connections; END $$"], True),
        (["DO $$ BEGIN RAISE disk_full; END $$"], True),
        (["SET LOCAL statement_timeout = 1", "SELECT pg_sleep(5)"], False),
        (["SELECT nothing FROM nowhere"], False),
        (["SELECT 1 / 0"], False),
    ],
    ids=["ended", "deadlock", "connections", "disk", "too slow", "no such table", "by zero"],
)
def test_what_is_an_outage_of_postgresql(app: Flask, statements: list[str], outage: bool) -> None:
    assert is_outage(failure(*statements)) is outage


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_an_outage_of_sqlite(app: Flask) -> None:
    assert not is_outage(failure("SELECT nothing FROM nowhere"))
    assert not is_outage(failure("not even SQL"))
    assert not is_outage(ValueError("something else"))
    pages = session.scalar(text("PRAGMA page_count"))
    assert is_outage(failure(f"PRAGMA max_page_count = {pages}", "CREATE TABLE more AS SELECT zeroblob(100000) AS big"))
