"""`transaction()`: all or nothing, one writer at a time, and what is to happen afterwards happens afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from chatapp.db import after_commit, before_commit, new_id, release, session, transaction
from chatapp.models import User
from tests.servers import ROOT
from tests.stream.asking import at_once

WRITERS, WRITES = 20, 50


def add_user(name: str) -> User:
    user = User(username=name, password_hash="x")
    session.add(user)
    return user


def names() -> set[str]:
    release()
    return set(session.scalars(select(User.username)))


class Oops(Exception):
    pass


@pytest.mark.usefixtures("app")
class TestTransactions:
    def test_a_block_is_stored_as_a_whole(self) -> None:
        with transaction():
            add_user("one")
            add_user("two")
        assert names() == {"one", "two"}

    def test_an_error_leaves_no_trace(self) -> None:
        with pytest.raises(Oops), transaction():
            add_user("one")
            session.flush()
            raise Oops
        assert names() == set()

    def test_what_is_changed_outside_of_a_block_is_not_stored(self) -> None:
        with transaction():
            user = add_user("one")
        user.username = "another"
        add_user("two")
        assert set(session.scalars(select(User.username))) == {"one"}
        assert names() == {"one"}

    def test_an_inner_block_is_part_of_the_outer_one(self) -> None:
        with pytest.raises(Oops), transaction():
            with transaction():
                add_user("inner")
            raise Oops
        assert names() == set()

    def test_after_an_inner_block_keys_are_there(self) -> None:
        with transaction():
            with transaction():
                user = add_user("inner")
            assert user.id is not None
            assert user.created is not None
        assert names() == {"inner"}

    def test_an_error_in_an_inner_block_ends_the_outer_one(self) -> None:
        with pytest.raises(Oops), transaction():
            add_user("outer")
            with transaction():
                add_user("inner")
                raise Oops
        assert names() == set()

    def test_what_comes_last_gets_everything_at_once_after_the_rest_is_flushed(self) -> None:
        seen: list[tuple[list[int], int | None]] = []

        def look(items: Sequence[int]) -> None:
            with session.no_autoflush:
                seen.append((list(items), session.scalar(select(func.count()).select_from(User))))

        with transaction():
            before_commit(look, 1)
            with transaction():
                before_commit(look, 2)
            add_user("one")
            assert seen == []
        assert seen == [([1, 2], 1)]

    def test_what_comes_last_is_part_of_the_whole(self) -> None:
        def refuse(_: Sequence[int]) -> None:
            raise Oops

        with pytest.raises(Oops), transaction():
            add_user("one")
            before_commit(refuse, 1)
        assert names() == set()
        with transaction():
            add_user("two")
        assert names() == {"two"}

    def test_outside_of_a_transaction_nothing_can_come_last(self) -> None:
        with pytest.raises(RuntimeError, match="no transaction"):
            before_commit(print, 1)

    def test_what_comes_after_sees_what_was_stored(self, app: Flask) -> None:
        seen: list[set[str]] = []

        def look() -> None:
            seen.extend(at_once(app, names))

        with transaction():
            after_commit(look)
            with transaction():
                add_user("one")
                after_commit(look)
            assert seen == []
        assert seen == [{"one"}, {"one"}]

    def test_what_comes_after_does_not_come_after_an_error(self) -> None:
        calls: list[int] = []
        with pytest.raises(Oops), transaction():
            after_commit(lambda: calls.append(1))
            raise Oops
        with transaction():
            add_user("later")
        assert calls == []

    def test_what_comes_after_may_write_itself(self) -> None:
        def write() -> None:
            with transaction():
                add_user("second")

        with transaction():
            add_user("first")
            after_commit(write)
        assert names() == {"first", "second"}

    def test_a_block_sees_what_others_stored_before_it(self, app: Flask) -> None:
        assert session.scalar(select(func.count()).select_from(User)) == 0  # opens a read transaction
        at_once(app, lambda: _store("other"))
        with transaction():
            assert session.scalar(select(func.count()).select_from(User)) == 1

    def test_objects_stay_readable_afterwards(self) -> None:
        with transaction():
            user = add_user("one")
        release()
        assert user.username == "one"
        assert user.created.tzinfo is not None

    def test_a_time_without_a_zone_is_refused(self) -> None:
        with pytest.raises(Exception, match="without a zone"), transaction():
            session.add(User(username="x", password_hash="x", created=datetime(2026, 1, 1)))  # noqa: DTZ001
        assert names() == set()

    def test_keys_sort_by_the_time_they_were_made(self) -> None:
        keys = [new_id() for _ in range(1000)]
        assert keys == sorted(keys)

    def test_many_writers_at_once_all_get_their_turn(self, app: Flask) -> None:
        outcomes = at_once(app, *[lambda n=n: _write_often(n) for n in range(WRITERS)])
        assert outcomes == [None] * WRITERS
        assert len(names()) == WRITERS * WRITES

    def test_readers_are_not_stopped_by_a_writer(self, app: Flask) -> None:
        with transaction():
            add_user("unseen")
            session.flush()
            assert at_once(app, names) == [set()]


def _store(name: str) -> None:
    with transaction():
        add_user(name)


def _write_often(number: int) -> None:
    for count in range(WRITES):
        with transaction():
            session.scalar(select(func.count()).select_from(User))
            add_user(f"{number}-{count}")


GEVENT = """
from gevent import monkey; monkey.patch_all()
import sys, threading
from chatapp import config, create_app
from chatapp.db import db, session, transaction
from chatapp.models import User
from sqlalchemy import func, select

app = create_app(config.load({"INSTANCE_PATH": sys.argv[1], "SECRET_KEY": "x"}))
failures = []

def write(number):
    try:
        for count in range(50):
            with app.app_context(), transaction():
                session.scalar(select(func.count()).select_from(User))
                threading.Event().wait(0.0001)  # a switch in the middle of a transaction
                session.add(User(username=f"{number}-{count}", password_hash="x"))
    except Exception as error:
        failures.append(repr(error))

threads = [threading.Thread(target=write, args=[number]) for number in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with app.app_context():
    print(session.scalar(select(func.count()).select_from(User)), failures)
"""


def test_under_gevent_many_writers_all_get_their_turn(migrated_sqlite: Path, tmp_path: Path) -> None:
    (tmp_path / "chatapp.db").write_bytes(migrated_sqlite.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", GEVENT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.stdout.strip() == "1000 []", done.stdout + done.stderr
