"""What `flask doctor` finds, by what is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from chatapp import config, create_app
from chatapp.core import doctor
from chatapp.core.doctor import GIB, Finding, Level
from chatapp.db import db, session, transaction
from tests.conftest import FAST
from tests.servers import free_port

Make = Callable[..., Flask]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEY = "k" * 64


def found(subject: str, *, ask: bool = False) -> Finding:
    """The only finding about it."""
    (finding,) = [finding for finding in doctor.examine(ask=ask) if finding.subject == subject]
    return finding


def test_a_sound_installation_has_no_problems(make_app: Make) -> None:
    app = make_app(secret_key=KEY, anthropic_api_key="sk-very-secret")
    findings = list(doctor.examine())
    assert {f.level for f in findings} <= {Level.OK, Level.WARNING}, findings
    assert {"settings", "workers", "secret key", "database", "clock", "files", "model"} <= {f.subject for f in findings}
    done = app.test_cli_runner().invoke(args=["doctor"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith("Problems: 0,")
    assert KEY not in done.output and "very-secret" not in done.output


def test_problems_say_what_to_do_and_end_with_1(make_app: Make) -> None:
    done = make_app(anthropic_api_key="", provider="anthropic").test_cli_runner().invoke(args=["doctor"])
    assert done.exit_code == 1
    assert "problem  model: " in done.output
    assert "-> Set ANTHROPIC_API_KEY." in done.output


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "subject", "level"),
    [
        ({"workers": 2}, "workers", Level.PROBLEM),
        ({"host": "0.0.0.0"}, "proxy", Level.WARNING),  # noqa: S104
        ({"secret_key": "short"}, "secret key", Level.WARNING),
        ({"provider": "none"}, "model", Level.WARNING),
        ({"provider": "offline"}, "model", Level.WARNING),
    ],
)
def test_settings_that_do_not_hold(make_app: Make, changes: dict[str, Any], subject: str, level: Level) -> None:
    make_app(**changes)
    finding = found(subject)
    assert finding.level is level
    assert finding.advice


@on_sqlite
def test_a_generated_key_that_others_read(make_app: Make, tmp_path: Path) -> None:
    make_app(secret_key="")
    assert found("secret key").level is Level.OK
    (tmp_path / "secret_key").chmod(0o644)
    assert found("secret key").advice == f"chmod 600 {tmp_path / 'secret_key'}"


def test_a_database_that_is_not_at_the_newest_revision(app: Flask) -> None:
    with transaction():
        newest = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = '0014'"))
    try:
        assert found("database").advice == "flask --app wsgi db upgrade"
        with transaction():
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert "newer version" in found("database").words
    finally:
        with transaction():
            session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """The rest is still looked at."""
    settings = config.Settings(
        database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none",
        instance_path=str(tmp_path),
        **(FAST | {"secret_key": KEY}),
    )
    app = create_app(settings)
    with app.app_context():
        assert found("database").level is Level.PROBLEM
        assert found("files")
        backup = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "backup.tar")])
        assert backup.exit_code == 1
        assert "cannot be used (OperationalError)" in backup.output


@on_sqlite
def test_a_journal_that_makes_readers_wait(app: Flask) -> None:
    assert found("journal").level is Level.OK
    session.remove()
    connection = db.engine.raw_connection()
    connection.cursor().execute("PRAGMA journal_mode=DELETE")  # it stays in the pool
    connection.close()
    assert found("journal").level is Level.PROBLEM


@on_sqlite
@pytest.mark.parametrize(("free", "level"), [(3 * GIB, Level.OK), (GIB, Level.WARNING), (0, Level.PROBLEM)])
def test_a_disk_that_fills(app: Flask, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    usage = type(shutil.disk_usage("/"))(10 * GIB, 10 * GIB - free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert found("files").level is level


@on_sqlite
def test_services_that_are_not_there(make_app: Make) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    make_app(redis_url=f"redis://{nowhere}/0", anthropic_api_key="sk-x", anthropic_base_url=f"http://{nowhere}")
    assert found("redis").level is Level.PROBLEM
    assert found("model").level is Level.OK
    assert found("model", ask=True).level is Level.PROBLEM
