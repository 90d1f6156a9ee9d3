"""Reloading and editing: versions of questions and answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp.core import threads
from tests import people as folk
from tests.people import People
from tests.web.api.client import THREADS, Answer, Client


@pytest.fixture
def claude(make_claude: Callable[..., Flask]) -> Client:
    return Client(make_claude(), folk.settle().ana)


def edit(client: Client, text: str, of: Answer, thread: str) -> Answer:
    message = of.ids["user_message_uuid"]
    return client.ask(text, thread_uuid=thread, mode="edit", edit_message_uuid=message)


def asked(model: MessagesServer) -> list[list[str]]:
    """The conversation that each streaming request showed the model."""
    bodies = [request.body for request in model.requests if request.body.get("stream")]
    return [[part["text"] for entry in body["messages"] for part in entry["content"]] for body in bodies]


def test_case_77_reload_makes_a_second_answer(ana: Client) -> None:
    thread = ana.ask("hello").thread
    question, first = ana.messages(thread)

    answer = ana.ask("hello again", thread_uuid=thread, mode="reload")

    assert answer.text == "You said: hello again"
    assert set(answer.frames[-1]["m"]) == {"assistant_message_uuid"}
    assert ana.messages(thread)[0] == question
    history = ana.messages(thread, include_history="true")
    assert [(m["sequence_index"], m["role"], m["replaces"]) for m in history] == [
        (1, "user", None),
        (2, "assistant", None),
        (2, "assistant", first["uuid"]),
    ]
    assert history[2]["uuid"] == answer.ids["assistant_message_uuid"]


def test_case_36_replaced_answers_count(ana: Client) -> None:
    thread = ana.ask("hello").thread
    ana.ask("hello", thread_uuid=thread, mode="reload")

    answers = [m for m in ana.messages(thread, include_history="true") if m["role"] == "assistant"]
    shown = ana.thread(thread)
    assert shown["message_count"] == 3
    assert shown["output_tokens"] == sum(answer["output_tokens"] for answer in answers) == 6


def test_case_78_a_reload_that_fails_leaves_the_old_answer(ana: Client) -> None:
    thread = ana.ask("hello").thread
    before = ana.messages(thread)

    answer = ana.ask("/fail-early provider_unavailable", thread_uuid=thread, mode="reload")

    assert [list(frame) for frame in answer.frames] == [["m"], ["e"]]
    assert ana.messages(thread) == before
    assert ana.messages(thread, include_history="true") == before


def test_case_79_editing_makes_new_versions_of_both(ana: Client) -> None:
    first = ana.ask("helo")
    thread = first.thread

    second = edit(ana, "hello", first, thread)

    assert second.text == "You said: hello"
    old, new = first.assembly.ids, second.assembly.ids
    assert [(m["sequence_index"], m["uuid"], m["replaces"]) for m in ana.messages(thread)] == [
        (1, new["user_message_uuid"], old["user_message_uuid"]),
        (2, new["assistant_message_uuid"], old["assistant_message_uuid"]),
    ]
    assert len(ana.messages(thread, include_history="true")) == 4


def test_case_79_versions_form_a_chain(ana: Client) -> None:
    answer = ana.ask("one")
    thread = answer.thread
    for text in ("two", "three"):
        answer = edit(ana, text, answer, thread)

    questions = [m for m in ana.messages(thread, include_history="true") if m["role"] == "user"]
    assert [m["content"] for m in questions] == ["one", "two", "three"]
    assert [m["replaces"] for m in questions] == [None, questions[0]["uuid"], questions[1]["uuid"]]


def test_case_81_an_edit_never_replaces_the_answer_of_an_earlier_turn(ana: Client) -> None:
    thread = ana.ask("one").thread
    earlier = ana.messages(thread)[1]
    unanswered = ana.ask("/fail-early provider_unavailable", thread_uuid=thread)
    assert set(unanswered.frames[-1]["m"]) == {"user_message_uuid"}

    edit(ana, "two", unanswered, thread)

    messages = ana.messages(thread)
    assert messages[1] == earlier
    assert [(m["sequence_index"], m["content"]) for m in messages[2:]] == [(3, "two"), (4, "You said: two")]
    assert messages[3]["replaces"] is None


def test_case_82_reload_of_an_empty_thread_is_a_new_message(ana: Client, people: People) -> None:
    thread = str(threads.create(people.ana.user).id)

    answer = ana.ask("hello", thread_uuid=thread, mode="reload")

    assert set(answer.frames[-1]["m"]) == {"user_message_uuid", "assistant_message_uuid"}
    assert [(m["sequence_index"], m["content"]) for m in ana.messages(thread)] == [
        (1, "hello"),
        (2, "You said: hello"),
    ]


def test_reload_answers_a_question_that_was_left_without_answer(ana: Client) -> None:
    failed = ana.ask("/fail-early provider_unavailable")

    answer = ana.ask("hello", thread_uuid=failed.thread, mode="reload")

    assert set(answer.frames[-1]["m"]) == {"assistant_message_uuid"}
    assert [m["role"] for m in ana.messages(failed.thread)] == ["user", "assistant"]


def test_an_edit_interrupts_the_answer_to_what_it_edits(ana: Client) -> None:
    stream = ana.open("/slow 1000")
    stream.read_until("tick 2 ")
    thread = ana.get(THREADS).json[0]["uuid"]
    question = ana.messages(thread)[0]["uuid"]

    answer = ana.ask("hello", thread_uuid=thread, mode="edit", edit_message_uuid=question)
    partial = stream.rest()

    assert answer.text == "You said: hello"
    assert [m["content"] for m in ana.messages(thread)] == ["hello", "You said: hello"]
    assert ana.messages(thread)[1]["replaces"] == partial.ids["assistant_message_uuid"]


@pytest.mark.parametrize("mode", ["reload", "edit"])
def test_case_83_the_model_sees_nothing_of_what_is_redone(claude: Client, model: MessagesServer, mode: str) -> None:
    model.scripts = [Script(text="first answer"), Script(text="old answer"), Script(text="new answer")]
    first = claude.ask("first question")
    thread = first.thread
    second = claude.ask("old question", thread_uuid=thread)

    fields = {"edit_message_uuid": second.ids["user_message_uuid"]} if mode == "edit" else {}
    claude.ask("new question", thread_uuid=thread, mode=mode, **fields)

    assert asked(model)[1:] == [
        ["first question", "first answer", "old question"],
        ["first question", "first answer", "new question"],
    ]
