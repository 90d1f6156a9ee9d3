"""Over TLS the name of the server counts, though the connection goes to an address that was checked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chatapp import config
from chatapp.db import now
from chatapp.mcp import ServerTrouble
from chatapp.mcp.client import Client

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


def certificate(folder: Path) -> Path:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, pkcs8, plain) + signed.public_bytes(pem))
    return path


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server with a certificate for NAME that the client trusts."""
    path = certificate(tmp_path)
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=path)
    served.load_cert_chain(path)
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
