"""From the version before to this one: with what people have written, and while they are being answered."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from bench.chaos.traffic import API, Asked, Person, replay
from chatapp import config
from chatapp.db import db, release
from tests import people as folk
from tests.conftest import FAST, MIGRATIONS, running
from tests.servers import ROOT, AppServer, serving, wait_until
from tests.stream import grammar
from tests.stream.asking import ask, story_of

OLDEST = "0011"
KEPT = {"users": "id", "api_tokens": "id", "threads": "id", "messages": "id", "turns": "id"}
KEPT |= {"turn_events": "turn_id, seq"}
SLOW = "/slow 100"
Contents = dict[str, list[dict[str, Any]]]


@pytest.fixture
def app(bare_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database of its own, migrated."""
    own = {"database_url": bare_database_url, "instance_path": str(tmp_path)}
    with running(replace(config.Settings(), **(FAST | own))) as application:
        upgrade(MIGRATIONS)
        yield application


def history() -> list[str]:
    """All revisions, the newest first."""
    return [script.revision for script in ScriptDirectory(MIGRATIONS).walk_revisions()]


def contents() -> Contents:
    """What people have written and been answered, as it is stored now."""
    release()
    with db.engine.connect() as connection:
        queries = {name: text(f"select * from {name} order by {key}") for name, key in KEPT.items()}
        return {name: [dict(row) for row in connection.execute(query).mappings()] for name, query in queries.items()}


def same(before: Contents, after: Contents) -> bool:
    """Whether what both have in common is equal: columns come and go."""
    return all(
        {key: one[key] for key in one.keys() & two.keys()} == {key: two[key] for key in one.keys() & two.keys()}
        for name, rows in before.items()
        for one, two in zip(rows, after[name], strict=True)
    )


def test_what_was_written_is_the_same_after_every_step(app: Flask) -> None:
    ana = folk.settle().ana
    story_of(ask(ana, 'hello\n/tool calculate {"expression": "6 * 7"}').turn)
    story_of(ask(ana, "again").turn)
    app.extensions["runner"].close()
    before = contents()
    revisions = history()
    steps = revisions[: revisions.index(OLDEST) + 1]
    for step in steps[1:]:
        downgrade(MIGRATIONS, revision=step)
    old = contents()
    for step in reversed(steps[:-1]):
        upgrade(MIGRATIONS, revision=step)
        assert same(old, contents()), f"{step} has changed what is there"
    assert {name: len(rows) for name, rows in contents().items()} == {name: len(rows) for name, rows in before.items()}


@pytest.fixture(scope="module")
def version_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as it was before the newest migration."""
    [newest] = Path(MIGRATIONS, "versions").glob(f"{history()[0]}_*.py")
    added = ["log", "-1", "-m", "--first-parent", "--diff-filter=A", "--format=%H", "--", str(newest)]
    commit = subprocess.run(["git", *added], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    what = ["archive", f"{commit}^", "wsgi.py", "gunicorn.conf.py", "chatapp", "migrations"]
    archive = subprocess.run(["git", *what], cwd=ROOT, capture_output=True)
    if not commit or archive.returncode:
        pytest.skip("needs the history of the program: clone all of it")
    folder = tmp_path_factory.mktemp("before")
    # By tar itself: that of Python 3.11.2, which Debian has, knows no filter for what it takes out.
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def test_answers_go_on_while_the_database_is_migrated(app: Flask, version_before: Path) -> None:
    ana = folk.settle().ana
    downgrade(MIGRATIONS, revision=history()[1])
    release()
    environ = {"DATABASE_URL": config.current().database, "INSTANCE_PATH": config.current().instance_path}
    old = AppServer(environ | {"SECRET_KEY": "x", "OFFLINE_TICK": "0.05"}, folder=version_before).start()
    with contextlib.ExitStack() as stack:
        stack.callback(old.kill)
        person = stack.enter_context(contextlib.closing(Person(old.url, ana.token)))
        reading = threading.Thread(target=person.ask, args=[SLOW], daemon=True)
        reading.start()
        wait_until(lambda: person.reads)
        upgrade(MIGRATIONS)
        assert person.reads, "the answer should still be written now"
        reading.join(60)
        [during] = person.asked
        assert grammar.check(during.events).status == "completed"
        assert answered(old.url, ana.token, "and the version before answers on").events
    with serving(app) as url, httpx.Client(base_url=url, headers=ana.headers) as client:
        assert [e.json for e in replay(client, during.turn)] == [e.json for e in during.events]
        assert client.get(f"{API}/threads").json()["items"]
        assert answered(url, ana.token, "this version, too").events


def answered(url: str, token: str, question: str) -> Asked:
    with contextlib.closing(Person(url, token)) as person:
        asked = person.ask(question)
    assert asked and grammar.check(asked.events).status == "completed"
    return asked
