"""Answers as they arrive: content, order, disconnects, cancelling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer
from chatapp.db import db, session
from chatapp.models import Message, Turn
from tests import people as folk
from tests.servers import wait_until
from tests.web.api.client import THREADS, Client

FENCED = """\
First the prose, long enough to be sent in more than one piece, with `code` in it.

```python
print("``")
```

```mermaid
graph TD
```
```klingon
qapla
```
Then the end."""


@pytest.fixture
def claude(make_claude: Callable[..., Flask]) -> Client:
    """Ana, with the local Messages server behind the application."""
    return Client(make_claude(), folk.settle().ana)


def test_case_65_the_frame_of_a_stream(ana: Client) -> None:
    answer = ana.ask("hello")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in answer.headers
    first, *content, last = answer.frames
    assert list(first) == ["m"] and list(first["m"]) == ["thread_uuid"]
    assert {frame["k"] for frame in content} == {"markdown"}
    assert answer.text == "You said: hello"
    assert list(last) == ["m"] and set(last["m"]) == {"user_message_uuid", "assistant_message_uuid"}
    question, reply = ana.messages(answer.thread)
    assert last["m"] == {"user_message_uuid": question["uuid"], "assistant_message_uuid": reply["uuid"]}


def test_case_66_67_69_what_is_assembled_is_what_is_stored(claude: Client, model: MessagesServer) -> None:
    model.scripts = [Script(text=FENCED)]

    answer = claude.ask("show me")

    assert [frame for frame in answer.frames if frame.get("k") in ("load", "code", "mermaid")] == [
        {"k": "load", "t": "code"},
        {"k": "code", "c": 'print("``")\n', "t": "python"},
        {"k": "load", "t": "mermaid"},
        {"k": "mermaid", "c": "graph TD\n"},
        {"k": "load", "t": "code"},
        {"k": "code", "c": "qapla\n", "t": "klingon"},
    ]
    stored = claude.answer_in(answer.thread)
    assert answer.assembly.stored() == stored["blocks"]
    assert [block["key"] for block in stored["blocks"]] == ["markdown", "code", "mermaid", "code", "markdown"]
    assert stored["content"].count("```") == 6


def test_case_68_a_fence_that_stays_open(claude: Client, model: MessagesServer) -> None:
    model.scripts = [Script(text="```python\nx = 1", stop_reason="max_tokens")]

    answer = claude.ask("show me")

    assert answer.frames[1:-1] == [{"k": "load", "t": "code"}, {"k": "code", "c": "x = 1", "t": "python"}]
    assert answer.assembly.stored() == claude.answer_in(answer.thread)["blocks"]


def test_case_69_several_text_blocks_of_the_model(claude: Client, model: MessagesServer) -> None:
    model.scripts = [Script(blocks=(Block(text="One."), Block(text="```\nx\n```"), Block(text="Two.")))]

    answer = claude.ask("show me")

    stored = claude.answer_in(answer.thread)["blocks"]
    assert answer.assembly.stored() == stored
    assert [block["content"] for block in stored] == ["One.\n\n", "x\n", "\n\nTwo."]


@pytest.mark.parametrize("question", ["one\ntwo\nthree", "write a python function", "draw a diagram of a login"])
def test_case_69_with_the_offline_model(ana: Client, question: str) -> None:
    answer = ana.ask(question)

    assert answer.assembly.stored() == ana.answer_in(answer.thread)["blocks"]


def test_case_70_two_turns_take_four_places(ana: Client) -> None:
    thread = ana.ask("one").thread
    assert ana.ask("two", thread_uuid=thread).thread == thread

    assert [(message["sequence_index"], message["role"]) for message in ana.messages(thread)] == [
        *((1, "user"), (2, "assistant"), (3, "user"), (4, "assistant"))
    ]
    assert ana.thread(thread)["message_count"] == 4


def test_case_71_the_answer_goes_on_when_the_reader_leaves(ana: Client) -> None:
    stream = ana.open("/slow 20")
    stream.read_until("thread_uuid")
    stream.leave()

    answer = ana.answer_in(ana.get(THREADS).json[0]["uuid"])

    assert answer["content"].split()[-2:] == ["tick", "20"]
    assert (answer["input_tokens"], answer["output_tokens"]) == (2, 20)


def test_case_71_the_answer_goes_on_when_nobody_ever_reads(ana: Client) -> None:
    ana.open("/slow 3").leave()

    assert ana.answer_in(ana.get(THREADS).json[0]["uuid"])["content"] == "tick 1 tick 2 tick 3 "


def test_case_72_cancelling_a_long_answer(ana: Client) -> None:
    stream = ana.open("/slow 1000")
    stream.read_until("tick 3 ")
    thread = ana.get(THREADS).json[0]["uuid"]

    assert ana.post(f"{THREADS}{thread}/cancel/").status_code == 200
    answer = stream.rest()

    assert answer.status == 200
    assert 3 <= answer.text.count("tick") < 500
    assert answer.assembly.error is None
    stored = ana.answer_in(thread)
    assert answer.ids["assistant_message_uuid"] == stored["uuid"]
    assert answer.assembly.stored() == stored["blocks"]
    assert stored["output_tokens"] > 0
    assert ana.ask("next", thread_uuid=thread).text == "You said: next"


def test_case_73_a_newer_message_stops_the_older_answer(ana: Client) -> None:
    stream = ana.open("/slow 1000")
    stream.read_until("tick 2 ")
    thread = ana.get(THREADS).json[0]["uuid"]

    newer = ana.ask("stop that", thread_uuid=thread)
    older = stream.rest()

    assert newer.text == "You said: stop that"
    assert 2 <= older.text.count("tick") < 500
    assert older.assembly.error is None
    messages = ana.messages(thread)
    assert [message["sequence_index"] for message in messages] == [1, 2, 3, 4]
    assert older.assembly.stored() == messages[1]["blocks"]


def test_a_slow_model_appears_live(ana: Client) -> None:
    stream = ana.open("/slow 1000")

    stream.read_until('{"k":"markdown","c":"tick 1 ')
    first = stream.body.splitlines()[1]
    assert len(first) < 200
    stream.leave()


def test_silence_is_filled_with_empty_lines(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(heartbeat=0.05), folk.settle().ana)

    answer = ana.ask("/silent 0.5\nhello")

    assert b"\n\n" in answer.body
    assert answer.text == "You said: hello"


def test_a_reader_is_not_kept_waiting_forever(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(ai_assistant_stream_timeout_seconds=0.3), folk.settle().ana)

    answer = ana.ask("/silent 1\nhello")

    assert "timed out" in answer.frames[-1]["e"]
    assert [list(frame) for frame in answer.frames] == [["m"], ["e"]]
    assert ana.answer_in(answer.thread)["content"] == "You said: hello"


def test_an_open_stream_holds_no_database_connection(ana: Client) -> None:
    stream = ana.open("before\n/silent 30")
    stream.read_until("You said: before")
    session.remove()

    wait_until(lambda: db.engine.pool.checkedout() == 0)  # type: ignore[attr-defined]
    stream.leave()


def test_the_turn_belongs_to_the_stored_messages(ana: Client) -> None:
    ana.ask("hello")

    turn = session.scalars(select(Turn)).one()
    assert {message.turn_id for message in session.scalars(select(Message))} == {turn.id}
    assert turn.status == "completed"
