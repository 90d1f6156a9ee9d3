"""Two processes that tell each other of stored events: over Redis, and over PostgreSQL alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from bench.messages_server import MessagesServer
from chatapp import config
from chatapp.core import turns
from chatapp.db import new_id, release
from chatapp.stream import redis as redis_log
from chatapp.stream.follow import follow
from chatapp.stream.hub import hub
from chatapp.stream.notify import LONGEST, NotifyRelay, payloads
from chatapp.stream.relay import Parcel
from chatapp.values import Event
from tests import people as folk
from tests.servers import RedisServer, wait_until
from tests.stream import grammar
from tests.stream.asking import ask, events_of, read_on, shown
from tests.stream.process import Process
from tests.stream.test_processes import LONG, Pair

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SLOW_POLL = 60.0  # seconds: what comes sooner has come over the relay


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.kill()


@pytest.fixture
def related(make_app: Callable[..., Flask], spare: Process, redis: RedisServer) -> Iterator[Pair]:
    """Two processes with one Redis, that look into the store for each other's events only when they are told to."""
    app = make_app(redis_url=redis.url, poll_interval=SLOW_POLL)
    app.extensions["runner"].start()
    people = folk.settle()
    with MessagesServer() as server:
        spare.open(replace(config.current(), anthropic_api_key="key", anthropic_base_url=server.url))
        wait_until(lambda: app.extensions["runner"].relay.is_up)
        yield Pair(app, people, spare, server)
        spare.close()


@pytest.fixture
def notified(make_app: Callable[..., Flask], spare: Process) -> Iterator[Pair]:
    """Two processes on a database without Redis."""
    app = make_app(poll_interval=SLOW_POLL)
    app.extensions["runner"].start()
    people = folk.settle()
    with MessagesServer() as server:
        spare.open(replace(config.current(), anthropic_api_key="key", anthropic_base_url=server.url))
        wait_until(lambda: app.extensions["runner"].relay.is_up)
        yield Pair(app, people, spare, server)
        spare.close()


def reads_the_same_at_once(pair: Pair) -> None:
    turn = ask(pair.people.ana, "hello\n/slow 40\n/tool nonsense {}").turn
    pair.other.follow(turn.id)
    events = events_of(turn)
    pair.other.wait_for_end(turn.id)
    assert [(e.seq, e.json) for e in pair.other.events[turn.id]] == [(e.seq, e.json) for e in events]
    grammar.check(pair.other.events[turn.id])


def stops_there_what_is_cancelled_here(pair: Pair) -> None:
    turn_id, thread_id = pair.ask(pair.people.ana, LONG)
    with follow(turn_id) as follower:
        before = read_on(follower, lambda events: len(shown(events)) > 20)
        assert turns.cancel(pair.people.ana.user, thread_id)
        assert grammar.check(before + read_on(follower)).status == "cancelled"
    [call] = [request for request in pair.server.wait_for(1) if request.body.get("stream")]
    assert call.wait_closed(1.0), "the provider's connection stays open"


def test_a_reader_elsewhere_gets_the_same_bytes_over_redis(related: Pair) -> None:
    reads_the_same_at_once(related)


def test_a_cancel_here_stops_the_provider_there_over_redis(related: Pair) -> None:
    stops_there_what_is_cancelled_here(related)


@ON_POSTGRESQL
def test_a_reader_elsewhere_gets_the_same_bytes_over_postgresql_alone(notified: Pair) -> None:
    reads_the_same_at_once(notified)


@ON_POSTGRESQL
def test_a_cancel_here_stops_the_provider_there_over_postgresql_alone(notified: Pair) -> None:
    stops_there_what_is_cancelled_here(notified)


def test_answers_go_on_while_redis_is_gone_and_nothing_is_lost_or_repeated(
    make_app: Callable[..., Flask], spare: Process, redis: RedisServer
) -> None:
    app = make_app(redis_url=redis.url)
    runner = app.extensions["runner"]
    runner.start()
    people = folk.settle()
    spare.open(config.current())
    wait_until(lambda: runner.relay.is_up)
    release()
    there = [spare.ask(people.ana.id, "/slow 60")[0] for _ in range(3)]
    here = [ask(people.ben, "/slow 60").turn.id for _ in range(3)]
    for turn_id in here:
        spare.follow(turn_id)
        spare.wait_for_events(turn_id, 8)
    redis.kill()
    wait_until(lambda: not runner.relay.is_up)
    for turn_id in here:
        spare.wait_for_events(turn_id, 20)
    with follow(there[0]) as follower:
        read_on(follower, lambda events: len(events) > 12)
    redis.start()
    wait_until(lambda: runner.relay.is_up)
    for turn_id in there:
        assert grammar.check(events_of(turn_id)).status == "completed"
    for turn_id in here:
        spare.wait_for_end(turn_id)
        assert [e.json for e in spare.events[turn_id]] == [e.json for e in events_of(turn_id)]
    spare.close()


def test_a_gap_in_the_stream_is_filled_from_the_store(related: Pair, redis: RedisServer) -> None:
    turn_id, _ = related.ask(related.people.ana, '{"script": {"tokens": 100, "rate": 25}}')
    with follow(turn_id) as follower:
        read_on(follower, lambda events: len(events) > 4)
        channel = hub.join(turn_id, follower.position)
        hub.receive(turn_id, [Event.of(channel.last + 1_000, {"type": "later"})])
        hub.leave(channel)
        began = time.monotonic()
        events = events_of(turn_id)
    assert grammar.check(events).status == "completed"
    assert time.monotonic() - began < SLOW_POLL / 2


def test_streams_in_redis_are_bounded_and_expire(related: Pair, redis: RedisServer) -> None:
    turn = ask(related.people.ana, "/slow 3").turn
    events = events_of(turn)
    with redis_log.Redis.from_url(redis.url) as client:
        name = redis_log.STREAM.format(turn.id)
        wait_until(lambda: client.xlen(name) == len(events))
        assert 0 < client.ttl(name) <= redis_log.KEPT
        assert [key.decode() for key, _ in client.xrange(name)] == [f"{e.seq}-0" for e in events]


def test_notifications_name_every_turn_once_and_fit() -> None:
    turns_with_news = [new_id() for _ in range(1_000)]
    parcels = [Parcel(turn_id, [], stops=number % 7 == 0) for number, turn_id in enumerate(turns_with_news)]
    told = list(payloads([*parcels, None, *parcels]))
    assert max(map(len, told)) <= LONGEST and len(told) < 6
    words = [word for payload in told for word in payload.split()]
    assert [UUID(word.removeprefix("!")) for word in words] == turns_with_news
    assert [word for word in words if word.startswith("!")] == [f"!{t.hex}" for t in turns_with_news[::7]]


def test_a_relay_that_cannot_connect_says_so_and_keeps_trying(redis: RedisServer) -> None:
    relay = NotifyRelay("postgresql://nobody@127.0.0.1:1/none", hub, lambda turn_id: None)
    relay.start()
    relay.send(new_id(), [Event.of(1, {"type": "start"})], stops=False)
    assert not relay.is_up
    relay.close()
    assert issubclass(psycopg.OperationalError, relay.trouble)
