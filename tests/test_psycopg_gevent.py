"""How a worker of gevent waits for PostgreSQL."""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from time import monotonic

import gevent
import psycopg
import pytest
from psycopg import errors
from psycopg.waiting import Ready, Wait

from chatapp.psycopg_gevent import wait
from tests.servers import postgres

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def asks(*wanted: Wait) -> Generator[Wait, Ready, list[Ready]]:
    """What waits for these one after the other; what it was told each time."""
    told = []
    for each in wanted:
        told.append((yield each))
    return told


def test_others_go_on_until_there_is_something_to_read(pair: Pair) -> None:
    ours, theirs = pair
    waiting = gevent.spawn(wait, asks(Wait.R), ours.fileno(), 60.0)
    gevent.sleep(0)
    assert not waiting.ready()

    theirs.send(b"x")

    assert waiting.get(timeout=30) == [Ready.R]


def test_what_need_not_wait_does_not(pair: Pair) -> None:
    assert wait(asks(), pair[0].fileno(), 60.0) == []
    assert wait(asks(Wait.W), pair[0].fileno(), 60.0) == [Ready.W]


def test_who_waits_in_silence_is_told_so_now_and_then(pair: Pair) -> None:
    ours, theirs = pair

    def listens() -> Generator[Wait, Ready, list[Ready]]:
        told = [(yield Wait.R)]
        theirs.send(b"x")
        return [*told, (yield Wait.R)]

    assert wait(listens(), ours.fileno(), 0.01) == [Ready.NONE, Ready.R]


def test_patience_ends(pair: Pair) -> None:
    began = monotonic()
    with pytest.raises(errors._WaitTimeout):
        wait(asks(*[Wait.R] * 1000), pair[0].fileno(), 60.0, timeout=0.05)

    assert 0.05 <= monotonic() - began < 30


def test_what_goes_wrong_is_raised(pair: Pair) -> None:
    def breaks() -> Generator[Wait, Ready, None]:
        yield Wait.W
        raise errors.OperationalError("the server has gone")

    with pytest.raises(errors.OperationalError, match="gone"):
        wait(breaks(), pair[0].fileno(), 60.0)


def test_statements_and_notifications_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psycopg.waiting.wait", wait)
    with postgres() as url, psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        assert connection.execute("SELECT repeat('x', 1000000)").fetchone() == ("x" * 1_000_000,)
        with pytest.raises(errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        connection.execute("LISTEN news")
        assert list(connection.notifies(timeout=0.05)) == []
        connection.execute("NOTIFY news, 'something'")
        assert [news.payload for news in connection.notifies(timeout=30, stop_after=1)] == ["something"]

        (own,) = connection.execute("SELECT pg_backend_pid()").fetchone() or ()
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        with pytest.raises(errors.OperationalError):
            connection.execute("SELECT 1")
