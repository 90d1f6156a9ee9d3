"""Real servers for tests: started here, or a reason that names what to install."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

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
    with tempfile.TemporaryDirectory(prefix="chatapp-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder)).start()
        try:
            yield server.url
        finally:
            server.stop()


class PostgresServer:
    """A PostgreSQL cluster in `folder` that can be paused, stopped, and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        found = found or [Path(p) for p in [shutil.which("initdb")] if p]
        if not found:
            missing("PostgreSQL", "postgresql")
        self._binaries, self._folder = found[-1].parent, folder
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self._how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **as_user}
        self._port = free_port()
        self.url = f"postgresql://chatapp@127.0.0.1:{self._port}/postgres"
        if as_user:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-U", "chatapp", "-A", "trust", "-E", "UTF8", "--no-sync", check=True)

    def start(self) -> PostgresServer:
        settings = {"fsync": "off", "full_page_writes": "off", "jit": "off", "autovacuum": "off"}
        settings |= {"listen_addresses": "127.0.0.1", "max_connections": "300"}
        options = [f"-c{name}={value}" for name, value in settings.items()]
        command = [self._binaries / "postgres", "-D", self._folder / "data", "-p", str(self._port), "-k", self._folder]
        self._server = subprocess.Popen([*command, *options], **self._how)
        wait_until(lambda: _answers(self.url), timeout=30)
        return self

    def stop(self) -> None:
        """At once, as if it had crashed; gone when this returns."""
        self._run("pg_ctl", "-m", "immediate", "stop")
        self._server.wait(timeout=20)

    @property
    def runs(self) -> bool:
        return self._server.poll() is None

    def signal(self, number: int) -> None:
        """To all of its processes."""
        main = self._server.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for process in (main, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def _run(self, program: str, *options: str, check: bool = False) -> None:
        command = [self._binaries / program, "-D", self._folder / "data", *options]
        subprocess.run(command, check=check, **self._how)


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


@contextlib.contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address at which a thread of this process serves `app`: much sooner there than an `AppServer`."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Requests are no news in tests."""


def _elsewhere(host: str) -> list[str]:
    """What goes before a command to run it as if on a machine of that name; nothing where that is not allowed."""
    apart = ["unshare", "--uts", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    rename = [*apart, "sh", "-c", f'hostname {host} && exec "$@"', "sh"]
    allowed = subprocess.run([*rename, "true"], capture_output=True, check=False).returncode == 0
    return rename if allowed else []


class AppServer:
    """The product as an operator runs it: gunicorn with its configuration file, in a process of its own.

    `application` is another one than an operator's where tests need more in it; `host` another name of the machine,
    where the system allows that; `folder` holds the program, another version of it perhaps.
    """

    def __init__(
        self, environ: dict[str, str], application: str = "wsgi:app", host: str | None = None, folder: Path = ROOT
    ) -> None:
        self.application, self.folder = application, folder
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
                cwd=self.folder,
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
            cwd=self.folder,
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
