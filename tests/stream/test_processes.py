"""Two processes on one database: this one, and one that executes the answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from flask import Flask

from bench.messages_server import MessagesServer
from chatapp import config
from chatapp.core import turns
from chatapp.db import release, session
from chatapp.errors import TurnActive
from chatapp.models import Message, TurnEvent
from chatapp.stream import workers
from chatapp.stream.follow import Follower, follow
from chatapp.values import Event, OnActive, TurnStatus
from tests import people as folk
from tests.people import People, Person
from tests.servers import wait_until
from tests.stream import grammar
from tests.stream.asking import (
    PATIENCE,
    ask,
    at_once,
    events_of,
    fresh,
    read_on,
    shown,
    story_of,
    trace_of,
    visible,
    wait_for_text,
)
from tests.stream.process import Process

LONG = '{"script": {"tokens": 5000, "rate": 50}}'
SHORT = '{"script": {"tokens": 60, "rate": 40}}'
QUICK = 10.0  # seconds, of the hundred that `LONG` takes: the machine may do other things as well


@dataclass(frozen=True)
class Pair:
    """`app` is here with the offline model, `other` elsewhere with the local Messages server."""

    app: Flask
    people: People
    other: Process
    server: MessagesServer

    def ask(self, person: Person, text: str) -> tuple[UUID, UUID]:
        """A turn that is executed elsewhere, and its thread."""
        release()
        return self.other.ask(person.id, text)


@pytest.fixture
def pair(make_app: Callable[..., Flask], spare: Process) -> Iterator[Pair]:
    app = make_app()
    app.extensions["runner"].start()
    people = folk.settle()
    with MessagesServer() as server:
        spare.open(replace(config.current(), anthropic_api_key="key", anthropic_base_url=server.url))
        yield Pair(app, people, spare, server)
        spare.close()


def test_a_reader_elsewhere_gets_the_same_bytes_at_once(pair: Pair) -> None:
    turn = ask(pair.people.ana, "hello\n/slow 40\n/tool nonsense {}").turn
    pair.other.follow(turn.id)
    events = events_of(turn)
    pair.other.wait_for_end(turn.id)
    assert [(e.seq, e.json) for e in pair.other.events[turn.id]] == [(e.seq, e.json) for e in events]
    grammar.check(pair.other.events[turn.id])
    delays = sorted(
        at - session.get_one(TurnEvent, (turn.id, event.seq)).at.timestamp()
        for event, at in zip(events, pair.other.arrivals[turn.id], strict=True)
    )
    # On a machine that others use most events may be late, but without the news of them none would be early.
    assert delays[len(delays) // 10] < 0.3, f"seconds until another process is shown an event: {delays}"


def test_a_reader_far_ahead_takes_nothing_from_others(pair: Pair) -> None:
    turn_id, _ = pair.ask(pair.people.ana, SHORT)
    with follow(turn_id, after=1_000_000) as ahead, follow(turn_id) as follower:
        reads, events = 0, []
        while not follower.ended:
            events += follower.read(timeout=PATIENCE)
            reads += 1
        assert reads <= len(events) + 2, "the reader asks again and again instead of waiting"
        wait_until(lambda: ahead.read(1) == [] and ahead.ended)
    assert grammar.check(events).status == "completed"


def test_a_cancel_here_stops_the_answer_and_the_provider_there(pair: Pair) -> None:
    turn_id, thread_id = pair.ask(pair.people.ana, LONG)
    with follow(turn_id) as follower:
        before = read_on(follower, lambda events: len(shown(events)) > 20)
        began = time.time()
        cancelled = turns.cancel(pair.people.ana.user, thread_id)
        assert cancelled is not None and cancelled.status == TurnStatus.CANCELLED
        after = read_on(follower)
        assert time.time() - began < QUICK
    [call] = [request for request in pair.server.wait_for(1) if request.body.get("stream")]
    assert call.wait_closed(QUICK), "the provider's connection stays open"
    assert grammar.check(before + after).status == "cancelled"
    wait_until(lambda: "calls" in trace_of(turn_id))
    trace = trace_of(turn_id)
    assert trace["stop"]["worker"] == pair.app.extensions["runner"].worker != trace["worker"]
    assert trace["stop"]["asked"] <= trace["calls"][-1]["closed"]
    assert abs(trace["calls"][-1]["closed"] / 1_000 - call.closed_at) < 0.5, "the receipt tells another time"
    pair.other.ask(pair.people.ana.id, "next", thread_id)


def test_a_cancel_here_leaves_no_reader_waiting_there(pair: Pair) -> None:
    for _ in range(5):
        turn_id, thread_id = pair.ask(pair.people.ana, LONG)
        pair.other.follow(turn_id)
        pair.other.wait_for_events(turn_id, 6)
        assert turns.cancel(pair.people.ana.user, thread_id)
        pair.other.wait_for_end(turn_id)
        assert grammar.check(pair.other.events[turn_id]).status == "cancelled"
        assert [e.json for e in pair.other.events[turn_id]] == [e.json for e in events_of(turn_id)]


def test_a_cancel_there_that_meets_the_end_here_leaves_no_reader_waiting(pair: Pair) -> None:
    answer = "/slow 4"
    length = len(events_of(ask(pair.people.ana, answer).turn))
    for moment in range(2, length + 1):
        started = ask(pair.people.ana, answer)
        with follow(started.turn.id) as follower:
            events: list[Event] = []
            while len(events) < moment and not follower.ended:
                events += follower.read(timeout=1)
            pair.other.cancel(pair.people.ana.id, started.thread.id)
            events += read_on(follower)
        assert grammar.check(events).status in ("cancelled", "completed")


def test_an_answer_there_is_in_the_way_here(pair: Pair) -> None:
    turn_id, thread_id = pair.ask(pair.people.ana, LONG)
    wait_for_text(turn_id, "the ")
    with pytest.raises(TurnActive) as refusal:
        ask(pair.people.ana, "me too", thread_id)
    assert refusal.value.turn_id == turn_id
    second = ask(pair.people.ana, "instead", thread_id, on_active=OnActive.INTERRUPT)
    assert story_of(second.turn).status == "completed"
    assert story_of(turn_id).status == "cancelled"
    assert [m.sequence_index for m in visible(second.thread)] == [1, 2, 3, 4]


def test_both_processes_at_once_never_answer_twice_in_a_thread(pair: Pair) -> None:
    first = ask(pair.people.ana, "hello")
    story_of(first.turn)
    thread = first.thread
    for _ in range(5):
        outcomes = at_once(
            pair.app,
            lambda: pair.other.ask(pair.people.ana.id, SHORT, thread.id),
            lambda: ask(pair.people.ana, "/slow 20", thread),
        )
        assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1, outcomes
        release()
        winner = turns.latest(thread.id)
        assert winner is not None
        story_of(winner)


def test_a_stopped_process_gives_its_answers_up_in_good_order(pair: Pair) -> None:
    turn_id, _ = pair.ask(pair.people.ana, LONG)
    wait_for_text(turn_id, "the quick ")
    pair.other.close()
    story = story_of(turn_id)
    assert story.turn["error"]["code"] == "worker_lost"
    assert story.content.startswith("the quick ")


def test_55_nothing_is_lost_when_a_process_is_killed(make_app: Callable[..., Flask], spare: Process) -> None:
    make_app().extensions["runner"].start()
    ana = folk.settle().ana
    with Process() as doomed, contextlib.ExitStack() as stack:
        worker = doomed.open(config.current())
        asked = [doomed.ask(ana.id, "/slow 100000") for _ in range(20)]
        followers = [stack.enter_context(follow(turn_id)) for turn_id, _ in asked]
        given: list[list[Event]] = [[] for _ in asked]
        wait_until(lambda: _read_all(followers, given) and all("tick 3 " in shown(events) for events in given))
        assert workers.dead_among([worker]) == []
        doomed.kill()
        assert workers.dead_among([worker]) == [worker]
        before = [shown(events) for events in given]
        spare.open(config.current())
        wait_until(lambda: _read_all(followers, given) and all(follower.ended for follower in followers))
        for (turn_id, _), events, text in zip(asked, given, before, strict=True):
            assert [e.json for e in events] == [e.json for e in events_of(turn_id)]
            _check_salvaged(turn_id, text)
        for turn_id, _ in [spare.ask(ana.id, "go on", thread_id) for _, thread_id in asked]:
            assert story_of(turn_id).status == "completed"
        spare.close()


def _read_all(followers: list[Follower], given: list[list[Event]]) -> bool:
    for follower, events in zip(followers, given, strict=True):
        events += follower.read(timeout=0)
    return True


def _check_salvaged(turn_id: UUID, given: str) -> None:
    story = story_of(turn_id)
    assert (story.status, story.turn["error"]["code"]) == ("failed", "worker_lost")
    message = fresh(Message, UUID(story.turn["outputMessageId"]))
    assert message.content.startswith(given), "a reader was shown more than is kept"
