"""Which version answers in a thread, and that it is noted on the turn."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event

from chatapp.core import prompt_choice, prompt_versions, system_prompts, threads, titles
from chatapp.core.starting import Started
from chatapp.db import db, new_id
from chatapp.errors import NotFound
from chatapp.models import SystemPrompt, Thread, Turn
from chatapp.values import Mode
from tests.people import People
from tests.stream.asking import ask, fresh, request_of, story_of

Make = Callable[..., SystemPrompt]


@pytest.fixture
def make(people: People) -> Make:
    """Makes a prompt that says its name, active or with a share."""

    def prompt(name: str, *, active: bool = False, share: int = 0) -> SystemPrompt:
        made = system_prompts.create(people.stan.user, name, custom_instructions=f"Words of {name}.")
        if active:
            system_prompts.activate(people.stan.user, made.id)
        return system_prompts.set_share(people.stan.user, made.id, share) if share else made

    return prompt


def answered(people: People, text: str, thread: Thread | None = None, **wish: object) -> Started:
    started = ask(people.ana, text, thread, **wish)
    story_of(started.turn)
    return started


def version_of(started: Started) -> UUID | None:
    return fresh(Turn, started.turn.id).prompt_version_id


def test_the_active_prompt_answers_and_changes_count_from_the_next_answer_on(people: People, make: Make) -> None:
    assert version_of(answered(people, "before there is any")) is None
    house = make("house", active=True)
    first = answered(people, "one")
    assert version_of(first) == house.version_id
    assert "Words of house." in request_of(first).system

    changed = system_prompts.change(people.stan.user, house.id, {"custom_instructions": "New words."})
    second = answered(people, "two", first.thread)
    assert version_of(second) == changed.version_id != version_of(first)
    assert "New words." in request_of(second).system
    assert "Words of house." in request_of(first).system, "an answer that was begun keeps its prompt"
    make("other", active=True)
    assert "Words of other." in request_of(answered(people, "three", first.thread)).system


def test_a_thread_keeps_the_version_it_was_drawn_for_while_there_is_a_share(people: People, make: Make) -> None:
    house, trial = make("house", active=True), make("trial", share=100)
    begun = trial.version_id
    first = answered(people, "one")
    assert version_of(first) == begun
    system_prompts.change(people.stan.user, trial.id, {"custom_instructions": "Changed."})
    system_prompts.set_share(people.stan.user, trial.id, 1)
    second = answered(people, "two", first.thread)
    assert version_of(second) == begun
    assert "Words of trial." in request_of(second).system
    assert version_of(answered(people, "", first.thread, mode=Mode.RELOAD)) == begun

    system_prompts.set_share(people.stan.user, trial.id, 0)
    assert version_of(answered(people, "three", first.thread)) == house.version_id
    system_prompts.delete(people.stan.user, trial.id)
    assert version_of(answered(people, "four", first.thread)) == house.version_id


def test_threads_that_are_there_already_are_not_drawn(people: People, make: Make) -> None:
    house = make("house", active=True)
    old = answered(people, "one").thread
    empty = threads.create(people.ana.user)
    trial = make("trial", share=100)
    assert version_of(answered(people, "two", old)) == house.version_id
    assert version_of(answered(people, "one", empty)) == trial.version_id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing here depends on the store
def test_shares_are_met_and_a_thread_is_always_drawn_alike(app: Flask, make: Make) -> None:
    drawn = {make(name, share=share).version_id: share for name, share in (("ten", 10), ("thirty", 30))}
    ids = [new_id() for _ in range(4_000)]

    def draw() -> list[UUID | None]:
        return [prompt_choice.for_question(Thread(id=thread_id, last_index=0)) for thread_id in ids]

    found = draw()
    for version_id, share in drawn.items():
        assert found.count(version_id) / len(ids) == pytest.approx(share / 100, abs=0.03)
    assert found == draw()


def test_a_trial_answers_with_its_version_whatever_is_active(people: People, make: Make) -> None:
    make("house", active=True)
    draft = make("draft")
    thread = prompt_choice.try_out(people.stan.user, draft.version_id)
    assert thread.is_trial and thread.user_id == people.stan.id
    started = ask(people.stan, "hello", thread)
    story_of(started.turn)
    assert "Words of draft." in request_of(started).system
    system_prompts.delete(people.stan.user, draft.id)
    assert prompt_choice.in_force(fresh(Thread, thread.id)) == draft.version_id
    with pytest.raises(NotFound):
        prompt_choice.try_out(people.stan.user, new_id())


def test_a_name_is_dictated_with_the_thread_s_prompt(people: People, make: Make) -> None:
    make("house", active=True)
    thread = answered(people, "one").thread
    assert "".join(titles.dictate(people.ana.user, thread.id, "Name it").pieces)


def test_a_question_costs_one_look_at_the_prompts_and_none_at_their_words(people: People, make: Make) -> None:
    make("house", active=True)
    make("trial", share=50)
    first = answered(people, "one")
    prompt_versions.said.cache_clear()
    answered(people, "two", first.thread)
    seen: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        if "FROM system_prompts" in statement or "FROM prompt_versions" in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        answered(people, "three", first.thread)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(seen) == 1 and "custom_instructions" not in seen[0]
