"""Any number of readers, at any time, from any position: always the same events."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from chatapp import config
from chatapp.db import db
from chatapp.stream import log
from chatapp.stream.follow import follow
from chatapp.values import Event
from tests import people as folk
from tests.people import People
from tests.stream.asking import ask, events_of, read_on, story_of
from tests.stream.process import Process

QUESTION = "hello there\n/slow 25\n/tool nonsense {}\nand some more\n/slow 25"
LENGTH = 60  # about as many events as the answer has


def test_58_an_answer_goes_on_without_its_reader(people: People) -> None:
    started = ask(people.ana, "/slow 20")
    with follow(started.turn.id) as follower:
        read_on(follower, lambda events: len(events) >= 5)
    assert story_of(started.turn).content == "".join(f"tick {n} " for n in range(1, 21))


def test_59_a_reader_goes_on_where_it_was(people: People) -> None:
    turn = ask(people.ana, "/slow 20").turn
    with follow(turn.id) as follower:
        first = read_on(follower, lambda events: len(events) >= 5)
    rest = events_of(turn, after=first[4].seq)
    assert rest[0].seq == 6
    assert [e.json for e in first[:5] + rest] == [e.json for e in events_of(turn)]


def test_60_a_finished_turn_reads_the_same_every_time(people: People) -> None:
    turn = ask(people.ana, QUESTION).turn
    with follow(turn.id) as live:
        seen = read_on(live)
    assert [(e.seq, e.json) for e in seen] == [(e.seq, e.json) for e in events_of(turn)]
    assert [(e.seq, e.json) for e in seen] == [(e.seq, e.json) for e in events_of(turn)]


def test_64_two_readers_see_the_same(people: People) -> None:
    turn = ask(people.ana, "/slow 10").turn
    with follow(turn.id) as one, follow(turn.id) as other:
        assert [e.json for e in read_on(one)] == [e.json for e in read_on(other)]


def test_a_waiting_reader_holds_no_connection(people: People) -> None:
    turn = ask(people.ana, "/silent 60").turn
    with follow(turn.id) as follower:
        read_on(follower, lambda events: len(events) >= 3)
        follower.read(0)
        assert not db.session.registry.has() or not db.session().in_transaction()


class Wanderer:
    """A reader that comes and goes: it starts late, reads a little, loses its connection, comes back."""

    def __init__(self, app: Flask, turn_id: UUID, seed: int) -> None:
        self.bytes: dict[int, str] = {}
        self.failure: Exception | None = None
        self._app = app
        self._turn_id = turn_id
        self._chance = random.Random(seed)
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with self._app.app_context():
                self._wait_for_start()
                while not self._visit():
                    pass
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.failure = error

    def _wait_for_start(self) -> None:
        """Begin anywhere between the first event and after the last."""
        begin_at = self._chance.choice([0, self._chance.randrange(LENGTH), 10 * LENGTH])
        with follow(self._turn_id) as watch:
            read_on(watch, lambda events: len(events) >= begin_at)

    def _visit(self) -> bool:
        """One connection; whether it lasted to the end."""
        patience = self._chance.randrange(1, LENGTH)
        position = max(self.bytes, default=0)
        if self.bytes and self._chance.random() < 0.2:
            position = self._chance.randrange(position)  # the last ones never reached it
        with follow(self._turn_id, position) as follower:
            events = read_on(follower, lambda events: len(events) >= patience)
            ended = follower.ended
        received = events if ended else events[:patience]
        assert [e.seq for e in received] == list(range(position + 1, position + 1 + len(received)))
        for event in received:
            assert self.bytes.setdefault(event.seq, event.json) == event.json
        return ended


def _wander(app: Flask, turn_id: UUID, readers: int) -> None:
    wanderers = [Wanderer(app, turn_id, seed) for seed in range(readers)]
    for wanderer in wanderers:
        wanderer.thread.start()
    with follow(turn_id) as undisturbed:
        expected = {event.seq: event.json for event in read_on(undisturbed)}
    for wanderer in wanderers:
        wanderer.thread.join(30)
        assert wanderer.failure is None, wanderer.failure
        assert wanderer.bytes == expected
    replay = {event.seq: event.json for event in events_of(turn_id)}
    assert replay == expected
    story_of(turn_id)


def test_readers_that_come_and_go_see_what_the_others_see(app: Flask, people: People) -> None:
    turn = ask(people.ana, QUESTION).turn
    _wander(app, turn.id, 50)


def test_they_do_so_as_well_where_the_answer_is_not_made(make_app: Callable[..., Flask], spare: Process) -> None:
    app = make_app()
    app.extensions["runner"].start()
    people = folk.settle()
    spare.open(config.current())
    turn_id, _ = spare.ask(people.ana.id, QUESTION)
    _wander(app, turn_id, 50)
    spare.close()


def test_a_turn_that_ends_between_two_looks_is_told_to_its_end(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = ask(people.ana, "hello").turn
    kept = events_of(turn)
    store = log.current()
    looks = 0

    def read(turn_id: UUID, after: int = 0) -> list[Event]:
        """Finds nothing the first time: that was just before the end."""
        nonlocal looks
        looks += 1
        return type(store).read(store, turn_id, after) if looks > 1 else []

    monkeypatch.setattr(store, "read", read)
    with follow(turn.id, after=2) as follower:
        assert [event.json for event in read_on(follower)] == [event.json for event in kept[2:]]
