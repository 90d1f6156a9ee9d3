"""Whether an installation is set up to be relied on, and what to do where it is not. Nothing here says a secret."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import text

from chatapp import config
from chatapp.core import dumps, readiness, system
from chatapp.db import now, release, session

GIB = 1024**3
LITTLE_SPACE, NO_SPACE = 2 * GIB, GIB // 10
SHORT_KEY = 32  # characters
DRIFT = timedelta(seconds=30)
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do; it is empty when nothing is."""

    level: Level
    subject: str
    words: str
    advice: str = ""


def examine(*, ask: bool = False) -> Iterator[Finding]:
    """Every finding, part by part; asks the model service only when told to."""
    yield from _settings()
    yield from _secret_key()
    if problem := readiness.problems().get("database"):
        advice = "Start the database, or correct DATABASE_URL."
        yield Finding(Level.PROBLEM, "database", f"It cannot be reached ({problem}).", advice)
    else:
        for check in (_schema, _journal, _clock):
            yield from check()
    yield from _files()
    yield from _redis()
    yield from _provider(ask)


def _settings() -> Iterator[Finding]:
    settings = config.current()
    yield Finding(Level.OK, "settings", "They can be read.")
    if settings.workers > 1 and settings.uses_sqlite:
        advice = "Set WORKERS to 1, or DATABASE_URL to a PostgreSQL."
        yield Finding(Level.PROBLEM, "workers", f"{settings.workers} processes cannot share SQLite.", advice)
    else:
        yield Finding(Level.OK, "workers", f"{settings.workers} on {dumps.kind()}.")
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.trusted_proxies:
        advice = "Behind a proxy, set TRUSTED_PROXIES; otherwise put one that speaks HTTPS in front."
        yield Finding(Level.WARNING, "proxy", f"The server listens on {settings.host} and trusts no proxy.", advice)


def _secret_key() -> Iterator[Finding]:
    settings = config.current()
    if settings.secret_key:
        if len(settings.secret_key) < SHORT_KEY:
            advice = "Set SECRET_KEY to the output of: openssl rand -hex 32. Everybody signs in again."
            yield Finding(Level.WARNING, "secret key", f"It is shorter than {SHORT_KEY} characters.", advice)
        else:
            yield Finding(Level.OK, "secret key", "It is set.")
        return
    path = Path(settings.instance_path) / "secret_key"
    if not path.exists():
        yield Finding(Level.OK, "secret key", "It will be made when the server starts.")
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding(Level.PROBLEM, "secret key", f"Others may read {path}.", f"chmod 600 {path}")
    else:
        yield Finding(Level.OK, "secret key", "Only its owner reads it.")


def _schema() -> Iterator[Finding]:
    revision = dumps.revision()
    if system.is_newest(revision):
        yield Finding(Level.OK, "database", f"It is reachable, at revision {revision}.")
    elif revision and not system.knows(revision):
        advice = "Start the version of chatapp that it belongs to, or restore a backup."
        yield Finding(Level.PROBLEM, "database", f"Its revision {revision} is of a newer version.", advice)
    else:
        words = f"It is at revision {revision}, not the newest." if revision else "It has no tables."
        yield Finding(Level.PROBLEM, "database", words, "flask --app wsgi db upgrade")


def _journal() -> Iterator[Finding]:
    if not config.current().uses_sqlite:
        return
    mode = session.scalar(text("PRAGMA journal_mode"))
    release()
    if mode == "wal":
        yield Finding(Level.OK, "journal", "Readers and the writer do not wait for each other (WAL).")
    else:
        advice = "Keep the database on a local disk: network file systems do not carry WAL."
        yield Finding(Level.PROBLEM, "journal", f"SQLite works in mode {mode}, not WAL.", advice)


def _clock() -> Iterator[Finding]:
    """This machine's against the database's, which may be another machine's."""
    advice = "Let the machines take their time from the network (NTP)."
    if now() < RELEASED:
        yield Finding(Level.PROBLEM, "clock", f"It says {now():%Y-%m-%d}.", advice)
        return
    if not config.current().uses_sqlite:
        there: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        release()
        if abs(there - now()) > DRIFT:
            words = f"The database's is {abs(there - now()).total_seconds():.0f} s away from this machine's."
            yield Finding(Level.PROBLEM, "clock", words, advice)
            return
    yield Finding(Level.OK, "clock", f"{now():%Y-%m-%d %H:%M:%S} UTC.")


def _files() -> Iterator[Finding]:
    folder = config.current().files_in_force.absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(Level.PROBLEM, "files", f"{there} cannot be written to.", "Give it to the server's user.")
        return
    free = system.disk().free
    words = f"{free / GIB:.1f} GiB are free for {folder}."
    level = Level.PROBLEM if free < NO_SPACE else Level.WARNING if free < LITTLE_SPACE else Level.OK
    yield Finding(level, "files", words, "" if level is Level.OK else "Make room, or move FILES_PATH.")


def _redis() -> Iterator[Finding]:
    if not config.current().redis_url:
        return
    yield _reached(
        "redis", system.ask_redis, "Start Redis, or correct REDIS_URL. Until then answers take longer to show."
    )


def _provider(ask: bool) -> Iterator[Finding]:
    settings = config.current()
    name = settings.provider_in_force
    if name == "none":
        yield Finding(Level.WARNING, "model", "Nobody answers (PROVIDER=none).", "Set ANTHROPIC_API_KEY.")
    elif name == "offline":
        words = "The built-in offline model answers: fit for a look around only."
        yield Finding(Level.WARNING, "model", words, "Set ANTHROPIC_API_KEY.")
    elif not settings.anthropic_api_key:
        yield Finding(Level.PROBLEM, "model", "The service's key is not set.", "Set ANTHROPIC_API_KEY.")
    elif ask:
        yield _reached("model", system.ask_provider, "Look at ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL and the network.")
    else:
        yield Finding(Level.OK, "model", f"{settings.anthropic_model}; --ask asks whether the service is there.")


def _reached(subject: str, ask: Callable[[], str], advice: str) -> Finding:
    trouble = ask()
    if trouble:
        return Finding(Level.PROBLEM, subject, f"It does not answer: {trouble}", advice)
    return Finding(Level.OK, subject, "It answers.")
