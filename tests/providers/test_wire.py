"""The wire under the SDK: portions of answers, proxies, encrypted connections."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp.providers import FAILURES, ModelMessage, ModelRequest, ProviderError, Text, TextPart, Trouble
from chatapp.providers.anthropic import AnthropicProvider
from chatapp.providers.anthropic_protocol import Decoder
from chatapp.values import Role
from tests.certificates import certificate, server_context
from tests.providers.test_http1 import cut_up

HELLO = ModelRequest("", (ModelMessage(Role.USER, (TextPart("hello"),)),))
AUTHORIZATION = b"Proxy-Authorization: Basic YW5hOnNlY3JldA=="
STREAM = (
    'event: content_block_delta\r\ndata: {"type":"content_block_delta","index":0,'
    '"delta":{"type":"text_delta","text":"Tere \U0001f30d "}}\r\n\r\n'
    ": a comment\n\n"
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,\n'
    'data: "delta":{"type":"text_delta","text":"maailm"}}\n\n'
    'event: message_stop\ndata: {"type":"message_stop"}\n\n'
).encode()


@given(st.lists(st.integers(0, 10_000)))
def test_events_are_the_same_however_they_arrive(places: list[int]) -> None:
    decoder = Decoder()
    events = [event for piece in cut_up(STREAM, places) for event in decoder.feed(piece)]

    assert "".join(event.delta for event in events if isinstance(event, Text)) == "Tere \U0001f30d maailm"
    assert len(list(Decoder().feed(STREAM))) == 2, "texts that come together are one"


class Proxy(socketserver.ThreadingTCPServer):
    """Passes on what is asked of it, and remembers what that was."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.target = target
        self.asked: list[bytes] = []  # what each connection began with
        self.last_word = b""  # instead of passing anything on


class _Forward(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(65536)
        self.server.asked.append(head)
        if self.server.last_word:
            self.request.sendall(self.server.last_word)
            return
        with contextlib.closing(socket.create_connection(self.server.target)) as onward:
            if head.startswith(b"CONNECT "):
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                onward.sendall(head.replace(b"http://model.invalid", b"", 1))
            self._pump(onward)

    def _pump(self, onward: socket.socket) -> None:
        other = {onward: self.request, self.request: onward}
        while True:
            for ready in select.select(list(other), [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


@pytest.fixture
def proxy(server: MessagesServer) -> Iterator[Proxy]:
    host, port = server.url.removeprefix("http://").split(":")
    with Proxy((host, int(port))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def asking(base_url: str) -> AnthropicProvider:
    return AnthropicProvider(api_key="k", base_url=base_url, model="m", prices={}, max_retries=0)


def said(provider: AnthropicProvider) -> str:
    return "".join(event.delta for event in provider.stream(HELLO) if isinstance(event, Text))


def test_the_proxy_of_the_environment_is_used(
    server: MessagesServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.scripts = [Script(text="through the proxy")]
    monkeypatch.setenv("http_proxy", f"http://ana:secret@127.0.0.1:{proxy.server_address[1]}")

    provider = asking("http://model.invalid")
    assert said(provider) == said(provider) == "through the proxy"
    [asked] = proxy.asked
    assert asked.startswith(b"POST http://model.invalid/v1/messages")
    assert AUTHORIZATION in asked


def test_hosts_without_proxy_are_asked_directly(
    server: MessagesServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.scripts = [Script(text="directly")]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert said(asking(server.url)) == "directly"
    assert proxy.asked == []


def test_encrypted_calls_go_through_a_tunnel(
    server: MessagesServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://ana:secret@127.0.0.1:{proxy.server_address[1]}")
    proxy.last_word = b"HTTP/1.1 200 OK\r\n\r\n"  # nothing there speaks TLS

    with pytest.raises(ProviderError) as caught:
        said(asking("https://model.invalid"))

    assert caught.value.failure == FAILURES[Trouble.CONNECT]
    assert proxy.asked[0].startswith(b"CONNECT model.invalid:443 HTTP/1.")
    assert AUTHORIZATION in proxy.asked[0]
    assert server.requests == []


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesServer]:
    """A model server that is asked over TLS, and trusted."""
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with MessagesServer(tls=server_context(path)) as running:
        yield running


def test_encrypted_calls_share_a_tunnel(
    encrypted: MessagesServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
    proxy.target = (encrypted.host, encrypted.port)
    encrypted.scripts = [Script(text="through the tunnel")]

    provider = asking(encrypted.url)
    assert said(provider) == said(provider) == "through the tunnel"
    [asked] = proxy.asked
    assert asked.startswith(f"CONNECT 127.0.0.1:{encrypted.port} ".encode())


@pytest.mark.parametrize("last_word", [b"HTTP/1.1 407 No\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nmore", b"\r\n\r\n"])
def test_a_proxy_that_makes_no_tunnel_is_a_connection_trouble(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, last_word: bytes
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
    proxy.last_word = last_word

    with pytest.raises(ProviderError) as caught:
        said(asking("https://model.invalid"))

    assert caught.value.failure == FAILURES[Trouble.CONNECT]


def test_an_answer_over_tls_is_complete(encrypted: MessagesServer) -> None:
    text = "All of it, however it was cut up. " * 3_000
    encrypted.scripts = [Script(text=text), Script(text=text[:2_000], rate=2_000)]

    provider = asking(encrypted.url)
    assert said(provider) == text
    assert said(provider) == text[:2_000]


def test_an_answer_over_tls_is_cut_at_once(encrypted: MessagesServer) -> None:
    encrypted.scripts = [Script(tokens=100_000, rate=50)]
    stream = asking(encrypted.url).stream(HELLO)
    for event in stream:
        if isinstance(event, Text):
            threading.Thread(target=stream.close).start()

    (request,) = encrypted.wait_for(1)
    assert request.wait_closed(5)


def test_nobody_is_asked_who_cannot_prove_who_he_is(tmp_path: Path) -> None:
    with MessagesServer(tls=server_context(certificate(tmp_path))) as stranger, pytest.raises(ProviderError) as caught:
        said(asking(stranger.url))

    assert caught.value.failure == FAILURES[Trouble.CONNECT]
    assert stranger.requests == []
