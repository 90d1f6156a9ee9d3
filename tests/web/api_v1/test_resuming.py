"""Resuming streams and repeating requests: cases 58 to 71 of turns-api."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import orjson
import pytest
from flask import Flask
from sqlalchemy import select, update

from chatapp.core import retention
from chatapp.db import now, session, transaction
from chatapp.models import Turn, TurnEvent
from tests import people as folk
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import at_once
from tests.web.api_v1.client import CHAT, RANDOM_ID, THREADS, Client, Reader, Story, problems

KEY = "Idempotency-Key"


def numbered(story: Story) -> list[bytes]:
    return [frame for frame in story.frames if frame.startswith(b"id: ")]


def test_case_058_a_reader_that_left(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 20").until("tick 2 ")
    left = reader.leave()
    turn = left.turn["id"]

    whole = wait_until(lambda: (found := ana.turn(turn))["status"] == "completed" and found)

    assert whole["outputMessageId"] == left.start["messageId"]
    assert ana.messages(thread)[1]["content"].endswith("tick 20 ")


def test_case_059_a_reader_that_comes_back(ana: Client, thread: str) -> None:
    left = ana.open(thread, "/slow 20").until("tick 2 ").leave()
    turn = left.turn["id"]
    response = ana.get(f"{CHAT}/turns/{turn}/stream", headers={"Last-Event-ID": "5"})
    story = Story(response.data)
    assert story.ids[0] == 6 and story.is_done
    complete = ana.follow(turn).rest()
    assert complete.ids == list(range(1, complete.ids[-1] + 1))
    assert left.body.split(b"\n\n")[:-1] == complete.body.split(b"\n\n")[: len(left.frames)]


def test_case_060_replays_are_the_same_to_the_byte(ana: Client, thread: str) -> None:
    first = ana.ask(thread, "hello\n/tool nothing {}\nagain")

    replays = [ana.follow(first.turn["id"]).rest() for _ in range(2)]

    assert numbered(first) == numbered(replays[0]) == numbered(replays[1])
    assert first.body == replays[0].body


def test_case_061_nothing_is_left_to_replay(ana: Client, thread: str) -> None:
    story = ana.ask(thread, "hello")
    turn, last = story.turn["id"], story.ids[-1]

    for after in (last, last + 1, 2**63 - 1):
        assert ana.follow(turn, after).rest().frames == [b"retry: 2000", b"data: [DONE]"]
    assert ana.follow(turn, last - 1).rest().ids == [last]
    both = ana.get(f"{CHAT}/turns/{turn}/stream?after={last}", headers={"Last-Event-ID": "1"})
    assert Story(both.data).ids == []


def test_case_062_unusable_positions(ana: Client, thread: str) -> None:
    turn = ana.ask(thread, "hello").turn["id"]

    for path in (f"{CHAT}/turns/{turn}/stream", f"{THREADS}/{thread}/turns/stream"):
        for wrong, kind in (("x", "int_parsing"), ("1.5", "int_parsing"), ("-1", "greater_than_equal")):
            by_header = ana.get(path, headers={"Last-Event-ID": wrong})
            assert problems(by_header) == [(["header", "Last-Event-ID"], kind)]
            assert problems(ana.get(path, query_string={"after": wrong})) == [(["query", "after"], kind)]


def test_case_063_no_active_turn(ana: Client, thread: str) -> None:
    assert ana.get(f"{THREADS}/{thread}/turns/stream").status_code == 204
    ana.ask(thread, "hello")

    response = ana.get(f"{THREADS}/{thread}/turns/stream")

    assert (response.status_code, response.data) == (204, b"")


def test_case_064_two_readers_see_the_same(ana: Client, thread: str) -> None:
    first = ana.open(thread, "/slow 20").until("tick 2 ")

    second = Reader(ana.get(f"{THREADS}/{thread}/turns/stream"))

    assert second.response.headers["X-Turn-Id"] == first.story.turn["id"]
    assert first.rest().body == second.rest().body


def test_case_065_a_repeat_of_a_completed_question(ana: Client, thread: str) -> None:
    first = ana.stream(thread, {"content": "hello"}, **{KEY: "K"})
    story = Story(first.data)

    again = ana.stream(thread, {"content": "hello", "settings": {}}, **{KEY: "K", "Last-Event-ID": "3"})

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.headers["X-Turn-Id"] == first.headers["X-Turn-Id"]
    assert Story(again.data).ids == story.ids[3:]
    assert len(ana.messages(thread)) == 2
    ignored = ana.stream(thread, {"content": "hello", "idempotencyKey": "K2"}, **{"Last-Event-ID": "99"})
    assert Story(ignored.data).ids[0] == 1


def test_case_066_a_repeat_of_the_active_question(ana: Client, thread: str) -> None:
    first = Reader(ana.stream(thread, {"content": "/slow 20"}, **{KEY: "K"})).until("tick 2 ")

    second = Reader(ana.stream(thread, {"content": "/slow 20", "onActive": "interrupt"}, **{KEY: "K"}))

    assert second.response.headers["Idempotent-Replayed"] == "true"
    assert first.rest().body == second.rest().body
    assert first.story.turn["status"] == "completed"


def test_case_067_a_key_of_other_content(ana: Client, thread: str) -> None:
    Story(ana.stream(thread, {"content": "hello"}, **{KEY: "K"}).data)

    by_header = ana.stream(thread, {"content": "other"}, **{KEY: "K"})
    by_body = ana.stream(thread, {"content": "other", "idempotencyKey": "K"})
    different = ana.stream(thread, {"content": "hello", "idempotencyKey": "L"}, **{KEY: "K"})

    assert problems(by_header) == [(["header", KEY], "idempotency_key_reuse")]
    assert problems(by_body) == [(["body", "idempotencyKey"], "idempotency_key_reuse")]
    assert problems(different) == [(["header", KEY], "value_error")]
    assert len(ana.messages(thread)) == 2


def test_case_068_a_key_belongs_to_its_thread(ana: Client, thread: str) -> None:
    first = ana.stream(thread, {"content": "hello"}, **{KEY: "K"})
    second = ana.stream(ana.new_thread(), {"content": "other"}, **{KEY: "K"})

    assert second.status_code == 200
    assert "Idempotent-Replayed" not in second.headers
    assert first.headers["X-Turn-Id"] != second.headers["X-Turn-Id"]
    first.close(), second.close()


def test_case_069_a_refusal_leaves_the_key_free(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 1000").until("tick 1 ")
    assert ana.stream(thread, {"content": "hello"}, **{KEY: "K"}).status_code == 409
    ana.cancel(thread)
    reader.rest()

    response = ana.stream(thread, {"content": "hello"}, **{KEY: "K"})

    assert "Idempotent-Replayed" not in response.headers
    assert Story(response.data).turn["status"] == "completed"


def test_case_070_quotes_around_a_key(ana: Client, thread: str) -> None:
    story = Story(ana.stream(thread, {"content": "hello", "idempotencyKey": "abc"}, **{KEY: '"abc"'}).data)

    assert ana.turn(story.turn["id"])["idempotencyKey"] == "abc"


def test_case_071_other_peoples_turns(app: Flask, ana: Client, people: People, thread: str) -> None:
    turn = ana.ask(thread, "hello").turn["id"]

    for person in (people.ben, people.stan):
        stranger = Client(app, person)
        for path in ("", "/stream"):
            refused = stranger.get(f"{CHAT}/turns/{turn}{path}")
            unknown = stranger.get(f"{CHAT}/turns/{RANDOM_ID}{path}")
            assert (refused.status_code, refused.data) == (404, unknown.data)
            assert refused.json["code"] == "turn_not_found"
        assert stranger.get(f"{THREADS}/{thread}/turns/stream").json["code"] == "thread_not_found"


def test_of_simultaneous_repeats_one_asks_and_all_follow(app: Flask, ana: Client, thread: str) -> None:
    calls = [partial(ana.stream, thread, {"content": "hello"}, **{KEY: "K"})] * 6

    responses = at_once(app, *calls)

    assert {response.status_code for response in responses} == {200}
    assert len({response.headers["X-Turn-Id"] for response in responses}) == 1
    assert [response.headers.get("Idempotent-Replayed") for response in responses].count(None) == 1
    for response in responses:
        response.close()


def test_an_edit_is_repeated_though_its_message_is_replaced(ana: Client, thread: str) -> None:
    ana.ask(thread, "helo")
    body = {"content": "hello", "mode": "edit", "messageId": ana.messages(thread)[0]["id"]}

    first, second = (Story(ana.stream(thread, body, **{KEY: "K"}).data) for _ in range(2))

    assert first.body == second.body


@pytest.mark.parametrize(
    "content", ["hello\n/tool nothing {}\nbye", "/fail provider_auth", "/fail-early provider_auth"]
)
def test_long_after_its_end_a_stream_is_told_in_short(make_app: Callable[..., Flask], content: str) -> None:
    ana = Client(make_app(event_retention_hours=24), folk.settle().ana)
    thread = ana.new_thread()
    story = ana.ask(thread, content)
    kept = ana.ask(thread, "recent")
    with transaction():
        old = update(Turn).where(Turn.id == UUID(story.turn["id"]))
        session.execute(old.values(completed_at=now() - timedelta(hours=25)))

    assert retention.prune_events() == 1

    session.remove()
    assert set(session.scalars(select(TurnEvent.turn_id))) == {UUID(kept.turn["id"])}
    short = [ana.follow(story.turn["id"], after).rest() for after in (None, 99)]
    assert short[0].body == short[1].body and short[0].is_done and short[0].ids == []
    told = [frame.removeprefix(b"data: ") for frame in short[0].frames[1:-1]]
    types = [event["type"] for event in map(_json, told)]
    assert types[0] == "start" and types[-1] == story.types[-1] and types[-2] == "data-turn"
    assert "".join(event.get("delta", "") for event in map(_json, told)) == story.text
    assert [kind for kind in types if kind.startswith("tool-output")] == [
        kind for kind in story.types if kind.startswith("tool-output")
    ]


def _json(text: bytes) -> dict[str, str]:
    found: dict[str, str] = orjson.loads(text)
    return found
