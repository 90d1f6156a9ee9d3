"""Real MCP servers, and sites that know them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from chatapp.mcp import checking, servers
from chatapp.mcp.servers import Wish
from chatapp.models import McpServer
from tests import people as folk
from tests.mcp.server import TOKEN
from tests.people import People
from tests.servers import ROOT, free_port, wait_until

Site = Callable[..., People]


class Running:
    """The server of tests/mcp/server.py as a child process."""

    def __init__(self, mode: str) -> None:
        self.mode, self.port = mode, free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Running:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "tests.mcp.server", str(self.port), self.mode]
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)
            wait_until(self._is_ready, timeout=60)
        return self

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)

    @property
    def seen(self) -> list[dict[str, str]]:
        """The requests so far, each with its verb and headers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/seen", timeout=10) as response:
            return list(json.load(response))

    def _is_ready(self) -> bool:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=2).close()
            return True
        return False


@pytest.fixture(scope="session")
def started() -> Iterator[dict[str, Running]]:
    running = {mode: Running(mode) for mode in ("sse", "json")}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture
def running(started: dict[str, Running]) -> Running:
    """A server that answers by streams of events where it may."""
    return started["sse"].start()


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Site:
    """The application, which may reach servers on this machine, and its people."""

    def open_site(**changes: Any) -> People:
        make_app(**({"mcp_allowed_hosts": "127.0.0.1"} | changes))
        return folk.settle()

    return open_site


def added(people: People, url: str, prefix: str = "t", token: str = TOKEN, **wish: Any) -> McpServer:
    """A server that staff have added, asked for its tools."""
    server = servers.add(people.stan.user, Wish("Test tools", prefix, url, token, **wish))
    return checking.check(server.id)


def open_to(people: People, server: McpServer, audience: str) -> None:
    servers.set_audiences(people.stan.user, server.id, {tool.id: audience for tool in servers.get(server.id).tools})
