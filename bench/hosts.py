"""The product as operators run it: on one machine with SQLite, or on several with PostgreSQL and Redis."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import stores
from tests.servers import ROOT, AppServer, RedisServer, postgres, wait_until

ERROR = re.compile(r"\berror\b|traceback|exception|database is locked", re.IGNORECASE)
VISITORS = 8  # at once, so that no worker takes them all
LOADED = 1.25  # times what it was is what a worker holds that has loaded all
OTHER_NAME = "localhost"  # of a second machine: one that every machine can look up, and that is not its own


@dataclass(frozen=True)
class Setup:
    """What the product runs on."""

    postgres: bool = False
    redis: bool = False
    workers: int = 1
    machines: int = 1

    def __str__(self) -> str:
        counts = [f"{self.machines} hosts"] if self.machines > 1 else []
        counts.append(f"{self.workers} worker{'s' if self.workers > 1 else ''}")
        return ", ".join([*counts, "PostgreSQL" if self.postgres else "SQLite", *(["Redis"] if self.redis else [])])


@dataclass(frozen=True)
class Hosts:
    """The hosts of one installation, and the API tokens of its people. `start` has them serve."""

    servers: Sequence[AppServer]
    tokens: Sequence[str]

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    @property
    def pids(self) -> list[int]:
        return [server.process.pid for server in self.servers if server.process]

    def start(self) -> None:
        """Processes that remember nothing, and logs that are empty; those of before are stopped."""
        for server in self.servers:
            server.stop()
            server.log.write_text("")
            server.start()

    def warm_up(self) -> None:
        """Wait until every worker has loaded what questions need: which of them is asked first, the system decides."""
        idle = self._sizes()

        def visited() -> bool:
            with ThreadPoolExecutor(VISITORS) as visitors:
                list(visitors.map(_visit, self.urls * VISITORS))
            return all(size > LOADED * idle[process] for process, size in self._sizes().items())

        wait_until(visited, timeout=120, interval=0.2)

    def operations(self) -> dict[str, float]:
        """What the stores behind all of them have done so far."""
        return stores.operations(self.servers[0].environ)

    def errors(self) -> list[str]:
        return [line for server in self.servers for line in errors_in(server.log)]

    def _sizes(self) -> dict[int, int]:
        """Resident bytes of each worker."""
        workers = [worker for pid in self.pids for worker in psutil.Process(pid).children()]
        return {worker.pid: worker.memory_info().rss for worker in workers}


def _visit(url: str) -> None:
    with urllib.request.urlopen(f"{url}/sign-in/") as page:
        page.read()


@contextlib.contextmanager
def running(
    setup: Setup, people: int, model_url: str = "", settings: Mapping[str, str] | None = None
) -> Iterator[Hosts]:
    """An installation of its own, migrated, with people in it. Without a model's address the offline model answers."""
    folder = Path(tempfile.mkdtemp(prefix="chatapp-bench-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        environ = _environ(setup, folder, model_url, stack) | dict(settings or {})
        names = [None, *[OTHER_NAME] * (setup.machines - 1)]
        servers = [
            AppServer(environ | {"INSTANCE_PATH": str(folder / str(number))}, _application(), host=name)
            for number, name in enumerate(names)
        ]
        for server in servers:
            stack.callback(server.log.unlink)
            stack.callback(server.kill)
        servers[0].flask("db", "upgrade")
        tokens = _people(servers[0], people)
        yield Hosts(servers, tokens)
        for server in servers:
            server.stop()


def _environ(setup: Setup, folder: Path, model_url: str, stack: contextlib.ExitStack) -> dict[str, str]:
    environ = {
        "SECRET_KEY": "bench",
        "FILES_PATH": str(folder / "files"),
        "WORKERS": str(setup.workers),
        "DATABASE_URL": f"sqlite:///{folder / 'chatapp.db'}",
        "AI_ASSISTANT_GLOBAL_DAILY_TOKEN_BUDGET": "0",
    }
    if setup.postgres:
        environ["DATABASE_URL"] = stack.enter_context(postgres())
    if setup.redis:
        redis = RedisServer().start()
        stack.callback(redis.kill)
        environ["REDIS_URL"] = redis.url
    if model_url:
        environ |= {"ANTHROPIC_API_KEY": "bench", "ANTHROPIC_BASE_URL": model_url}
    return environ


def _application() -> str:
    return "bench.profiled:app" if "BENCH_PROFILE" in os.environ else "wsgi:app"


def _people(server: AppServer, number: int) -> list[str]:
    command = [sys.executable, "-m", "bench.people", str(number)]
    done = subprocess.run(command, cwd=ROOT, env=server.environ, stdout=subprocess.PIPE, check=True)
    tokens: list[str] = json.loads(done.stdout)
    return tokens


def errors_in(log: Path) -> list[str]:
    """The lines of a server's log that tell of an error."""
    return [line for line in log.read_text().splitlines() if ERROR.search(line)]
