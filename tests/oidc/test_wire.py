"""What the provider is asked with, when what answers is somebody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chatapp import config
from chatapp.oidc import SignInFailed, wire

ISSUER = "https://id.example.org"


class Elsewhere(BaseHTTPRequestHandler):
    """Leads on to its own /secret, with a document that would be believed."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = b'{"issuer": "x"}'
        self.send_response(200 if self.path == "/secret" else 302)
        self.send_header("Location", "/secret")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    Elsewhere.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def let_in(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    changed = replace(config.current(), oidc_issuer=ISSUER, oidc_allowed_hosts=hosts)
    monkeypatch.setattr(config, "_current", changed)


def test_a_redirect_is_followed_nowhere(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    let_in(monkeypatch, "127.0.0.1")
    with pytest.raises(SignInFailed) as failure:
        wire.get(f"{elsewhere}/keys")
    assert failure.value.code == "status_302"
    assert wire.post(f"{elsewhere}/token", {"code": "secret"}, {})[0] == 302
    assert Elsewhere.asked == ["/keys", "/token"]


def test_an_address_inside_the_network_is_not_asked(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    let_in(monkeypatch, "")
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        with pytest.raises(SignInFailed) as failure:
            wire.get(elsewhere.replace("127.0.0.1", host))
        assert failure.value.code == "address_refused"
    assert Elsewhere.asked == []
