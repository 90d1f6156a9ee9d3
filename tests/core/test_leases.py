"""No turn stays active for ever: whose worker is gone is ended, and its text kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from chatapp.core import executors, takeovers, turns
from chatapp.core.executors import Assignment
from chatapp.core.starting import Started
from chatapp.db import now, release, session, transaction
from chatapp.errors import NotFound
from chatapp.models import Turn, TurnLease
from chatapp.stream import log as event_log
from chatapp.stream.log import Portion
from chatapp.values import Event, TurnStatus, Usage
from tests import people as folk
from tests.people import People, Person
from tests.servers import wait_until
from tests.stream.asking import ask, at_once, fresh, story_of, texts, visible, wait_for_text


class Gone:
    """An executor that takes turns and is never heard of again."""

    worker = "elsewhere|1|1"
    accepts = True

    def submit(self, assignment: Assignment) -> None:
        pass

    def flush(self) -> None:
        pass

    def stop(self, turn_id: UUID) -> None:
        pass


def lost(app: Flask, person: Person, text: str = "", usage: Usage | None = None) -> Started:
    """A turn whose worker wrote `text` and died."""
    executors.use(Gone())
    started = ask(person, "hello")
    executors.use(app.extensions["runner"])
    events = [
        {"type": "start-step"},
        {"type": "text-start", "id": "t"},
        {"type": "text-delta", "id": "t", "delta": text},
    ]
    numbered = [Event.of(number, data) for number, data in enumerate(events, 3)]
    if text:
        event_log.current().append([Portion(started.turn.id, numbered, usage, "some-model")])
    return started


def age(started: Started, seconds: float) -> None:
    release()
    with transaction():
        moment = now() - timedelta(seconds=seconds)
        session.execute(update(TurnLease).where(TurnLease.turn_id == started.turn.id).values(renewed_at=moment))


def test_55_a_turn_with_a_void_lease_is_failed_when_somebody_looks(app: Flask, people: People) -> None:
    started = lost(app, people.ana, "half an ans")
    assert turns.get_own(people.ana.user, started.turn.id).status == TurnStatus.RUNNING
    age(started, 91)
    turn = turns.get_own(people.ana.user, started.turn.id)
    assert (turn.status, turn.error_code) == (TurnStatus.FAILED, "worker_lost")
    assert texts(started.thread) == ["hello", "half an ans"]
    assert visible(started.thread)[1].interrupted
    story_of(started.turn)
    assert story_of(ask(people.ana, "again", started.thread).turn).status == "completed"


def test_a_lost_turn_without_text_leaves_the_question_alone(app: Flask, people: People) -> None:
    started = lost(app, people.ana)
    age(started, 91)
    assert takeovers.reap() == 1
    assert story_of(started.turn).turn["outputMessageId"] is None
    assert texts(started.thread) == ["hello"]


def test_a_lost_turn_is_not_in_the_way_of_the_next_question(app: Flask, people: People) -> None:
    started = lost(app, people.ana, "half")
    age(started, 91)
    following = ask(people.ana, "again", started.thread)
    assert story_of(following.turn).status == "completed"
    assert story_of(started.turn).turn["error"]["code"] == "worker_lost"
    assert [m.sequence_index for m in visible(started.thread)] == [1, 2, 3, 4]


def test_what_a_lost_turn_consumed_is_accounted(app: Flask, people: People) -> None:
    started = lost(app, people.ana, "half an answer", Usage(40, 2, 30))
    age(started, 91)
    takeovers.reap()
    turn = fresh(Turn, started.turn.id)
    assert (turn.input_tokens, turn.cached_input_tokens, turn.output_tokens) == (40, 30, 3)
    assert (turn.model, turn.usage_exact) == ("some-model", False)


def test_only_lost_turns_are_reaped(app: Flask, people: People) -> None:
    running = ask(people.ana, "/slow 1000")
    fresh_one, old_one = lost(app, people.ben, "x"), lost(app, people.ben, "y")
    age(old_one, 91)
    assert takeovers.reap() == 1
    assert fresh(Turn, old_one.turn.id).status == TurnStatus.FAILED
    assert {fresh(Turn, t.turn.id).status for t in (running, fresh_one)} == {TurnStatus.RUNNING}


def test_a_worker_known_to_be_dead_is_not_waited_for(app: Flask, people: People) -> None:
    started = lost(app, people.ana, "half")
    assert takeovers.lease_holders() == {"elsewhere|1|1"}
    assert takeovers.reap(["somebody|2|2"]) == 0
    assert takeovers.reap(["elsewhere|1|1"]) == 1
    assert story_of(started.turn).turn["error"]["code"] == "worker_lost"


def test_many_reapers_end_a_turn_once(app: Flask, people: People) -> None:
    started = lost(app, people.ana, "half")
    age(started, 91)
    outcomes = at_once(app, *[takeovers.reap] * 10)
    assert sum(outcomes) == 1
    story_of(started.turn)
    assert len(visible(started.thread)) == 2


def test_a_lost_turn_can_be_cancelled(app: Flask, people: People) -> None:
    started = lost(app, people.ana, "half")
    turn = turns.cancel(people.ana.user, started.thread.id)
    assert turn is not None and turn.status == TurnStatus.CANCELLED
    assert texts(started.thread) == ["hello", "half"]


def test_a_worker_that_was_taken_for_dead_lets_go(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    people = folk.settle()
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 2 ")
    age(started, 91)
    assert takeovers.reap() == 1
    story = story_of(started.turn)
    assert story.turn["error"]["code"] == "worker_lost"
    app.extensions["runner"].drain(5)
    assert story_of(started.turn).content == story.content


def test_a_running_turn_renews_its_lease(make_app: Callable[..., Flask]) -> None:
    make_app(lease_renewal=0.1)
    people = folk.settle()
    started = ask(people.ana, "/slow 1000")
    age(started, 60)
    wait_until(lambda: fresh(TurnLease, started.turn.id).renewed_at > now() - timedelta(seconds=30))


def test_renewing_and_writing_never_wait_for_each_other(app: Flask, people: People) -> None:
    started = [lost(app, people.ana, "x") for _ in range(30)]
    ids = [one.turn.id for one in started]

    def write() -> None:
        for number in range(20):
            order = ids if number % 2 else ids[::-1]
            event_log.current().append([Portion(turn_id, (), Usage(number, number), "m") for turn_id in order])

    def renew() -> None:
        for number in range(20):
            takeovers.renew_leases(ids if number % 2 else ids[::-1])

    assert at_once(app, write, renew, write, renew) == [None] * 4


def test_a_turn_is_its_owner_s_alone(people: People) -> None:
    started = ask(people.ana, "hello")
    for stranger in (people.ben, people.stan):
        with pytest.raises(NotFound):
            turns.get_own(stranger.user, started.turn.id)
