"""The installation that is broken: the product as operators run it, its database, its Redis, a model service."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from tests.servers import ROOT, AppServer, PostgresServer, RedisServer, free_port, wait_until

DISK = 600  # megabytes
LEASE_EXPIRY = 6.0
REAPING = 11.0  # seconds between two looks for turns that nobody writes any more
CLOCK = "CHAOS_CLOCK"
SETTINGS = {
    "SECRET_KEY": "chaos",
    "ANTHROPIC_API_KEY": "chaos",
    "ANTHROPIC_READ_TIMEOUT": "3",
    "LEASE_RENEWAL": "1",
    "LEASE_EXPIRY": str(LEASE_EXPIRY),
    "SHUTDOWN_GRACE": "8",
    "TITLE_WAIT": "0.1",
    "METRICS_TOKEN": "",
}


class ModelService:
    """The local Messages server, in a process that can be killed and started again at the same address."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self._port), "--tokens", "30", "--first", "0.05", "--rate", "15"]
        command = [sys.executable, "-m", "bench.messages_server", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
        wait_until(self._answers)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/v1/models").status_code == 200
        return False


class Site:
    """One installation on a disk of its own, where the system allows that."""

    def __init__(self, database: str, people: int) -> None:
        """`database` is sqlite, or postgresql, which comes with Redis and a second worker."""
        self.database = database
        self.folder = Path(tempfile.mkdtemp(prefix="chatapp-chaos-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as another user than root
        self.clock = self.folder / "clock"
        self.clock.write_text("0")
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.has_own_disk = _mounted(self.disk)
        self.model = ModelService()
        self.postgres = self.redis = None
        environ = SETTINGS | {
            "INSTANCE_PATH": str(self.disk),
            "ANTHROPIC_BASE_URL": self.model.url,
            CLOCK: str(self.clock),
        }
        if database == "postgresql":
            cluster = self.disk / "postgresql"
            cluster.mkdir()
            self.postgres, self.redis = PostgresServer(cluster), RedisServer()
            environ |= {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url, "WORKERS": "2"}
        self.app = AppServer(environ, "bench.chaos.clock:app")
        self._people = people

    def start(self) -> list[str]:
        """Start everything; the API tokens of the people."""
        self.model.start()
        for server in (self.postgres, self.redis):
            if server:
                server.start()
        self.app.flask("db", "upgrade")
        command = [sys.executable, "-m", "bench.people", str(self._people)]
        done = subprocess.run(command, cwd=ROOT, env=self.app.environ, stdout=subprocess.PIPE, check=True)
        self.app.start()
        return list(json.loads(done.stdout))

    def close(self) -> None:
        self.app.kill()
        self.app.log.unlink()
        self.model.kill()
        if self.redis:
            self.redis.kill()
        if self.postgres:
            self.postgres.stop()
        if self.has_own_disk:
            subprocess.run(["umount", "--lazy", self.disk], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def workers(self) -> list[int]:
        """The processes that serve requests, each known to have begun."""
        assert self.app.process
        return [child.pid for child in psutil.Process(self.app.process.pid).children()]

    def wait_until_ready(self, patience: float = 60.0) -> float:
        """Seconds until questions can be asked again. AssertionError when they cannot."""
        began = time.monotonic()
        wait_until(self._ready, timeout=patience, interval=0.1)
        return time.monotonic() - began

    def _ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.app.url}/readyz", timeout=10).status_code == 200
        return False


@contextlib.contextmanager
def running(database: str, people: int) -> Iterator[tuple[Site, list[str]]]:
    """A site and the API tokens of its people."""
    site = Site(database, people)
    try:
        yield site, site.start()
    finally:
        site.close()


def _mounted(folder: Path) -> bool:
    """Whether the folder is now a file system of its own, in memory; that takes root."""
    if os.geteuid():
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "chatapp-chaos", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
