"""Over TLS the name of the server counts, though the connection goes to an address that was checked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chatapp import config
from chatapp.mcp import ServerTrouble
from chatapp.mcp.client import Client
from tests.certificates import certificate, server_context

NAME = "tools.example"


class Handler(BaseHTTPRequestHandler):
    hosts: list[str] = []

    def do_POST(self) -> None:
        self.hosts.append(self.headers["Host"])
        body = b'{"id":1,"result":{"content":[]}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server with a certificate for NAME that the client trusts."""
    path = certificate(tmp_path, NAME)
    served, trusted = server_context(path), ssl.create_default_context(cafile=path)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = served.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    monkeypatch.setattr(config, "_current", replace(config.Settings(), mcp_allowed_hosts="127.0.0.1"))
    monkeypatch.setattr(httpx2, "create_ssl_context", lambda: trusted)
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_name_of_the_address_is_asked_for_and_proved(port: int) -> None:
    with Client(f"https://{NAME}:{port}/mcp", "", 5, "2026-07-28") as client:
        assert client.call("x", {}, {}) == {"content": []}
    assert Handler.hosts[-1] == f"{NAME}:{port}"


def test_a_server_that_cannot_prove_its_name_gets_nothing(port: int) -> None:
    before = len(Handler.hosts)
    with (
        Client(f"https://other.example:{port}/mcp", "", 5, "2026-07-28") as client,
        pytest.raises(ServerTrouble, match="cannot be reached"),
    ):
        client.call("x", {}, {})
    assert len(Handler.hosts) == before
