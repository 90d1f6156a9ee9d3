"""Every stream obeys the grammar and tells what is stored, however its turn ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from flask import Flask

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer
from chatapp.core import turns
from chatapp.db import release, session
from chatapp.models import Message, Thread
from chatapp.stream.follow import follow
from tests import people as folk
from tests.people import People
from tests.stream.asking import ask, events_of, fresh, read_on, shown, story_of, texts, visible, wait_for_text

Connect = Callable[..., People]
# What a provider does wrong is the same on every store.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


@pytest.fixture
def with_service(make_app: Callable[..., Flask], server: MessagesServer) -> Connect:
    """The application connected to the local Messages server."""

    def connected(**changes: Any) -> People:
        make_app(anthropic_api_key="key", anthropic_base_url=server.url, **changes)
        return folk.settle()

    return connected


def test_36_an_answer_is_a_gapless_stream_from_start_to_finish(people: People) -> None:
    story = story_of(ask(people.ana, "hello").turn)
    assert story.status == "completed"
    assert story.content == "You said: hello"
    assert story.last["messageMetadata"]["finishReason"] == "stop"


def test_37_the_stored_answer_is_what_was_streamed(people: People) -> None:
    started = ask(people.ana, "hello\nand\n/slow 3")
    story = story_of(started.turn)
    question, answer = visible(started.thread)
    assert (question.role, question.content) == ("user", "hello\nand\n/slow 3")
    assert (answer.role, str(answer.id)) == ("assistant", story.start["messageId"])
    assert answer.content == story.content == "You said: hello\n\nYou said: and\n\ntick 1 tick 2 tick 3 "


def test_38_a_finished_turn_tells_everything(people: People) -> None:
    started = ask(people.ana, "hello there")
    turn = story_of(started.turn).turn
    assert turn["status"] == "completed"
    assert turn["error"] is None
    assert turn["inputMessageId"] == str(started.message and started.message.id)
    assert turn["outputMessageId"]
    assert turn["durationSeconds"] >= 0
    assert turn["modelId"] == "offline"
    assert turn["usage"] == {"inputTokens": 2, "cachedInputTokens": 0, "outputTokens": 4, "totalCost": "0"}


def test_the_first_events_are_there_before_the_model_is_asked(people: People) -> None:
    started = ask(people.ana, "/silent 60")
    with follow(started.turn.id) as follower:
        events = read_on(follower, lambda events: len(events) >= 2)
    assert [event.type for event in events[:2]] == ["start", "data-turn"]
    assert events[1].data["data"]["status"] == "running"
    assert events[0].data["messageMetadata"] == {
        "threadId": str(started.thread.id),
        "turnId": str(started.turn.id),
        "inputMessageId": str(started.turn.input_message_id),
    }


def test_52_a_failure_after_text_keeps_the_text_and_frees_the_thread(people: People) -> None:
    started = ask(people.ana, "/fail provider_rate_limited")
    story = story_of(started.turn)
    assert story.turn["error"]["code"] == "provider_rate_limited"
    assert story.turn["error"]["retryable"] is True
    assert texts(started.thread) == ["/fail provider_rate_limited", "partial"]
    assert story_of(ask(people.ana, "again", started.thread).turn).status == "completed"


def test_53_a_failure_before_text_leaves_the_question_alone(people: People) -> None:
    started = ask(people.ana, "/fail-early provider_auth")
    story = story_of(started.turn)
    assert story.turn["error"]["code"] == "provider_auth"
    assert story.turn["outputMessageId"] is None
    assert texts(started.thread) == ["/fail-early provider_auth"]
    story_of(ask(people.ana, "again", started.thread).turn)
    assert [m.sequence_index for m in visible(started.thread)] == [1, 2, 3]


@pytest.mark.parametrize("text", ["/tool nonsense {}", 'hello\n/tool nonsense {"a": 1}\nbye', "/tool a {}\n/tool b {}"])
def test_57_the_call_of_an_unknown_tool_fails_and_the_answer_goes_on(people: People, text: str) -> None:
    started = ask(people.ana, text)
    story = story_of(started.turn)
    assert story.status == "completed"
    assert set(story.tools.values()) == {"tool-output-error"}
    assert story.steps == 1 + text.count("/tool")
    assert "failed" in story.content


def test_more_tool_rounds_than_allowed_end_in_prose(people: People) -> None:
    story = story_of(ask(people.ana, "\n".join(f"/tool t{n} {{}}" for n in range(8))).turn)
    assert (story.status, story.steps, len(story.tools)) == ("completed", 6, 5)


def test_a_failure_in_a_later_step_keeps_what_came_before(people: People) -> None:
    started = ask(people.ana, "before\n/tool nonsense {}\n/fail provider_timeout")
    story = story_of(started.turn)
    assert story.status == "failed"
    assert texts(started.thread)[1] == "You said: before\n\nTool nonsense failed\n\npartial"


def test_an_interrupted_answer_closes_what_is_open(app: Flask, people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 2 ")
    app.extensions["runner"].drain(0)
    story = story_of(started.turn)
    assert (story.status, story.turn["error"]["code"]) == ("failed", "worker_lost")
    assert texts(started.thread)[1].startswith("tick 1 tick 2 ")


def test_a_reader_that_sees_the_end_finds_the_answer(people: People) -> None:
    for number in range(10):
        started = ask(people.ana, f"number {number}")
        with follow(started.turn.id) as follower:
            read_on(follower, lambda events: any(e.type == "data-turn" and e.seq > 2 for e in events))
            answer = session.get(Message, started.turn.answer_id)
            assert answer is not None and answer.content == f"You said: number {number}"
            release()


def test_the_title_is_told_before_the_end(people: People) -> None:
    started = ask(people.ana, "plan the garden party")
    assert story_of(started.turn).title == "plan the garden party"
    assert fresh(Thread, started.thread.id).title == "plan the garden party"
    assert story_of(ask(people.ana, "and the rain", started.thread).turn).title is None


@ON_SQLITE
def test_waldur_74_a_refused_key_is_one_error_and_no_answer(with_service: Connect, server: MessagesServer) -> None:
    people = with_service()
    server.scripts = [Script(status=401, error_message="invalid x-api-key sk-secret")]
    started = ask(people.ana, "hello")
    story = story_of(started.turn)
    assert story.turn["error"]["code"] == "provider_auth"
    assert "authentication" in story.last["errorText"]
    assert "sk-secret" not in str([event.json for event in events_of(started.turn)])
    assert texts(started.thread) == ["hello"]


@ON_SQLITE
def test_waldur_75_a_failure_in_the_stream_keeps_text_and_usage(with_service: Connect, server: MessagesServer) -> None:
    people = with_service()
    server.scripts = [Script(text="one two three four", trouble="error", after=2, input_tokens=7)]
    started = ask(people.ana, "hello")
    story = story_of(started.turn)
    assert story.turn["error"]["code"] == "provider_rate_limited"
    assert texts(started.thread) == ["hello", "one two "]
    assert story.turn["usage"]["inputTokens"] == 7


@ON_SQLITE
@pytest.mark.parametrize("trouble", ["cut", "end", "malformed"])
def test_a_broken_connection_ends_the_answer_as_failed(
    with_service: Connect, server: MessagesServer, trouble: Literal["cut", "end", "malformed"]
) -> None:
    people = with_service()
    server.scripts = [Script(text="one two three four", trouble=trouble, after=3)]
    started = ask(people.ana, "hello")
    assert story_of(started.turn).status == "failed"
    assert texts(started.thread) == ["hello", "one two three "]


@ON_SQLITE
def test_waldur_76_a_service_that_says_nothing_is_a_timeout(with_service: Connect, server: MessagesServer) -> None:
    people = with_service(anthropic_read_timeout=0.3)
    server.scripts = [Script(text="one two three", trouble="stall", after=1)]
    started = ask(people.ana, "hello")
    story = story_of(started.turn)
    assert story.turn["error"]["code"] == "provider_timeout"
    assert texts(started.thread) == ["hello", "one "]


@ON_SQLITE
def test_a_cancel_in_the_middle_of_a_tool_call_leaves_no_call_open(
    with_service: Connect, server: MessagesServer
) -> None:
    people = with_service()
    call = Block("tool_use", '{"expression": "1 + 1"}', "toolu_1", "calculate")
    server.scripts = [Script(blocks=(Block(text="let me see"), call), trouble="stall", after=4)]
    started = ask(people.ana, "what is 1 + 1")
    with follow(started.turn.id) as follower:
        read_on(follower, lambda events: any(e.type == "tool-input-start" for e in events))
    turns.cancel(people.ana.user, started.thread.id)
    story = story_of(started.turn)
    assert story.status == "cancelled"
    assert texts(started.thread)[1] == "let me see"


@ON_SQLITE
def test_a_failure_in_the_middle_of_a_tool_call_leaves_no_call_open(
    with_service: Connect, server: MessagesServer
) -> None:
    people = with_service()
    call = Block("tool_use", '{"expression": "1 + 1"}', "toolu_1", "calculate")
    server.scripts = [Script(blocks=(call,), trouble="cut", after=1)]
    started = ask(people.ana, "what is 1 + 1")
    story = story_of(started.turn)
    assert story.status == "failed"
    assert story.turn["outputMessageId"] is None, "a call that never ran is nothing worth a message"
    assert texts(started.thread) == ["what is 1 + 1"]


def test_text_in_any_script_survives_unchanged(with_service: Connect, server: MessagesServer) -> None:
    people = with_service()
    text = "Käse 🧀 \u202e شكرا 👩‍👩‍👧‍👦 \t \x07 end"
    server.scripts = [Script(text=text)]
    started = ask(people.ana, "hello")
    assert shown(events_of(started.turn)) == story_of(started.turn).content == text
