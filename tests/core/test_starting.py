"""Starting answers: one at a time in a thread, whoever asks at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from chatapp import providers
from chatapp.core import turns
from chatapp.core.starting import Started
from chatapp.db import release, session
from chatapp.errors import (
    KeyReused,
    ModelUnavailable,
    NotFound,
    ShuttingDown,
    TooManyTurns,
    TurnActive,
)
from chatapp.models import Message, Thread, Turn, TurnEvent, TurnLease
from chatapp.values import ACTIVE, Mode, OnActive, TurnStatus
from tests.people import People
from tests.plans import plans
from tests.stream.asking import ask, at_once, events_of, fresh, story_of, texts, visible, wait_for_text

CROWD = 20


def count(model: type, *where: object) -> int:
    release()
    return session.scalar(select(func.count()).select_from(model).where(*where)) or 0  # type: ignore[arg-type]


def test_45_a_running_answer_has_a_question_and_no_message_yet(people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 2 ")
    assert texts(started.thread) == ["/slow 1000"]
    latest = turns.latest(started.thread.id)
    assert latest is not None and latest.status == TurnStatus.RUNNING


def test_46_a_second_question_is_refused_and_harms_nothing(people: People) -> None:
    started = ask(people.ana, "/slow 20")
    with pytest.raises(TurnActive) as refusal:
        ask(people.ana, "me too", started.thread)
    assert refusal.value.turn_id == started.turn.id
    assert story_of(started.turn).content.endswith("tick 20 ")
    assert len(visible(started.thread)) == 2


def test_47_waldur_73_an_interrupting_question_ends_the_first(people: People) -> None:
    first = ask(people.ana, "/slow 1000")
    wait_for_text(first.turn, "tick 2 ")
    second = ask(people.ana, "instead", first.thread, on_active=OnActive.INTERRUPT)
    assert story_of(first.turn).status == "cancelled"
    assert story_of(second.turn).content == "You said: instead"
    messages = visible(first.thread)
    assert [m.sequence_index for m in messages] == [1, 2, 3, 4]
    assert messages[1].content.startswith("tick 1 tick 2 ")


def test_waldur_70_places_count_up(people: People) -> None:
    first = ask(people.ana, "one")
    story_of(first.turn)
    story_of(ask(people.ana, "two", first.thread).turn)
    assert [(m.sequence_index, m.role) for m in visible(first.thread)] == [
        (1, "user"),
        (2, "assistant"),
        (3, "user"),
        (4, "assistant"),
    ]


def test_48_of_many_questions_at_once_one_is_answered(app: Flask, people: People) -> None:
    thread = _thread(people)
    outcomes = at_once(app, *[partial(ask, people.ana, "/slow 1000", thread)] * CROWD)
    winners = [outcome for outcome in outcomes if isinstance(outcome, Started)]
    assert [type(o) for o in outcomes if not isinstance(o, Started)] == [TurnActive] * (CROWD - 1), outcomes
    assert {o.turn_id for o in outcomes if isinstance(o, TurnActive)} == {winners[0].turn.id}
    assert count(Turn, Turn.thread_id == thread.id) == 2
    assert len(visible(thread)) == 3


def test_many_interrupting_questions_are_all_answered_or_cancelled(app: Flask, people: People) -> None:
    thread = _thread(people)
    calls = [partial(ask, people.ana, f"number {n}", thread, on_active=OnActive.INTERRUPT) for n in range(CROWD)]
    outcomes = at_once(app, *calls)
    assert all(isinstance(outcome, Started) for outcome in outcomes), outcomes
    stories = [story_of(outcome.turn) for outcome in outcomes]
    assert {story.status for story in stories} <= {"cancelled", "completed"}
    assert count(Turn, Turn.thread_id == thread.id, Turn.status.in_(ACTIVE)) == 0
    indices = [m.sequence_index for m in visible(thread)]
    assert indices == list(range(1, len(indices) + 1))
    assert {m.content for m in visible(thread) if m.role == "user"} >= {f"number {n}" for n in range(CROWD)}


def test_49_another_thread_is_free(people: People) -> None:
    first = ask(people.ana, "/slow 1000")
    assert story_of(ask(people.ana, "hello").turn).status == "completed"
    assert fresh(Turn, first.turn.id).status == TurnStatus.RUNNING


def test_50_a_concurrency_key_is_held_across_threads(people: People) -> None:
    first = ask(people.ana, "/slow 1000", concurrency_key="report")
    with pytest.raises(TurnActive) as refusal:
        ask(people.ana, "hello", concurrency_key="report")
    assert refusal.value.turn_id == first.turn.id
    ask(people.ben, "hello", concurrency_key="report")
    ask(people.ana, "hello", concurrency_key="other")
    interrupting = ask(people.ana, "hello", concurrency_key="report", on_active=OnActive.INTERRUPT)
    assert story_of(first.turn).status == "cancelled"
    assert story_of(interrupting.turn).status == "completed"
    story_of(ask(people.ana, "hello", concurrency_key="report").turn)


def test_a_key_that_many_threads_want_at_once_goes_to_one(app: Flask, people: People) -> None:
    threads = [_thread(people) for _ in range(6)]
    calls = [partial(ask, people.ana, "/slow 1000", thread, concurrency_key="report") for thread in threads]
    outcomes = at_once(app, *calls)
    assert sorted(type(o).__name__ for o in outcomes) == ["Started"] + ["TurnActive"] * 5, outcomes


def test_a_key_that_many_threads_interrupt_for_goes_round(app: Flask, people: People) -> None:
    threads = [_thread(people) for _ in range(6)]
    wish = {"concurrency_key": "report", "on_active": OnActive.INTERRUPT}
    outcomes = at_once(app, *[partial(ask, people.ana, "hello", thread, **wish) for thread in threads])
    assert all(isinstance(outcome, Started) for outcome in outcomes), outcomes
    assert {story_of(outcome.turn).status for outcome in outcomes} <= {"cancelled", "completed"}


def test_two_answers_in_the_way_are_both_interrupted(app: Flask, people: People) -> None:
    """Two threads, each with an answer that holds the key the other one asks for: nobody waits for ever."""
    for _ in range(3):
        one = ask(people.ana, "/slow 1000", concurrency_key="second")
        two = ask(people.ana, "/slow 1000", concurrency_key="first")
        interrupt = {"on_active": OnActive.INTERRUPT}
        outcomes = at_once(
            app,
            partial(ask, people.ana, "a", one.thread, concurrency_key="first", **interrupt),
            partial(ask, people.ana, "b", two.thread, concurrency_key="second", **interrupt),
        )
        assert all(isinstance(outcome, Started) for outcome in outcomes), outcomes
        assert {story_of(started.turn).status for started in (one, two)} == {"cancelled"}
        assert {story_of(started.turn).status for started in outcomes} <= {"cancelled", "completed"}


def test_one_person_has_so_many_answers_at_once(app: Flask, people: People) -> None:
    calls = [partial(ask, people.ana, "/slow 1000", active_limit=3)] * CROWD
    outcomes = at_once(app, *calls)
    assert sorted(type(o).__name__ for o in outcomes) == ["Started"] * 3 + ["TooManyTurns"] * (CROWD - 3), outcomes
    assert count(Thread) == 3, "a refused question leaves no trace"
    ask(people.ben, "/slow 1000", active_limit=3)
    with pytest.raises(TooManyTurns):
        ask(people.ana, "one more", active_limit=3)


def test_what_is_in_the_way_is_found_among_active_answers_alone(people: People) -> None:
    started = ask(people.ana, "first")
    story_of(started.turn)
    again = partial(ask, people.ana, "again", started.thread, active_limit=5, concurrency_key="slot")
    looks = [line for line in plans(again, "status in ('pending'") if "turns" in line]
    assert len(looks) == 3
    assert all("uq_turns_one_active" in line for line in looks), looks


def test_65_a_used_key_gives_the_turn_it_made(people: People) -> None:
    first = ask(people.ana, "hello", _thread(people), idempotency_key="k")
    events = events_of(first.turn)
    again = ask(people.ana, "hello", first.thread, idempotency_key="k")
    assert again.replayed and again.turn.id == first.turn.id
    assert events_of(again.turn) == events
    assert count(Turn, Turn.thread_id == first.thread.id) == 2


def test_66_a_key_gives_a_running_turn_rather_than_a_conflict(people: People) -> None:
    first = ask(people.ana, "/slow 1000", _thread(people), idempotency_key="k")
    again = ask(people.ana, "/slow 1000", first.thread, idempotency_key="k", on_active=OnActive.INTERRUPT)
    assert again.replayed and again.turn.id == first.turn.id
    assert fresh(Turn, first.turn.id).status == TurnStatus.RUNNING


def test_67_a_key_with_other_content_is_refused(people: People) -> None:
    first = ask(people.ana, "hello", _thread(people), idempotency_key="k")
    story_of(first.turn)
    with pytest.raises(KeyReused):
        ask(people.ana, "goodbye", first.thread, idempotency_key="k")
    with pytest.raises(KeyReused):
        ask(people.ana, "hello", first.thread, idempotency_key="k", model_settings={"temperature": 1})
    assert count(Turn, Turn.thread_id == first.thread.id) == 2


def test_68_a_key_counts_in_its_thread_only(people: People) -> None:
    one = ask(people.ana, "hello", _thread(people), idempotency_key="k")
    two = ask(people.ana, "hello", _thread(people), idempotency_key="k")
    assert not two.replayed and one.turn.id != two.turn.id


def test_a_key_begins_one_conversation(people: People) -> None:
    first = ask(people.ana, "hello", idempotency_key="k")
    story_of(first.turn)
    again = ask(people.ana, "hello", idempotency_key="k")
    assert again.replayed and not again.is_new_thread
    assert again.turn.id == first.turn.id and again.thread.id == first.thread.id
    with pytest.raises(KeyReused):
        ask(people.ana, "goodbye", idempotency_key="k")
    assert ask(people.ben, "hello", idempotency_key="k").is_new_thread, "a key is one person's"
    assert count(Thread) == 2


def test_a_key_of_a_later_question_begins_another_conversation(people: People) -> None:
    first = ask(people.ana, "hello", idempotency_key="k")
    story_of(first.turn)
    story_of(ask(people.ana, "hello", first.thread, idempotency_key="l").turn)
    assert ask(people.ana, "hello", idempotency_key="l").is_new_thread


def test_of_many_first_uses_of_a_key_one_begins_a_conversation(app: Flask, people: People) -> None:
    outcomes = at_once(app, *[partial(ask, people.ana, "/slow 5", idempotency_key="k")] * CROWD)
    assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * (CROWD - 1)
    assert count(Thread) == count(Turn) == 1


def test_69_a_refusal_does_not_use_the_key_up(people: People) -> None:
    first = ask(people.ana, "/slow 10")
    with pytest.raises(TurnActive):
        ask(people.ana, "hello", first.thread, idempotency_key="k")
    story_of(first.turn)
    assert not ask(people.ana, "hello", first.thread, idempotency_key="k").replayed


def test_of_many_first_uses_of_a_key_one_creates_and_the_others_replay(app: Flask, people: People) -> None:
    thread = _thread(people)
    outcomes = at_once(app, *[partial(ask, people.ana, "/slow 5", thread, idempotency_key="k")] * CROWD)
    assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * (CROWD - 1), outcomes
    assert len({outcome.turn.id for outcome in outcomes}) == 1
    assert count(Turn, Turn.thread_id == thread.id) == 2


def test_first_questions_of_a_new_user_at_once_share_one_session(app: Flask, people: People) -> None:
    outcomes = at_once(app, *[partial(ask, people.ben, f"number {n}") for n in range(CROWD)])
    assert all(isinstance(outcome, Started) for outcome in outcomes), outcomes
    assert len({outcome.thread.session_id for outcome in outcomes}) == 1
    assert {story_of(outcome.turn).status for outcome in outcomes} == {"completed"}


def test_a_refused_question_leaves_no_trace(people: People) -> None:
    first = ask(people.ana, "/slow 1000")
    wait_for_text(first.turn, "tick 2 ")
    before = [count(model) for model in (Thread, Message, Turn, TurnLease)]
    refusals: list[tuple[type[Exception], Callable[[], object]]] = [
        (TurnActive, lambda: ask(people.ana, "more", first.thread)),
        (NotFound, lambda: ask(people.ben, "mine now", first.thread)),
        (NotFound, lambda: ask(people.ana, "x", first.turn.id)),
        (TooManyTurns, lambda: ask(people.ana, "more", active_limit=1)),
        (
            NotFound,
            lambda: ask(
                people.ana,
                "x",
                first.thread,
                mode=Mode.EDIT,
                message_id=first.turn.id,
                on_active=OnActive.INTERRUPT,
            ),
        ),
    ]
    for error, call in refusals:
        with pytest.raises(error):
            call()
    assert [count(model) for model in (Thread, Message, Turn, TurnLease)] == before
    assert fresh(Turn, first.turn.id).status == TurnStatus.RUNNING, "a refused interruption interrupts nothing"


def test_54_without_a_model_nothing_is_stored(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "choose", lambda: None)
    with pytest.raises(ModelUnavailable):
        ask(people.ana, "hello")
    assert count(Turn) == count(Message) == count(Thread) == 0


def test_a_stopping_process_takes_no_questions(app: Flask, people: People) -> None:
    app.extensions["runner"].drain(0)
    with pytest.raises(ShuttingDown):
        ask(people.ana, "hello")
    assert count(Turn) == count(Message) == count(Thread) == 0


def test_43_44_the_time_zone_is_kept_if_there_is_such_a_one(people: People) -> None:
    assert ask(people.ana, "hello", timezone="Europe/Tallinn").turn.settings["timezone"] == "Europe/Tallinn"
    for nonsense in ("Mars/Base", "", "../../etc/passwd", "\x00"):
        assert ask(people.ana, "hello", timezone=nonsense).turn.settings["timezone"] == "UTC"


@pytest.mark.parametrize("text", ["nul \x00 inside", "half a pair \ud83d inside"])
def test_text_that_no_store_takes_is_made_harmless(people: People, text: str) -> None:
    started = ask(people.ana, text)
    assert story_of(started.turn).status == "completed"
    assert "inside" in texts(started.thread)[0]


def test_an_ended_turn_has_no_lease_and_keeps_its_events(people: People) -> None:
    started = ask(people.ana, "hello")
    events = events_of(started.turn)
    assert count(TurnLease) == 0
    assert count(TurnEvent, TurnEvent.turn_id == started.turn.id) == len(events)


def _thread(people: People) -> Thread:
    """A thread with one exchange."""
    started = ask(people.ana, "hello")
    story_of(started.turn)
    return started.thread
