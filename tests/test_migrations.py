"""The migrations make what the models say, on both databases, one step after the other."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.command import check
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import event, inspect, make_url, select

from chatapp import config
from chatapp.core import threads
from chatapp.db import Base, db, session
from chatapp.models import Flag
from chatapp.values import Severity
from tests import people as folk
from tests.conftest import MIGRATIONS, running
from tests.flagging import attack, card, flagged
from tests.searching import assert_intact, looking, say, waiting

BEFORE_FLAGS = "0014"
BEFORE_BACKLOG = "0027"
VERSIONS = sorted(Path(MIGRATIONS, "versions").glob("*.py"))


@pytest.fixture
def empty(bare_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database without tables."""
    own = {"database_url": bare_database_url, "instance_path": str(tmp_path), "secret_key": "tests"}
    with running(replace(config.Settings(), **own)) as app:
        yield app


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_upgrading_from_nothing_makes_what_the_models_say(empty: Flask) -> None:
    upgrade(MIGRATIONS)
    check(empty.extensions["migrate"].migrate.get_config(MIGRATIONS))


def test_downgrading_leaves_nothing_and_upgrading_works_again(empty: Flask) -> None:
    upgrade(MIGRATIONS)
    downgrade(MIGRATIONS, revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade(MIGRATIONS)
    assert set(Base.metadata.tables) <= set(inspect(db.engine).get_table_names())


def test_messages_that_were_flagged_before_there_was_a_queue_are_in_it(empty: Flask) -> None:
    upgrade(MIGRATIONS)
    ana = folk.settle().ana
    flag_id = flagged(ana, verdict=attack(Severity.HIGH, "jailbreak", "prompt_leak"))
    flagged(ana, verdict=card())
    before = _flags()
    session.remove()
    downgrade(MIGRATIONS, revision=BEFORE_FLAGS)

    upgrade(MIGRATIONS)

    assert _flags() == before
    assert [rule.rule for rule in session.get_one(Flag, flag_id).rules] == ["jailbreak", "prompt_leak"]


@pytest.mark.parametrize("bare_database_url", ["sqlite"], indirect=True)
def test_words_are_indexed_on_both_sides_of_the_backlog(empty: Flask) -> None:
    upgrade(MIGRATIONS)
    ana = folk.settle().ana
    thread, unnamed = threads.create(ana.user, "Rain"), threads.create(ana.user)
    say(thread, "hail", "snow")
    assert waiting() == 3

    downgrade(MIGRATIONS, revision=BEFORE_BACKLOG)
    assert_intact()
    say(unnamed, "fog")
    threads.rename(ana.user, unnamed.id, "Storm")
    threads.create(ana.user)
    assert_intact()

    upgrade(MIGRATIONS)
    say(thread, "mist")
    threads.rename(ana.user, thread.id, "Sleet")
    assert waiting() == 1
    with looking() as store:
        assert store.execute("select count(*) from message_words('snow OR fog')").fetchone() == (2,)
    assert_intact()


def _flags() -> list[tuple[object, ...]]:
    session.remove()
    found = session.scalars(select(Flag).order_by(Flag.id))
    return [
        (f.id, f.thread_id, f.user_id, f.urgency, f.action, f.injection_score, f.created, [r.rule for r in f.rules])
        for f in found
    ]


def test_history_is_one_line() -> None:
    script = ScriptDirectory(MIGRATIONS)
    revisions = list(script.walk_revisions())
    assert len(script.get_heads()) == len(script.get_bases()) == 1
    assert all(isinstance(r.down_revision, str | None) for r in revisions)
    assert [r.revision for r in reversed(revisions)] == [f"{n:04}" for n in range(1, len(revisions) + 1)]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_has_one_subject_and_says_why(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), "the docstring says what for"
    assert path.stem[4] == "_" and len(path.stem) > 6, "NNNN_subject.py"


@pytest.mark.parametrize("bare_database_url", ["sqlite"], indirect=True)
def test_whoever_writes_meanwhile_does_not_end_a_migration(empty: Flask) -> None:
    upgrade(MIGRATIONS, revision=VERSIONS[-2].stem[:4])
    path = make_url(empty.config["SQLALCHEMY_DATABASE_URI"]).database or ""

    def write_too(*_: object) -> None:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=0)) as other:
            other.execute("CREATE TABLE IF NOT EXISTS meanwhile (x)")
            other.execute("INSERT INTO meanwhile VALUES (1)")
            other.commit()

    event.listen(db.engine, "after_cursor_execute", write_too)
    upgrade(MIGRATIONS)
    event.remove(db.engine, "after_cursor_execute", write_too)
