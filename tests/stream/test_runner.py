"""What drives the turns of a process: ceilings, stops, a store that is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer
from chatapp import providers
from chatapp.db import transaction
from chatapp.stream import log as event_log
from chatapp.stream.log import Portion
from chatapp.stream.sql import SqlLog
from chatapp.values import Event
from tests import people as folk
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import ask, at_once, story_of, texts, visible, wait_for_text


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


def test_silence_has_a_ceiling(make_app: Callable[..., Flask]) -> None:
    make_app(idle_limit=0.4)
    people = folk.settle()
    started = ask(people.ana, "hello\n/silent 60")
    story = story_of(started.turn)
    assert (story.status, story.turn["error"]["code"]) == ("failed", "provider_timeout")
    assert texts(started.thread)[1] == "You said: hello"


def test_an_answer_has_a_ceiling(make_app: Callable[..., Flask]) -> None:
    make_app(turn_limit=0.5)
    people = folk.settle()
    started = ask(people.ana, "/slow 1000")
    story = story_of(started.turn)
    assert (story.status, story.turn["error"]["code"]) == ("failed", "turn_timeout")
    assert texts(started.thread)[1].startswith("tick 1 ")
    assert story_of(ask(people.ana, "next", started.thread).turn).status == "completed"


def test_a_model_that_thinks_is_not_silent(make_app: Callable[..., Flask], server: MessagesServer) -> None:
    make_app(anthropic_api_key="key", anthropic_base_url=server.url, idle_limit=1.5)
    providers.warm_up()  # what a server does before it takes questions
    people = folk.settle()
    thoughts = Block("thinking", "hm " * 50)
    server.scripts = [Script(blocks=(thoughts, Block(text="42")), rate=20)]
    story = story_of(ask(people.ana, "think about it").turn)
    assert (story.status, story.content) == ("completed", "42")


def test_a_ceiling_closes_the_provider_s_connection(make_app: Callable[..., Flask], server: MessagesServer) -> None:
    make_app(anthropic_api_key="key", anthropic_base_url=server.url, idle_limit=0.8)
    providers.warm_up()
    people = folk.settle()
    server.scripts = [Script(text="one two", trouble="stall", after=1)]
    story = story_of(ask(people.ana, "hello").turn)
    assert (story.turn["error"]["code"], story.content) == ("provider_timeout", "one ")
    [call] = [request for request in server.requests if request.body.get("stream")]
    assert call.wait_closed(2)


def test_a_stop_lets_short_answers_finish_and_interrupts_long_ones(app: Flask, people: People) -> None:
    short, long = ask(people.ana, "/slow 15"), ask(people.ana, "/slow 100000")
    wait_for_text(long.turn, "tick 2 ")
    app.extensions["runner"].drain(1.5)
    assert story_of(short.turn).status == "completed"
    story = story_of(long.turn)
    assert (story.status, story.turn["error"]["code"]) == ("failed", "worker_lost")
    assert visible(long.thread)[1].content.startswith("tick 1 tick 2 ")


def test_a_stop_without_answers_waits_for_nothing(app: Flask, people: People) -> None:
    story_of(ask(people.ana, "hello").turn)
    began = monotonic()
    app.extensions["runner"].drain(60)
    assert monotonic() - began < 10


def test_closing_ends_every_thread(make_app: Callable[..., Flask]) -> None:
    before = set(threading.enumerate())
    app = make_app()
    people = folk.settle()
    ask(people.ana, "/slow 100000")
    story_of(ask(people.ben, "hello").turn)
    app.extensions["runner"].close()
    assert not [thread.name for thread in set(threading.enumerate()) - before]


class Flaky:
    """A log whose store is away from time to time: `failures` calls in a row."""

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}
        self._log = SqlLog()

    def append(self, portions: Sequence[Portion]) -> set[UUID]:
        self._maybe_fail("append")
        return self._log.append(portions)

    def add(self, turn_id: UUID, events: Sequence[Event]) -> None:
        self._log.add(turn_id, events)
        self._maybe_fail("add")

    def read(self, turn_id: UUID, after: int = 0) -> list[Event]:
        return self._log.read(turn_id, after)

    def read_many(self, positions: Mapping[UUID, int]) -> dict[UUID, list[Event]]:
        self._maybe_fail("read_many")
        return self._log.read_many(positions)

    def _maybe_fail(self, what: str) -> None:
        if self.failures.get(what, 0) > 0:
            self.failures[what] -= 1
            raise ConnectionError("the store is away")


def test_an_end_that_cannot_be_stored_is_stored_later(app: Flask, people: People) -> None:
    log = Flaky()
    event_log.use(log)
    started = ask(people.ana, "/slow 5")
    log.failures["add"] = 2
    story = story_of(started.turn)
    assert (story.status, log.failures["add"]) == ("completed", 0)
    assert texts(started.thread) == ["/slow 5", "tick 1 tick 2 tick 3 tick 4 tick 5 "]


def test_a_question_that_cannot_be_stored_starts_nothing(app: Flask, people: People) -> None:
    log = Flaky()
    event_log.use(log)
    log.failures["add"] = 1
    with pytest.raises(ConnectionError):
        ask(people.ana, "hello")
    assert story_of(ask(people.ana, "hello").turn).status == "completed"


def test_an_answer_for_which_there_is_no_thread_is_ended(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Exhausted(threading.Thread):
        def start(self) -> None:
            if self.name == "turn":
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(threading, "Thread", Exhausted)
    with pytest.raises(RuntimeError):
        ask(people.ana, "hello")
    assert app.extensions["runner"]._runs == {}, "its lease would be renewed for ever"


def test_a_crowd_of_answers_at_once(app: Flask, people: People) -> None:
    calls: list[Callable[[], Any]] = [partial(ask, people.ana, f"number {n}\n/slow 10") for n in range(25)]
    outcomes = at_once(app, *calls)
    for number, started in enumerate(outcomes):
        story = story_of(started.turn)
        assert story.status == "completed"
        assert story.content.startswith(f"You said: number {number}\n\ntick 1 ")


def test_a_deleted_thread_takes_its_running_answer_along(app: Flask, people: People) -> None:
    from chatapp.db import session

    started = ask(people.ana, "/slow 100000")
    wait_for_text(started.turn, "tick 2 ")
    with transaction():
        session.delete(session.get_one(type(started.thread), started.thread.id))
    wait_until(lambda: not app.extensions["runner"]._runs)
