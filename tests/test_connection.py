"""The server's connections (gunicorn.conf.py)."""

from __future__ import annotations

import runpy
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import pytest

from tests.servers import ROOT

HEAD = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n"


@pytest.fixture
def connected() -> Iterator[tuple[Any, socket.socket]]:
    """A connection of the server, and its client."""
    here, there = socket.socketpair()
    connection = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["Connection"](fileno=here.detach())
    there.setblocking(False)
    yield connection, there
    with suppress(OSError):
        connection.close()
    there.close()
    gevent.get_hub().destroy(destroy_loop=True)


@pytest.mark.parametrize("size", [0, 100, 8_000_000])
def test_all_of_a_piece_arrives_however_little_the_system_takes_at_once(size: int) -> None:
    sent, arrived = bytes(range(250)) * (size // 250), bytearray()
    here, there = socket.socketpair()

    def read() -> None:
        while piece := there.recv(100_000):
            arrived.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        connection = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["Connection"](fileno=here.detach())
        connection.sendall(sent)
        connection.close()
    finally:
        reader.join(30)
        there.close()
        gevent.get_hub().destroy(destroy_loop=True)
    assert bytes(arrived) == sent


def test_the_head_of_an_answer_goes_with_its_first_piece(connected: tuple[Any, socket.socket]) -> None:
    connection, client = connected
    connection.sendall(HEAD)
    with pytest.raises(BlockingIOError):
        client.recv(1000)
    connection.sendall(b"2\r\nhi\r\n")
    assert client.recv(1000) == HEAD + b"2\r\nhi\r\n"
    connection.sendall(b"0\r\n\r\n")
    assert client.recv(1000) == b"0\r\n\r\n"


@pytest.mark.parametrize("then", ["recv", "shutdown", "close", "sendfile"])
def test_a_head_that_nothing_follows_is_sent(then: str, connected: tuple[Any, socket.socket], tmp_path: Path) -> None:
    connection, client = connected
    connection.sendall(HEAD)
    if then == "recv":
        client.send(b"GET /")
        assert connection.recv(100) == b"GET /"
    elif then == "sendfile":
        (tmp_path / "file").write_bytes(b"")
        with (tmp_path / "file").open("rb") as file:
            connection.sendfile(file)
    else:
        getattr(connection, then)(*[socket.SHUT_WR][: then == "shutdown"])
    assert client.recv(1000) == HEAD


def test_a_connection_whose_client_has_gone_is_closed_all_the_same(connected: tuple[Any, socket.socket]) -> None:
    connection, client = connected
    connection.sendall(HEAD)
    client.close()
    with pytest.raises(OSError):
        connection.close()
    assert connection.fileno() == -1


def test_heads_of_answers_without_bodies_keep_their_order(connected: tuple[Any, socket.socket]) -> None:
    connection, client = connected
    connection.sendall(HEAD)
    connection.sendall(HEAD.replace(b"200 OK", b"204 NO CONTENT"))
    connection.flush()
    assert client.recv(1000) == HEAD + HEAD.replace(b"200 OK", b"204 NO CONTENT")
