"""What is kept comes back, on both databases, whatever happens meanwhile."""

from __future__ import annotations

import io
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from chatapp import config
from chatapp.core import artifacts, audit_chain, backups, dumps, sealing
from chatapp.core.backups import BackupRefused
from chatapp.core.dumps import DumpFailed
from chatapp.db import release, session, transaction
from chatapp.models import Artifact, Message, Thread, User
from tests.conftest import FAST, MIGRATIONS, running
from tests.people import People
from tests.servers import wait_until
from tests.web.api.rows import add_message, add_thread
from tests.web.pages.visitor import Visitor

Elsewhere = Callable[..., AbstractContextManager[Flask]]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLAN = b"The plan is simple."


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Without a SECRET_KEY in its settings."""
    return make_app(secret_key="")


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path) -> Elsewhere:
    """Another installation, on a database without tables."""

    @contextmanager
    def install(**changes: Any) -> Iterator[Flask]:
        settings = replace(config.Settings(), instance_path=str(tmp_path / "elsewhere"), **(FAST | {"secret_key": ""}))
        if database_url.startswith("postgres"):
            settings = replace(settings, database_url=_new_database(database_url))
        with running(replace(settings, **changes)) as other:
            yield other

    return install


def _new_database(server: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        connection.execute("CREATE DATABASE restored")
    return server.rpartition("/")[0] + "/restored"


def count(model: Any) -> int:
    release()
    return session.scalar(select(func.count()).select_from(model)) or 0


def flask(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=arguments)


def test_a_conversation_and_its_file_come_back_elsewhere(
    app: Flask, people: People, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(people.ana)
    asked = browser.answer("What is a harbour?")
    text = browser.page(f"/chat/{asked.thread_id}/").find("article", data_role="assistant").text
    file = artifacts.upload(people.ana.user, io.BytesIO(PLAN), "plan.txt").id
    sealed, target = sealing.seal("a token"), tmp_path / "backup.tar"

    made = flask(app, "backup", str(target))

    assert made.exit_code == 0, made.output
    assert "1 files" in made.output and "holds the key" in made.output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob(".backup-*")] == []
    with elsewhere() as other:
        restored = flask(other, "restore", str(target))
        assert restored.exit_code == 0, restored.output
        assert "db upgrade" not in restored.output
        assert sealing.unseal(sealed) == "a token"
        assert audit_chain.verify_and_note().fault == ""
        with artifacts.open_content(session.get_one(Artifact, file)) as content:
            assert content.read() == PLAN
        browser = Visitor(other, other.response_class, use_cookies=True)
        browser.sign_in(people.ana)
        assert browser.page(f"/chat/{asked.thread_id}/").find("article", data_role="assistant").text == text


def test_a_backup_is_one_moment_while_others_write(
    app: Flask, people: People, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    written, ending = [0], threading.Event()

    def write() -> None:
        with app.app_context():
            while not ending.is_set():
                with transaction():
                    add_message(add_thread(people.ana), "Both or none")
                written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: written[0] > 3 or not writer.is_alive())
        before = written[0]
        backups.make(tmp_path / "backup.tar")
        after = written[0]
        wait_until(lambda: written[0] > after + 3 or not writer.is_alive())
    finally:
        ending.set()
        writer.join()
    release()
    with elsewhere():
        backups.restore(tmp_path / "backup.tar")
        assert before <= count(Thread) <= written[0]
        assert count(Thread) == count(Message)


def test_a_database_with_people_is_replaced_by_force_only(app: Flask, people: People, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    backups.make(target)
    thread = add_thread(people.ana, "Later")
    add_message(thread, "Later")

    refused = flask(app, "restore", str(target))
    assert refused.exit_code == 1
    assert "--force" in refused.output
    assert count(Thread) == 1

    assert flask(app, "restore", str(target), "--force").exit_code == 0
    assert count(Thread) == 0
    assert count(User) == 4


@on_sqlite
def test_a_database_with_tables_but_nobody_in_it_is_an_empty_place(
    app: Flask, people: People, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    backups.make(tmp_path / "backup.tar")
    with elsewhere():
        upgrade(MIGRATIONS)
        assert backups.restore(tmp_path / "backup.tar").files == 0
        assert count(User) == 4


@on_sqlite
def test_a_key_of_the_settings_is_not_in_a_backup(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app, target = make_app(secret_key="of the settings"), tmp_path / "backup.tar"
    assert "SECRET_KEY comes from your settings" in flask(app, "backup", str(target)).output
    assert b"of the settings" not in target.read_bytes()
    assert "set SECRET_KEY" in flask(app, "restore", str(target)).output


@on_sqlite
def test_a_backup_replaces_no_file(app: Flask, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    target.write_bytes(b"precious")
    refused = flask(app, "backup", str(target))
    assert refused.exit_code == 1
    assert "exists already" in refused.output
    assert target.read_bytes() == b"precious"


@on_sqlite
@pytest.mark.parametrize("damage", ["cut", "changed", "foreign", "no backup", "newer", "other database"])
def test_what_is_not_a_whole_backup_changes_nothing(app: Flask, people: People, tmp_path: Path, damage: str) -> None:
    artifacts.upload(people.ana.user, io.BytesIO(PLAN), "plan.txt")
    whole, damaged = tmp_path / "whole.tar", tmp_path / "damaged.tar"
    backups.make(whole)
    data = whole.read_bytes()
    damaged.write_bytes(
        {
            "cut": data[: len(data) // 2],
            "changed": data.replace(PLAN, PLAN.upper()),
            "foreign": _archive("else.txt", b"{}"),
            "no backup": b"Hello",
            "newer": data.replace(dumps.revision().encode(), b"9999", 1),
            "other database": data.replace(b'"database":"sqlite"', b'"database":"mariad"', 1),
        }[damage]
    )
    add_thread(people.ana, "Later")
    with pytest.raises(BackupRefused):
        backups.restore(damaged, force=True)
    assert count(Thread) == 1


def _archive(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_the_programs_of_postgresql_it_says_what_to_install(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DumpFailed, match="postgresql-client"):
        backups.make(tmp_path / "backup.tar")
    assert not (tmp_path / "backup.tar").exists()
