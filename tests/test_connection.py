"""The server's connections (gunicorn.conf.py)."""

from __future__ import annotations

import runpy
import socket
import threading

import gevent
import pytest

from tests.servers import ROOT


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
