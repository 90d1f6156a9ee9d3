"""Bodies that arrive too slowly."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Request

from chatapp.web import patience
from chatapp.web.patience import Watch
from tests.servers import AppServer

FORM = "application/x-www-form-urlencoded"
HEAD = f"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {FORM}\r\n"
WAIT = 30.0


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    folder = tmp_path_factory.mktemp("instance")
    shutil.copy(migrated_sqlite, folder / "chatapp.db")
    server = AppServer({"INSTANCE_PATH": str(folder), "SECRET_KEY": "tests", "BODY_PATIENCE": "0.5"})
    yield server.start()
    server.kill()


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
