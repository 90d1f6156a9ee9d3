"""Messages and their structured form: cases 84 and 85 of turns-api, and its section 2.2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic_ai.messages import ModelMessagesTypeAdapter

from chatapp.db import new_id, now, session, transaction
from chatapp.models import Message
from tests.people import People
from tests.web.api_v1.client import THREADS, Client, Story, problems

FIELDS = {
    "id", "threadId", "turnId", "role", "content", "format", "rawData", "createdBy", "createdAt", "updatedAt",
}  # fmt: skip


def fill(thread: str, people: People, number: int) -> list[str]:
    """Messages as an import makes them."""
    rows = [
        Message(
            id=new_id(),
            thread_id=UUID(thread),
            user_id=people.ana.id,
            role="assistant" if index % 2 else "user",
            sequence_index=index + 1,
            content=f"message {index}",
            # Not in the order of the conversation: clocks differ.
            created=now() - timedelta(seconds=index),
        )
        for index in range(number)
    ]
    with transaction():
        session.add_all(rows)
    return [str(row.id) for row in rows]


def test_case_084_pages(ana: Client, people: People, thread: str) -> None:
    made = fill(thread, people, 120)
    path = f"{THREADS}/{thread}/messages"
    for order, expected in (("asc", made), ("desc", made[::-1])):
        cursor, pages = "", []
        for _ in range(3):
            page = ana.get(path, query_string={"limit": 50, "order": order, "cursor": cursor}).json
            pages.append([item["id"] for item in page["items"]])
            cursor = page["nextCursor"]
        assert [len(page) for page in pages] == [50, 50, 20]
        assert sum(pages, []) == expected and cursor is None
    assert len(ana.messages(thread)) == 50


def test_case_085_limits(ana: Client, thread: str) -> None:
    response = ana.get(f"{THREADS}/{thread}/messages?limit=201")

    assert problems(response) == [(["query", "limit"], "less_than_equal")]


def test_the_last_page_again_picks_up_new_messages(ana: Client, people: People, thread: str) -> None:
    fill(thread, people, 3)
    first = ana.get(f"{THREADS}/{thread}/messages?limit=2").json
    assert len(ana.messages(thread, cursor=first["nextCursor"])) == 1

    fill_more = Message(thread_id=UUID(thread), user_id=people.ana.id, role="user", sequence_index=4, content="new")
    session.remove()
    with transaction():
        session.add(fill_more)

    assert [m["content"] for m in ana.messages(thread, cursor=first["nextCursor"])] == ["message 2", "new"]


def test_imported_messages_have_no_structure(ana: Client, people: People, thread: str) -> None:
    fill(thread, people, 1)

    (message,) = ana.messages(thread)

    assert set(message) == FIELDS
    assert (message["format"], message["rawData"], message["turnId"]) == ("text", None, None)


def test_the_structure_of_an_exchange(ana: Client, thread: str) -> None:
    ana.ask(thread, "hello")

    question, answer = ana.messages(thread)

    assert question["format"] == answer["format"] == "pydantic_ai"
    assert question["rawData"] == {
        "messages": [
            {
                "kind": "request",
                "parts": [{"part_kind": "user-prompt", "content": "hello", "timestamp": question["createdAt"]}],
            }
        ]
    }
    assert answer["rawData"] == {
        "messages": [
            {
                "kind": "response",
                "parts": [{"part_kind": "text", "content": "You said: hello"}],
                "model_name": "offline",
                "timestamp": answer["createdAt"],
                "usage": {"input_tokens": 1, "cache_read_tokens": 0, "cache_write_tokens": 0, "output_tokens": 3},
            }
        ]
    }


def test_calls_stand_with_their_results(ana: Client, thread: str) -> None:
    ana.ask(thread, 'before\n/tool calculate {"expression": "1/0"}\nafter')

    said, returned, then = ana.messages(thread)[1]["rawData"]["messages"]

    assert [part["part_kind"] for part in said["parts"]] == ["text", "tool-call"]
    call, (result,) = said["parts"][1], returned["parts"]
    assert (call["tool_name"], call["tool_call_id"]) == (result["tool_name"], result["tool_call_id"])
    assert (returned["kind"], result["part_kind"], result["outcome"]) == ("request", "tool-return", "failed")
    assert [part["content"] for part in then["parts"]] == ["Tool calculate failed", "You said: after"]
    assert said["usage"]["input_tokens"] == 0 < then["usage"]["input_tokens"]


def test_other_peoples_messages(ana: Client, ben: Client, thread: str) -> None:
    ana.ask(thread, "hello")

    assert ben.get(f"{THREADS}/{thread}/messages").json["code"] == "thread_not_found"


def test_pydantic_ai_loads_a_thread(ana: Client, thread: str) -> None:
    history = ModelMessagesTypeAdapter
    ana.ask(thread, 'hello\n/tool nothing {}\n/tool calculate {"expression": "1+1"}\nbye')
    ana.ask(thread, '/tool calculate {"expression": "1/0"}\n/tool rename_thread {"title": "x"}')
    ana.cancel(thread)  # which waited for approval
    ana.ask(thread, "/fail provider_unavailable")
    ana.ask(thread, "helo")
    last = ana.messages(thread)[-2]["id"]
    Story(ana.stream(thread, {"mode": "edit", "messageId": last, "content": "hello"}).data)
    reader = ana.open(thread, "/slow 1000").until("tick 3 ")
    ana.cancel(thread, partialText="tick 1 ")
    reader.rest()

    raw: list[Any] = sum((message["rawData"]["messages"] for message in ana.messages(thread)), [])
    loaded = history.validate_python(raw)

    assert [message.kind for message in loaded] == [message["kind"] for message in raw]
    texts = [part.content for message in loaded for part in message.parts if part.part_kind in ("text", "user-prompt")]
    assert "tick 1 " in texts and "hello" in texts and "helo" not in texts
    assert sum(message.usage.input_tokens for message in loaded if message.kind == "response") > 0
    assert history.validate_json(history.dump_json(loaded)) == loaded
