"""Answering again and asking differently: versions that share a place."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from chatapp.core import threads, turns
from chatapp.core.starting import Started
from chatapp.errors import Invalid, NotFound, NothingToReload
from chatapp.models import Message, Thread, Turn
from chatapp.values import Mode, OnActive, Role
from tests.people import People, Person
from tests.stream.asking import ask, fresh, shown_to_model, story_of, texts, visible, wait_for_text


def told(person: Person, text: str, thread: Thread | None = None) -> Started:
    started = ask(person, text, thread)
    story_of(started.turn)
    return started


def reload(person: Person, thread: Thread, text: str = "", message_id: UUID | None = None) -> Started:
    return ask(person, text, thread, mode=Mode.RELOAD, message_id=message_id)


def edit(person: Person, thread: Thread, message: Message, text: str) -> Started:
    return ask(person, text, thread, mode=Mode.EDIT, message_id=message.id)


def versions(thread: Thread) -> list[tuple[int, str, str]]:
    return [(m.sequence_index, m.role, m.content) for m in visible(thread, with_history=True)]


def test_79_waldur_77_a_reload_adds_a_version_of_the_answer(people: People) -> None:
    first = told(people.ana, "hello")
    old = visible(first.thread)[1]
    second = reload(people.ana, first.thread)
    story = story_of(second.turn)
    assert story.turn["inputMessageId"] == str(first.turn.input_message_id)
    question, answer = visible(first.thread)
    assert answer.id != old.id
    assert (answer.replaces_id, answer.sequence_index) == (old.id, 2)
    assert versions(first.thread) == [
        (1, "user", "hello"),
        (2, "assistant", "You said: hello"),
        (2, "assistant", "You said: hello"),
    ]
    assert fresh(Thread, first.thread.id).message_count == 3
    assert story.turn["settings"]["mode"] == "reload"


def test_while_it_is_written_again_the_old_answer_is_hidden(people: People) -> None:
    first = told(people.ana, "/slow 3")
    second = reload(people.ana, first.thread, "/slow 1000")
    wait_for_text(second.turn, "tick 1 ")
    assert texts(first.thread) == ["/slow 3"]


def test_80_waldur_78_a_reload_that_fails_early_brings_the_old_answer_back(people: People) -> None:
    first = told(people.ana, "hello")
    second = reload(people.ana, first.thread, "/fail-early provider_timeout")
    assert story_of(second.turn).turn["outputMessageId"] is None
    assert texts(first.thread) == ["hello", "You said: hello"]
    assert len(visible(first.thread, with_history=True)) == 2
    assert story_of(reload(people.ana, first.thread).turn).status == "completed"
    assert len(visible(first.thread, with_history=True)) == 3


def test_a_cancelled_reload_brings_the_old_answer_back_or_replaces_it(people: People) -> None:
    first = told(people.ana, "hello")
    reload(people.ana, first.thread, "/silent 60")
    turns.cancel(people.ana.user, first.thread.id)
    assert texts(first.thread) == ["hello", "You said: hello"]
    second = reload(people.ana, first.thread, "/slow 1000")
    wait_for_text(second.turn, "tick 1 ")
    turns.cancel(people.ana.user, first.thread.id)
    assert texts(first.thread)[1].startswith("tick 1 ")


def test_a_reload_interrupted_by_a_reload_leaves_one_chain(people: People) -> None:
    first = told(people.ana, "hello")
    second = reload(people.ana, first.thread, "/slow 1000")
    wait_for_text(second.turn, "tick 1 ")
    third = ask(people.ana, "", first.thread, mode=Mode.RELOAD, on_active=OnActive.INTERRUPT)
    story_of(third.turn)
    chain = [m for m in visible(first.thread, with_history=True) if m.role == Role.ASSISTANT]
    assert [m.replaces_id for m in chain] == [None, chain[0].id, chain[1].id]
    assert [m.superseded_by for m in chain] == [chain[1].id, chain[2].id, None]
    assert texts(first.thread) == ["hello", "You said: hello"]


def test_a_reload_in_other_words_does_not_change_the_question(people: People) -> None:
    first = told(people.ana, "hello")
    second = reload(people.ana, first.thread, "goodbye")
    assert story_of(second.turn).content == "You said: goodbye"
    assert texts(first.thread) == ["hello", "You said: goodbye"]


def test_81_an_empty_thread_has_nothing_to_reload(people: People) -> None:
    empty = threads.create(people.ana.user)
    with pytest.raises(NothingToReload):
        reload(people.ana, empty)
    assert versions(empty) == []


def test_waldur_82_a_reload_with_words_in_an_empty_thread_is_a_question(people: People) -> None:
    empty = threads.create(people.ana.user)
    story_of(reload(people.ana, empty, "hello").turn)
    assert versions(empty) == [(1, "user", "hello"), (2, "assistant", "You said: hello")]


def test_an_unanswered_question_is_answered_by_a_reload(people: People) -> None:
    first = told(people.ana, "hello")
    failed = told(people.ana, "/fail-early internal", first.thread)
    again = reload(people.ana, first.thread, "better now")
    story_of(again.turn)
    assert again.turn.input_message_id == failed.turn.input_message_id
    assert versions(first.thread) == [
        (1, "user", "hello"),
        (2, "assistant", "You said: hello"),
        (3, "user", "/fail-early internal"),
        (4, "assistant", "You said: better now"),
    ]


def test_82_waldur_79_an_edit_replaces_question_and_answer(people: People) -> None:
    first = told(people.ana, "one")
    told(people.ana, "two", first.thread)
    before = visible(first.thread)
    started = edit(people.ana, first.thread, before[2], "three")
    story_of(started.turn)
    assert texts(first.thread) == ["one", "You said: one", "three", "You said: three"]
    after = visible(first.thread)
    assert [m.sequence_index for m in after] == [1, 2, 3, 4]
    assert (after[2].replaces_id, after[3].replaces_id) == (before[2].id, before[3].id)
    assert len(visible(first.thread, with_history=True)) == 6
    assert started.turn.settings["targetMessageId"] == str(before[2].id)


def test_an_edit_of_an_edit_makes_a_chain(people: People) -> None:
    first = told(people.ana, "one")
    for text in ("two", "three"):
        story_of(edit(people.ana, first.thread, visible(first.thread)[0], text).turn)
    questions = [m for m in visible(first.thread, with_history=True) if m.role == Role.USER]
    assert [m.content for m in questions] == ["one", "two", "three"]
    assert [m.replaces_id for m in questions] == [None, questions[0].id, questions[1].id]
    assert texts(first.thread) == ["three", "You said: three"]


def test_an_edit_that_fails_early_keeps_the_new_question_and_the_old_answer(people: People) -> None:
    first = told(people.ana, "one")
    story_of(edit(people.ana, first.thread, visible(first.thread)[0], "/fail-early internal").turn)
    assert texts(first.thread) == ["/fail-early internal", "You said: one"]
    story_of(ask(people.ana, "next", first.thread).turn)
    assert [m.sequence_index for m in visible(first.thread)] == [1, 2, 3, 4]


def test_83_waldur_80_only_the_last_question_is_edited(people: People) -> None:
    first = told(people.ana, "one")
    told(people.ana, "two", first.thread)
    elsewhere = told(people.ana, "elsewhere")
    messages = visible(first.thread)
    before = versions(first.thread)
    for target in (messages[0], messages[1], messages[3]):
        with pytest.raises(Invalid) as refusal:
            edit(people.ana, first.thread, target, "x")
        assert refusal.value.field == "message_id"
    for message_id in (uuid4(), elsewhere.turn.input_message_id):
        with pytest.raises(NotFound):
            ask(people.ana, "x", first.thread, mode=Mode.EDIT, message_id=message_id)
    assert versions(first.thread) == before


def test_a_superseded_question_is_not_edited(people: People) -> None:
    first = told(people.ana, "one")
    old = visible(first.thread)[0]
    story_of(edit(people.ana, first.thread, old, "two").turn)
    with pytest.raises(Invalid):
        edit(people.ana, first.thread, old, "three")


def test_only_the_latest_answer_is_reloaded_by_name(people: People) -> None:
    first = told(people.ana, "one")
    told(people.ana, "two", first.thread)
    messages = visible(first.thread)
    for target in (messages[0], messages[1], messages[2]):
        with pytest.raises(Invalid):
            reload(people.ana, first.thread, message_id=target.id)
    with pytest.raises(NotFound):
        reload(people.ana, first.thread, message_id=uuid4())
    assert story_of(reload(people.ana, first.thread, message_id=messages[3].id).turn).status == "completed"


def test_waldur_81_an_earlier_answer_is_never_replaced(people: People) -> None:
    first = told(people.ana, "one")
    told(people.ana, "/fail-early internal", first.thread)
    story_of(edit(people.ana, first.thread, visible(first.thread)[2], "two").turn)
    assert texts(first.thread) == ["one", "You said: one", "two", "You said: two"]
    assert [m.sequence_index for m in visible(first.thread)] == [1, 2, 3, 4]


def test_waldur_83_the_model_sees_neither_what_is_replaced(people: People) -> None:
    first = told(people.ana, "one")
    told(people.ana, "two", first.thread)
    again = reload(people.ana, first.thread, "/silent 60")
    assert shown_to_model(again) == ["one", "You said: one", "/silent 60"]
    turns.cancel(people.ana.user, first.thread.id)
    edited = edit(people.ana, first.thread, visible(first.thread)[2], "/silent 61")
    assert shown_to_model(edited) == ["one", "You said: one", "/silent 61"]
    assert fresh(Turn, edited.turn.id).status == "running"
