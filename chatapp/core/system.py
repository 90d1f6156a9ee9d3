"""How the installation is: its store, who works for it, what waits. Nothing here says a secret."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, TextClause, func, make_url, select, text

from chatapp import config, providers
from chatapp.db import Base, is_sqlite, now, release, session
from chatapp.market import ACTIVE_ORDERS
from chatapp.models import Artifact, AutomationRun, Order, SiteCounter, Turn, TurnLease
from chatapp.models.artifacts import WAITING
from chatapp.models.turns import ACTIVE_SQL, UNCOUNTED
from chatapp.providers import ProviderError
from chatapp.stream import workers
from chatapp.stream.hub import hub
from chatapp.version import __version__

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

STARTED = now()
PATIENCE = 3.0  # seconds that somebody else's service has to answer
MIGRATIONS = config.ROOT / "migrations"


@dataclass(frozen=True, slots=True)
class Program:
    version: str
    python: str
    started: datetime
    daily_work: datetime | None


@dataclass(frozen=True, slots=True)
class Database:
    """`place` is host and name, or a file; `size` in bytes."""

    kind: str
    version: str
    place: str
    size: int
    revision: str
    newest_revision: str

    @property
    def is_current(self) -> bool:
        return self.revision == self.newest_revision


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that executes answers. `is_dead` is known only of processes of this machine."""

    host: str
    pid: str
    turns: int
    renewed_at: datetime
    is_dead: bool
    is_this: bool


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Disk:
    """Of the folder of files; both in bytes."""

    folder: str
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of asking a service. `trouble` is empty when it is there."""

    name: str
    trouble: str
    milliseconds: int


def program() -> Program:
    daily = session.scalar(select(SiteCounter.period).where(SiteCounter.name == "daily_jobs"))
    return Program(__version__, platform.python_version(), STARTED, daily)


def database() -> Database:
    url = make_url(config.current().database)
    revision = session.scalar(text("SELECT version_num FROM alembic_version")) or ""
    if is_sqlite():
        version = session.scalar(text("SELECT sqlite_version()"))
        size = session.scalar(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
        return Database("SQLite", str(version), url.database or "", size or 0, revision, _newest_revision())
    version = session.scalar(text("SHOW server_version"))
    size = session.scalar(text("SELECT pg_database_size(current_database())"))
    place = f"{url.host or 'local'}:{url.port or 5432}/{url.database or ''}"
    return Database("PostgreSQL", str(version), place, size or 0, revision, _newest_revision())


def is_newest(revision: str) -> bool:
    """Whether a database of that revision is one that this version works with."""
    return revision == _newest_revision()


def knows(revision: str) -> bool:
    """Whether this version can bring a database of that revision to its own."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def relay() -> str:
    """What tells this process of answers that others write: its state in a word."""
    if hub.relay is None:
        return "none"
    return "up" if hub.relay.is_up else "down"


def working() -> Sequence[Worker]:
    """Those that hold leases of answers."""
    held = (func.count(), func.min(TurnLease.renewed_at))
    rows = session.execute(select(TurnLease.worker, *held).group_by(TurnLease.worker).order_by(TurnLease.worker)).all()
    dead, own = set(workers.dead_among(row[0] for row in rows)), workers.identity()
    found = []
    for name, turns, renewed_at in rows:
        place, _, process = name.rpartition("|")[0].rpartition("|")
        host = place.partition(":")[0] or name
        found.append(Worker(host, process, turns, renewed_at, name in dead, name == own))
    return found


def queues() -> Sequence[Queue]:
    """What is under way or waits, with the oldest of it."""
    open_runs = AutomationRun.status.in_(("pending", "running", "awaiting_approval"))
    return [
        _queue("Answers being written", Turn.created, Turn, ACTIVE_SQL),
        _queue("Orders", Order.created, Order, Order.state.in_(ACTIVE_ORDERS)),
        _queue("Runs of automations", AutomationRun.created, AutomationRun, open_runs),
        _queue("Files to be read", Artifact.created, Artifact, WAITING),
        _queue("Answers not yet in the figures", Turn.completed_at, Turn, UNCOUNTED),
    ]


def disk() -> Disk:
    folder = config.current().files_in_force
    usage = shutil.disk_usage(next(path for path in (folder, *folder.absolute().parents) if path.exists()))
    return Disk(str(folder), usage.total, usage.free)


def reach() -> Sequence[Reached]:
    """Ask the model service, and Redis where there is one, with little patience. Takes seconds at worst."""
    release()  # nobody waits for the store meanwhile
    asked = [_timed("Model service", ask_provider)]
    return [*asked, _timed("Redis", ask_redis)] if config.current().redis_url else asked


def _timed(name: str, ask: Callable[[], str]) -> Reached:
    begun = time.monotonic()
    trouble = ask()
    return Reached(name, trouble, round(1000 * (time.monotonic() - begun)))


def ask_provider() -> str:
    """What keeps the model service from answering; empty when it is there."""
    provider = providers.choose()
    if provider is None:
        return "No model is configured."
    try:
        provider.probe(PATIENCE)
    except ProviderError as error:
        return error.failure.message
    return ""


def ask_redis() -> str:
    """The same of Redis."""
    from redis import Redis, RedisError

    url = config.current().redis_url
    try:
        with Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as redis:
            redis.ping()
    except (RedisError, OSError, ValueError) as error:
        return type(error).__name__  # its words may hold the address
    return ""


def _queue(name: str, since: Any, table: type[Base], waits: ColumnElement[bool] | TextClause) -> Queue:
    counted: Select[int, datetime] = select(func.count(), func.min(since)).select_from(table).where(waits)
    waiting, oldest = session.execute(counted).one()
    return Queue(name, waiting, oldest)


@cache
def _newest_revision() -> str:
    return _scripts().get_current_head() or ""


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS))
