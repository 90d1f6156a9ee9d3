"""Connections are kept for the next call, wherever that is safe, and for nothing else."""

from __future__ import annotations

import itertools
import os
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chatapp.providers import connections
from chatapp.providers.connections import Call
from chatapp.providers.wire import Transport
from tests.certificates import certificate, server_context
from tests.servers import wait_until

PATIENCE = 60.0
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
LAST_CHUNK = b"0\r\n\r\n"
SILENCE = b""
STAYS = "stays"
Act = bytes | Callable[[socket.socket], Any]


def hang_up(line: socket.socket) -> None:
    line.shutdown(socket.SHUT_RDWR)


def crash(line: socket.socket) -> None:
    """The connection is reset, as by a machine that knows nothing of it any more."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


class Service(socketserver.ThreadingTCPServer):
    """`plays` has a list a connection: what its first request is answered with, its second, and so on. After the last
    it says nothing more and waits for the client to leave. A function answers by itself, and hangs up unless it STAYS.
    """

    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def __init__(self, *plays: list[Act]) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.plays = list(plays)
        self.numbers = itertools.count()
        self.asked: list[int] = []  # the connection of each request
        self.left: list[int] = []  # those that are over

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}/"

    def get_request(self) -> tuple[socket.socket, Any]:
        line, address = super().get_request()
        return (self.tls.wrap_socket(line, server_side=True) if self.tls else line), address

    def handle_error(self, *_: object) -> None:
        """Who hangs up at will gets errors."""


class _Conversation(socketserver.StreamRequestHandler):
    server: Service

    def handle(self) -> None:
        number = self.number = next(self.server.numbers)
        for act in self.server.plays[number]:
            if not self._read():
                break
            self.server.asked.append(number)
            if not callable(act):
                self.connection.sendall(act)
            elif act(self.connection) != STAYS:
                break
        else:
            if self.rfile.read(1):
                self.server.asked.append(number)

    def _read(self) -> bool:
        length = 0
        for line in iter(self.rfile.readline, b"\r\n"):
            if not line:
                return False
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return len(self.rfile.read(length)) == length

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.server.left.append(self.number)


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    running: list[Service] = []

    def start(*plays: list[Act], tls: ssl.SSLContext | None = None) -> Service:
        service = Service(*plays)
        service.tls = tls
        running.append(service)
        threading.Thread(target=service.serve_forever, args=[0.01], daemon=True).start()
        return service

    yield start
    for service in running:
        service.shutdown()
        service.server_close()


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(transport=Transport(), timeout=PATIENCE) as made:
        yield made


def ask(client: httpx2.Client, service: Service, **options: Any) -> str:
    return client.post(service.url, content=b"{}", **options).text


Serve = Callable[..., Service]


def test_calls_share_a_connection(client: httpx2.Client, serve: Serve) -> None:
    refused = ANSWER.replace(b"200 OK", b"529 Overloaded")
    nothing = b"HTTP/1.1 204 No Content\r\n\r\n"
    service = serve([ANSWER, CHUNKED + LAST_CHUNK, refused, nothing, ANSWER])

    assert [ask(client, service) for _ in service.plays[0]] == ["hello", "hello", "hello", "", "hello"]
    assert service.asked == [0] * 5


def test_calls_at_once_have_a_connection_each(client: httpx2.Client, serve: Serve) -> None:
    service = serve([ANSWER, ANSWER], [ANSWER, ANSWER])
    with client.stream("POST", service.url) as first, client.stream("POST", service.url) as second:
        assert first.read() + second.read() == b"hellohello"
    assert ask(client, service) == "hello"
    assert len(set(service.asked)) == 2


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER.replace(b"OK\r\n", b"OK\r\nConnection: Keep-Alive, Close\r\n"),
        ANSWER.replace(b"HTTP/1.1", b"HTTP/1.0"),
        ANSWER + b"HTTP/1.1 200 OK",
        CHUNKED + LAST_CHUNK + b"0",
        (CHUNKED + LAST_CHUNK).replace(b"OK\r\n", b"OK\r\ncontent-length: 5\r\n"),
    ],
    ids=["close", "1.0", "more than its length", "more than its chunks", "two lengths"],
)
def test_a_connection_is_given_up_that_the_other_side_may_not_mean_to_keep(
    client: httpx2.Client, serve: Serve, answer: bytes
) -> None:
    service = serve([answer], [ANSWER])

    assert ask(client, service) == ask(client, service) == "hello"
    assert service.asked == [0, 1]


def test_a_body_without_a_length_ends_with_its_connection(client: httpx2.Client, serve: Serve) -> None:
    def say(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")

    service = serve([say], [ANSWER])

    assert ask(client, service) == ask(client, service) == "hello"
    assert service.asked == [0, 1]


def test_a_connection_that_was_closed_meanwhile_is_not_used(client: httpx2.Client, serve: Serve) -> None:
    def last(line: socket.socket) -> None:
        line.sendall(ANSWER)

    service = serve([ANSWER, last], [ANSWER])
    ask(client, service)
    ask(client, service)
    wait_until(lambda: service.left)

    assert ask(client, service) == "hello"
    assert service.asked == [0, 0, 1], "nothing was asked twice"


@pytest.mark.parametrize("leave", [hang_up, crash])
def test_who_hangs_up_on_a_kept_connection_is_asked_again(client: httpx2.Client, serve: Serve, leave: Act) -> None:
    service = serve([ANSWER, leave], [ANSWER])
    ask(client, service)

    assert ask(client, service) == "hello"
    assert service.asked == [0, 0, 1]


@pytest.mark.parametrize("leave", [hang_up, crash])
def test_who_hangs_up_on_a_new_connection_is_not_asked_again(client: httpx2.Client, serve: Serve, leave: Act) -> None:
    service = serve([ANSWER, leave], [leave], [ANSWER])
    ask(client, service)

    with pytest.raises(httpx2.TransportError):
        ask(client, service)
    assert service.asked == [0, 0, 1]


def test_who_has_begun_to_answer_is_not_asked_again(client: httpx2.Client, serve: Serve) -> None:
    def begin(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 2")

    service = serve([ANSWER, begin], [ANSWER])
    ask(client, service)

    with pytest.raises(httpx2.RemoteProtocolError):
        ask(client, service)
    assert service.asked == [0, 0]


def test_who_is_silent_is_not_asked_again(client: httpx2.Client, serve: Serve) -> None:
    service = serve([ANSWER, SILENCE], [ANSWER])
    ask(client, service)

    with pytest.raises(httpx2.ReadTimeout):
        ask(client, service, timeout=0.1)
    assert ask(client, service) == "hello", "and what it says later is no answer to the next question"
    assert service.asked == [0, 0, 1]


@pytest.mark.parametrize("short", [ANSWER[:-1], CHUNKED], ids=["sized", "chunked"])
def test_a_body_that_is_cut_short_is_an_error(client: httpx2.Client, serve: Serve, short: bytes) -> None:
    def say(line: socket.socket) -> None:
        line.sendall(short)

    with pytest.raises(httpx2.RemoteProtocolError):
        ask(client, serve([say]))


class TestAnswerThatIsOver:
    """Its reader stops at the event that says so. The end of its body may come later."""

    def hear(self, client: httpx2.Client, service: Service) -> None:
        call = Call()
        with call.being_made(), client.stream("POST", service.url) as response:
            for text in response.iter_text():
                assert text == "hello"
                call.answered = True
                break

    @pytest.mark.parametrize(
        ("end", "connection"), [(LAST_CHUNK, 0), (b"0\r\n", 1), (LAST_CHUNK + b"0", 1), (b"5\r\nagain\r\n", 1)]
    )
    def test_leaves_its_connection_if_the_end_has_come_when_it_is_wanted(
        self, client: httpx2.Client, serve: Serve, end: bytes, connection: int
    ) -> None:
        heard, ended = threading.Event(), threading.Event()

        def say(line: socket.socket) -> str:
            line.sendall(CHUNKED)
            heard.wait(PATIENCE)
            line.sendall(end)
            ended.set()
            return STAYS

        service = serve([say, ANSWER], [ANSWER])
        self.hear(client, service)
        heard.set()
        ended.wait(PATIENCE)

        assert ask(client, service) == "hello"
        assert service.asked == [0, connection]

    def test_waits_for_no_end(self, client: httpx2.Client, serve: Serve) -> None:
        service = serve([CHUNKED], [ANSWER])
        self.hear(client, service)

        assert ask(client, service) == "hello"
        assert service.asked == [0, 1]


class TestCut:
    def test_closes_the_connection(self, client: httpx2.Client, serve: Serve) -> None:
        service = serve([ANSWER, CHUNKED], [ANSWER])
        ask(client, service)
        call = Call()
        with (
            call.being_made(),
            pytest.raises(httpx2.RemoteProtocolError),
            client.stream("POST", service.url) as response,
        ):
            for _ in response.iter_bytes():
                threading.Thread(target=call.close).start()

        wait_until(lambda: service.left == [0])
        assert ask(client, service) == "hello"
        assert service.asked == [0, 0, 1]

    def test_of_a_call_that_has_not_begun_asks_nothing(self, client: httpx2.Client, serve: Serve) -> None:
        service = serve([ANSWER], [ANSWER])
        ask(client, service)
        call = Call()
        call.close()
        with call.being_made(), pytest.raises(httpx2.TransportError):
            ask(client, service)

        assert ask(client, service) == "hello"
        assert service.asked == [0, 1]

    def test_is_not_mended_by_asking_again(self, client: httpx2.Client, serve: Serve) -> None:
        call = Call()

        def be_cut(line: socket.socket) -> None:
            call.close()
            line.recv(1)

        service = serve([ANSWER, be_cut], [ANSWER])
        ask(client, service)
        with call.being_made(), pytest.raises(httpx2.TransportError):
            ask(client, service)

        assert service.asked == [0, 0]

    def test_after_the_end_leaves_the_next_call_alone(self, client: httpx2.Client, serve: Serve) -> None:
        closed = threading.Event()

        def say(line: socket.socket) -> None:
            line.sendall(CHUNKED)
            closed.wait(PATIENCE)
            line.sendall(LAST_CHUNK)

        service = serve([ANSWER, say])
        first = Call()
        with first.being_made():
            ask(client, service)
        with client.stream("POST", service.url) as response:
            first.close()
            closed.set()
            assert response.read() == b"hello"

        assert service.asked == [0, 0]


def test_what_was_idle_for_long_is_not_used(
    client: httpx2.Client, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve([ANSWER, ANSWER], [ANSWER], [ANSWER])
    ask(client, service)
    monkeypatch.setattr(connections, "LONGEST_IDLE", 0.0)
    ask(client, service)

    assert service.asked == [0, 1]
    wait_until(lambda: service.left == [0])


def test_few_are_kept(client: httpx2.Client, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_IDLE", 1)
    service = serve([ANSWER, ANSWER], [ANSWER, ANSWER])
    with client.stream("POST", service.url) as first, client.stream("POST", service.url) as second:
        first.read()
        second.read()

    wait_until(lambda: len(service.left) == 1)


def test_none_outlives_its_client(serve: Serve) -> None:
    service = serve([ANSWER])
    with httpx2.Client(transport=Transport(), timeout=PATIENCE) as client:
        ask(client, service)
        assert service.left == []

    wait_until(lambda: service.left == [0])


def test_a_forked_process_takes_none_of_its_parent(client: httpx2.Client, serve: Serve) -> None:
    service = serve([ANSWER, ANSWER], [ANSWER])
    ask(client, service)
    child = os.fork()
    if child == 0:
        os._exit(ask(client, service) != "hello")

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ask(client, service) == "hello"
    assert service.asked == [0, 1, 0]


def test_encrypted_calls_share_a_connection(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    service = serve([ANSWER, CHUNKED + LAST_CHUNK, hang_up], [ANSWER], tls=server_context(path))
    with httpx2.Client(transport=Transport(), timeout=PATIENCE) as client:
        assert [ask(client, service) for _ in range(3)] == ["hello"] * 3

    assert service.asked == [0, 0, 0, 1]
