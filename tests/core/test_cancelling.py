"""Cancelling: the turn is over when the call returns, and what was written is kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp.core import turns
from chatapp.core.starting import Started
from chatapp.db import release, session
from chatapp.errors import NotFound
from chatapp.models import Message, Thread, Turn
from chatapp.stream.follow import follow
from chatapp.values import Event, TurnStatus
from tests import people as folk
from tests.people import People, Person
from tests.stream import grammar
from tests.stream.asking import (
    ask,
    at_once,
    events_of,
    fresh,
    read_on,
    shown,
    shown_to_model,
    story_of,
    texts,
    visible,
    wait_for_text,
)

ROUNDS = 25


def cancel(person: Person, started: Started, partial_text: str | None = None) -> Turn | None:
    release()
    return turns.cancel(person.user, started.thread.id, partial_text)


def three_ticks(person: Person) -> Started:
    """A running answer that has shown three ticks."""
    started = ask(person, "/slow 1000")
    wait_for_text(started.turn, "tick 3 ")
    return started


def test_72_what_was_written_is_kept(people: People) -> None:
    started = three_ticks(people.ana)
    turn = cancel(people.ana, started)
    assert turn is not None and turn.status == TurnStatus.CANCELLED
    answer = visible(started.thread)[1]
    assert answer.interrupted
    assert answer.content.startswith("tick 1 tick 2 tick 3 ")
    assert "".join(f"tick {n} " for n in range(1, 1001)).startswith(answer.content)
    assert answer.blocks


def test_73_a_beginning_of_the_answer_may_be_kept_instead(people: People) -> None:
    started = three_ticks(people.ana)
    cancel(people.ana, started, "tick 1 ")
    assert texts(started.thread)[1] == "tick 1 "
    story = story_of(started.turn)
    assert story.turn["settings"]["partialTextApplied"] is True
    assert story.content.startswith("tick 1 tick 2 ")


def test_74_nobody_puts_words_into_the_answer(people: People) -> None:
    started = three_ticks(people.ana)
    cancel(people.ana, started, "I am hacked")
    assert texts(started.thread)[1].startswith("tick 1 tick 2 tick 3 ")
    assert story_of(started.turn).turn["settings"]["partialTextApplied"] is False


def test_an_empty_beginning_keeps_nothing(people: People) -> None:
    started = three_ticks(people.ana)
    cancel(people.ana, started, "")
    assert texts(started.thread) == ["/slow 1000"]
    assert story_of(started.turn).turn["outputMessageId"] is None


def test_75_before_any_text_there_is_no_answer(people: People) -> None:
    started = ask(people.ana, "/silent 60")
    cancel(people.ana, started)
    assert texts(started.thread) == ["/silent 60"]
    story = story_of(started.turn)
    assert (story.status, story.turn["outputMessageId"]) == ("cancelled", None)
    story_of(ask(people.ana, "next", started.thread).turn)
    assert [m.sequence_index for m in visible(started.thread)] == [1, 2, 3]


def test_76_without_a_running_answer_nothing_happens(people: People) -> None:
    started = ask(people.ana, "hello")
    story_of(started.turn)
    assert cancel(people.ana, started) is None
    assert fresh(Turn, started.turn.id).status == TurnStatus.COMPLETED


def test_only_the_owner_cancels(people: People) -> None:
    started = three_ticks(people.ana)
    for stranger in (people.ben, people.stan, people.sue):
        with pytest.raises(NotFound):
            cancel(stranger, started)
    assert fresh(Turn, started.turn.id).status == TurnStatus.RUNNING


def test_77_the_next_question_is_accepted_at_once(people: People) -> None:
    for _ in range(5):
        started = ask(people.ana, "/slow 1000")
        cancel(people.ana, started)
        following = ask(people.ana, "next", started.thread)
        assert story_of(following.turn).status == "completed"


def test_78_a_reader_is_told(people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    with follow(started.turn.id) as follower:
        before = read_on(follower, lambda events: "tick 2 " in shown(events))
        cancel(people.ana, started)
        events = before + read_on(follower)
    assert grammar.check(events).last == {"type": "abort"}
    assert "error" not in {event.type for event in events}
    assert [event.type for event in events[-4:]] == ["text-end", "finish-step", "data-turn", "abort"]


def test_nothing_is_written_after_a_cancel(app: Flask, people: People) -> None:
    started = three_ticks(people.ana)
    cancel(people.ana, started)
    events = events_of(started.turn)
    app.extensions["runner"].drain(5)
    app.extensions["runner"].flush()
    assert [e.json for e in events_of(started.turn)] == [e.json for e in events]


def test_what_was_consumed_is_accounted_as_an_estimate(people: People) -> None:
    started = three_ticks(people.ana)
    cancel(people.ana, started)
    turn = fresh(Turn, started.turn.id)
    answer, thread = visible(started.thread)[1], fresh(Thread, started.thread.id)
    assert turn.input_tokens == 2
    assert turn.output_tokens == len(answer.content) // 4
    assert not turn.usage_exact
    assert (thread.input_tokens, thread.output_tokens) == (turn.input_tokens, turn.output_tokens)


def test_an_interrupted_answer_is_marked_for_the_model(people: People) -> None:
    started = three_ticks(people.ana)
    cancel(people.ana, started)
    following = ask(people.ana, "/slow 1000", started.thread)
    said = shown_to_model(following)
    assert said[1].startswith("tick 1 tick 2 tick 3 ") and "interrupted" in said[1]


def test_cancels_at_once_end_it_once(app: Flask, people: People) -> None:
    started = three_ticks(people.ana)
    outcomes = at_once(app, *[partial(cancel, people.ana, started)] * 10)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes
    assert story_of(started.turn).status == "cancelled"
    assert len(visible(started.thread)) == 2


def test_a_cancel_that_meets_the_end_has_one_outcome(make_app: Callable[..., Flask]) -> None:
    # Writes to the store all the time, so that everything meets everything.
    make_app(offline_pace=0.001, merge_interval=0.001)
    people = folk.settle()
    chance = random.Random(1)
    answer = " ".join(str(n) for n in range(20))
    length = len(events_of(ask(people.ana, answer).turn))

    def arrived(moment: int, events: list[Event]) -> bool:
        return len(events) >= moment

    statuses = []
    for _ in range(ROUNDS):
        started = ask(people.ana, answer)
        with follow(started.turn.id) as follower:
            read_on(follower, partial(arrived, chance.randrange(length + 5)))
        turn = cancel(people.ana, started)
        story = story_of(started.turn)
        statuses.append(story.status)
        assert story.status == (turn.status if turn else "completed")
        answers = session.scalars(
            select(Message).where(Message.turn_id == started.turn.id, Message.role == "assistant")
        )
        assert len(answers.all()) <= 1
        assert turns.active(started.thread.id) is None
    assert set(statuses) == {"cancelled", "completed"}, "the rounds did not meet the end"
