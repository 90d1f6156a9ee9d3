"""Headers and bodies that arrive too slowly."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from urllib.request import urlopen

import pytest
from flask import Flask, Request

from chatapp.web import patience
from chatapp.web.patience import Watch
from tests.servers import AppServer

FORM = "application/x-www-form-urlencoded"
HEAD = f"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {FORM}\r\n"
WAIT = 30.0
HEADERS = 2  # seconds, for the server of these tests


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    folder = tmp_path_factory.mktemp("instance")
    shutil.copy(migrated_sqlite, folder / "chatapp.db")
    environ = {"INSTANCE_PATH": str(folder), "SECRET_KEY": "tests", "BODY_PATIENCE": "0.5"}
    server = AppServer(environ | {"GUNICORN_CMD_ARGS": f"--keep-alive {HEADERS}"})
    yield server.start()
    server.kill()


@pytest.mark.parametrize("begin", ["", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], ids=["first", "later"])
def test_headers_that_arrive_byte_by_byte_are_not_waited_for(server: AppServer, begin: str) -> None:
    """The first request of a connection, and one on a connection that has been answered before."""
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as connection:
        started = monotonic()
        connection.sendall(f"{begin}GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ".encode())
        ended = threading.Event()
        drip = threading.Thread(target=send_bytes_until, args=(connection, ended))
        drip.start()
        try:
            assert urlopen(f"{server.url}/healthz", timeout=WAIT).status == 200, "others are answered meanwhile"
            assert everything(connection).count("HTTP/1.1 200") == (1 if begin else 0)
        finally:
            ended.set()
            drip.join()
        assert monotonic() - started >= HEADERS, "it was closed for another reason"


def send_bytes_until(connection: socket.socket, ended: threading.Event) -> None:
    """A byte every tenth of a second: the connection is never silent."""
    with contextlib.suppress(OSError):
        while not ended.wait(0.1):
            connection.sendall(b"a")


def test_a_body_that_does_not_arrive_is_not_waited_for(server: AppServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as connection:
        connection.sendall(f"{HEAD}Content-Length: 500\r\n\r\nusername=ana".encode())
        assert "cannot be understood" in everything(connection)


def test_a_body_in_time_is_answered(server: AppServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as connection:
        connection.sendall(f"{HEAD}Content-Length: 12\r\n\r\nusername".encode())
        connection.sendall(b"=ana")
        assert "password is not right" in everything(connection)


def everything(connection: socket.socket) -> str:
    """What is said until the end of the connection, which was to be closed."""
    return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


def test_reading_ends_when_a_body_is_overdue_and_only_then() -> None:
    watch, (late, sender), (calm, other) = Watch(), socket.socketpair(), socket.socketpair()
    with late, sender, calm, other:
        for connection in (late, calm):
            connection.settimeout(WAIT)
        watch.expect(calm, 0.05)
        watch.arrived(calm)
        watch.expect(late, 0.05)
        assert late.recv(1) == b""
        other.sendall(b"x")
        assert calm.recv(1) == b"x"
        watch.expect(late, 0.0)  # which is no harm when it is closed
    watch.expect(late, 0.0)


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0.0),
        ({"CONTENT_LENGTH": "0"}, 0.0),
        ({"CONTENT_LENGTH": str(patience.SLOWEST * 10)}, 40.0),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, patience.UNKNOWN),
    ],
)
def test_large_bodies_have_more_time(app: Flask, environ: dict[str, str], seconds: float) -> None:
    assert patience.seconds(Request({"REQUEST_METHOD": "POST"} | environ)) == seconds
