"""The whole database as one file and back, while others read and write it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, MetaData, inspect, make_url, select, text

from chatapp import config
from chatapp.db import db, release, session
from chatapp.errors import ChatError
from chatapp.models import User

WAIT = 60.0  # seconds that SQLite waits for whoever writes


class DumpFailed(ChatError):
    """The database could not be written to a file, or read from one."""


def kind() -> str:
    return "sqlite" if config.current().uses_sqlite else "postgresql"


def revision() -> str:
    """Of the schema that the database has; empty when it has none."""
    if not inspect(db.engine).has_table("alembic_version"):
        return ""
    found: str = session.scalar(text("SELECT version_num FROM alembic_version")) or ""
    release()
    return found


def has_content() -> bool:
    """Whether somebody has an account in it: without people there is nothing of theirs."""
    if not inspect(db.engine).has_table(User.__tablename__):
        return False
    found = session.scalar(select(User.id).limit(1))
    release()
    return found is not None


def write(path: Path) -> None:
    """The database as it is at one moment. Raises DumpFailed."""
    url = make_url(config.current().database)
    if config.current().uses_sqlite:
        _copy(Path(url.database or ""), path)
    else:
        _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={path}")


def read(path: Path) -> None:
    """Make the database what the file says; what was in it is gone. Raises DumpFailed.

    On SQLite that happens in one transaction. On PostgreSQL the tables are dropped first.
    """
    url = make_url(config.current().database)
    release()
    if config.current().uses_sqlite:
        _copy(path, Path(url.database or ""))
    else:
        _program("pg_restore")
        _drop_tables()
        _run(url, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(path))


def _copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(source, timeout=WAIT)) as old,
            closing(sqlite3.connect(target, timeout=WAIT)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        raise DumpFailed(f"SQLite: {error}") from error


def _drop_tables() -> None:
    found = MetaData()
    with db.engine.begin() as connection:
        found.reflect(connection, resolve_fks=False)
        for name in found.tables:
            connection.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')


def _run(url: URL, program: str, *arguments: str) -> None:
    """The password goes through the environment: everybody on the machine may read arguments."""
    place = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    command = [_program(program), "--no-password", f"--dbname={place}", *arguments]
    done = subprocess.run(  # noqa: S603  # a program found by its name, arguments of our own
        command, env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DumpFailed(f"{program} failed: {done.stderr.strip() or done.returncode}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise DumpFailed(
            f"{name} is not installed: it comes with the client programs of PostgreSQL (postgresql-client)."
        )
    return found
