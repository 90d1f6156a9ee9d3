"""Real servers for tests: started here, or a reason that names what to install."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent


def missing(what: str, package: str) -> None:
    """Skip a test that needs a server which is not installed; under CI that is a failure."""
    reason = f"{what} is not installed: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition, timeout: float = 60.0, interval: float = 0.02):
    """The first true value of `condition()`; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {timeout} s: {condition}")
        time.sleep(interval)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """URL of an empty PostgreSQL cluster of its own, without durability."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(p) for p in [shutil.which("initdb")] if p]
    if not found:
        missing("PostgreSQL", "postgresql")
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="chatapp-pg-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(
        [
            *as_user,
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "chatapp",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ],
        check=True,
        **quiet,
    )
    settings = {"fsync": "off", "full_page_writes": "off", "jit": "off", "autovacuum": "off"}
    settings |= {"listen_addresses": "127.0.0.1", "max_connections": "300"}
    options = [f"-c{name}={value}" for name, value in settings.items()]
    server = subprocess.Popen(
        [*as_user, binaries / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder, *options], **quiet
    )
    url = f"postgresql://chatapp@127.0.0.1:{port}/postgres"
    try:
        wait_until(lambda: _answers(url), timeout=30)
        yield url
    finally:
        subprocess.run([*as_user, binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], **quiet)
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


class RedisServer:
    """A Redis of its own that can be killed and started again at the same address, empty."""

    def __init__(self) -> None:
        self._program = shutil.which("redis-server") or missing("Redis", "redis-server")
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisServer:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL, cwd="/")
        wait_until(self._answers)
        return self

    def kill(self) -> None:
        """kill -9; it is gone when this returns."""
        assert self._process
        self._process.kill()
        self._process.wait(timeout=10)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False


def _elsewhere(host: str) -> list[str]:
    """What goes before a command to run it as if on a machine of that name; nothing where that is not allowed."""
    apart = ["unshare", "--uts", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    rename = [*apart, "sh", "-c", f'hostname {host} && exec "$@"', "sh"]
    allowed = subprocess.run([*rename, "true"], capture_output=True, check=False).returncode == 0
    return rename if allowed else []


class AppServer:
    """The product as an operator runs it: gunicorn with its configuration file, in a process of its own.

    `application` is another one than an operator's where tests need more in it; `host` another name of the machine,
    where the system allows that.
    """

    def __init__(self, environ: dict[str, str], application: str = "wsgi:app", host: str | None = None) -> None:
        self.application = application
        self.on_host = _elsewhere(host) if host else []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC", "DATABASE"))}
        self.environ |= {"HOST": "127.0.0.1", "PORT": str(self.port), "LOG_LEVEL": "WARNING"} | environ
        self.log = Path(tempfile.mkstemp(prefix="chatapp-log-")[1])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> AppServer:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.on_host, sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", self.application],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until(self._ready, timeout=90)
        except AssertionError:
            self.kill()
            raise AssertionError(self.log.read_text()) from None
        return self

    def flask(self, *args: str, input: str = "") -> str:
        """Run a command of the application beside the running server; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *args],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            input=input.encode(),
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def stop(self, timeout: float = 40) -> None:
        """As an operator does: SIGTERM and wait."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout)
            self.process = None

    def kill(self) -> None:
        """kill -9 of the server and its workers."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, 9)
            self.process.wait(10)
            self.process = None

    def _ready(self) -> bool:
        if self.process and self.process.poll() is not None:
            raise AssertionError("the server ended")
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=10).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True
