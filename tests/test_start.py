"""A server starts with what everybody needs; what a few need is imported when they do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil

from tests.servers import ROOT, AppServer, wait_until

# What it is for stands where it is imported.
LATE = (
    "alembic",
    "anthropic",
    "authlib",
    "cryptography",
    "flask_migrate",
    "httpcore2",
    "httpx2",
    "joserfc",
    "phonenumbers",
    "psycopg",
    "pydantic",
    "pypdf",
    "redis",
)


def test_nothing_heavy_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    look = f"import sys, wsgi; print(*sorted(set({LATE!r}) & set(sys.modules)))"
    environ = os.environ | {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": "", "PROVIDER": "offline"}
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_migrations_are_there_for_whoever_asks(tmp_path: Path) -> None:
    environ = os.environ | {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": ""}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "heads"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (done.returncode, "(head)" in done.stdout) == (0, True), done.stderr


def test_a_server_that_starts_again_does_not_look_for_migrations(tmp_path: Path) -> None:
    environ = os.environ | {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": ""}

    def needs_migrations() -> bool:
        return subprocess.run([sys.executable, "migrations/needed.py"], cwd=ROOT, env=environ).returncode == 0

    assert needs_migrations()
    newest = max(file.name for file in (ROOT / "migrations" / "versions").glob("0*.py"))[:4]
    with closing(sqlite3.connect(tmp_path / "chatapp.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.commit()
        assert needs_migrations()
        connection.execute("UPDATE alembic_version SET version_num = ?", [newest])
        connection.commit()
    assert not needs_migrations()
    environ["DATABASE_URL"] = "postgresql://nobody@127.0.0.1/nothing"
    assert needs_migrations()


def test_what_model_calls_need_is_loaded_when_somebody_comes(tmp_path: Path) -> None:
    environ = {"INSTANCE_PATH": str(tmp_path), "PROVIDER": "anthropic", "ANTHROPIC_API_KEY": "sk-ant-test"}
    server = AppServer(environ | {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"})
    server.flask("db", "upgrade")
    server.start()

    def is_loaded() -> bool:
        assert server.process
        (worker,) = psutil.Process(server.process.pid).children()
        return any("pydantic_core" in part.path for part in worker.memory_maps())

    try:
        urllib.request.urlopen(f"{server.url}/readyz").close()
        assert not is_loaded(), "a probe is nobody who will ask"
        urllib.request.urlopen(f"{server.url}/sign-in").close()
        wait_until(is_loaded)
        assert server.log.read_text() == ""
    finally:
        server.stop()
