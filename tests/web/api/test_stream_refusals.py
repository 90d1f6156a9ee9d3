"""Requests that never become a stream, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chatapp.core import turns
from chatapp.errors import TooManyTurns
from chatapp.values import Question
from tests import people as folk
from tests.people import People
from tests.servers import wait_until
from tests.web.api.client import MESSAGES, STREAM, THREADS, Client, row_counts

REQUIRED = ["This field is required."]
BAD_UUID = ["Must be a valid UUID."]
UUID_TEXT = "01890000-0000-7000-8000-000000000001"


@pytest.fixture
def refused(ana: Client) -> Iterator[Callable[..., TestResponse]]:
    """Posts to the stream; afterwards no table may have changed."""
    before = row_counts()

    def post(**options: Any) -> TestResponse:
        return ana.post(STREAM, **options)

    yield post
    assert row_counts() == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "This field is required."),
        ({"input": ""}, "This field may not be blank."),
        ({"input": " \n\t "}, "This field may not be blank."),
        ({"input": None}, "This field may not be null."),
        ({"input": "x" * 50_001}, "Ensure this field has no more than 50000 characters."),
        ({"input": 5}, "Not a valid string."),
        ({"input": ["x"]}, "Not a valid string."),
        ({"input": "a\x00b"}, "This field has characters that cannot be stored."),
        ({"input": "a\ud800b"}, "This field has characters that cannot be stored."),
    ],
)
def test_case_59_unusable_input(refused: Callable[..., TestResponse], body: dict[str, Any], message: str) -> None:
    response = refused(json=body)

    assert (response.status_code, response.json) == (400, {"input": [message]})


def test_case_59_the_longest_input(ana: Client) -> None:
    text = "é" * 50_000

    assert ana.ask(f" {text}\n").text == f"You said: {text}"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"mode": "reload"}, "mode"),
        ({"mode": "edit"}, "mode"),
        ({"mode": "edit", "edit_message_uuid": UUID_TEXT}, "mode"),
        ({"mode": "edit", "thread_uuid": UUID_TEXT}, "edit_message_uuid"),
        ({"edit_message_uuid": UUID_TEXT}, "edit_message_uuid"),
        ({"edit_message_uuid": UUID_TEXT, "thread_uuid": UUID_TEXT, "mode": "reload"}, "edit_message_uuid"),
    ],
)
def test_case_60_fields_that_do_not_go_together(
    refused: Callable[..., TestResponse], fields: dict[str, str], key: str
) -> None:
    response = refused(json={"input": "hello", **fields})

    assert response.status_code == 400
    assert list(response.json) == [key]
    assert isinstance(response.json[key], list)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mode": "foo"}, {"mode": ['"foo" is not a valid choice.']}),
        ({"mode": ""}, {"mode": ['"" is not a valid choice.']}),
        ({"mode": 7}, {"mode": ['"7" is not a valid choice.']}),
        ({"mode": "\ud800"}, {"mode": ['"?" is not a valid choice.']}),
        ({"thread_uuid": "abc"}, {"thread_uuid": BAD_UUID}),
        ({"thread_uuid": 12}, {"thread_uuid": BAD_UUID}),
        ({"edit_message_uuid": "abc"}, {"edit_message_uuid": BAD_UUID}),
        ({"update_thread_name": "abc"}, {"update_thread_name": BAD_UUID}),
        ({"thread_uuid": "", "mode": "x", "input": ""}, None),
    ],
)
def test_case_60_values_of_no_use(
    refused: Callable[..., TestResponse], fields: dict[str, Any], expected: dict[str, list[str]] | None
) -> None:
    response = refused(json={"input": "hello"} | fields)

    assert response.status_code == 400
    assert response.json == expected or set(response.json) == set(fields)


def test_null_means_not_given_and_unknown_keys_are_ignored(ana: Client) -> None:
    nothing = {"thread_uuid": None, "mode": None, "edit_message_uuid": None, "update_thread_name": None}

    assert ana.ask("hello", **nothing, colour="red").text == "You said: hello"


def test_case_61_other_peoples_threads(ana: Client, ben: Client, stan: Client) -> None:
    thread = ben.ask("hello").thread
    before = row_counts()

    for stranger in (ana, stan):
        response = stranger.post(STREAM, json={"input": "hello", "thread_uuid": thread})
        assert (response.status_code, response.json) == (404, {"detail": "Thread not found."})
    unknown = ana.post(STREAM, json={"input": "hello", "thread_uuid": str(uuid4())})
    assert unknown.status_code == 404
    assert row_counts() == before


def test_validation_comes_before_the_lookup(ana: Client, ben: Client) -> None:
    thread = ben.ask("hello").thread

    response = ana.post(STREAM, json={"input": "", "thread_uuid": thread})

    assert (response.status_code, list(response.json)) == (400, ["input"])


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"input": "a"', b"\xff\xfe\xfa", b'{"input": nope}', b"[" * 100_000, b" "],
    ids=["open", "cut", "not UTF-8", "no value", "too deep", "blank"],
)
def test_malformed_json(refused: Callable[..., TestResponse], body: bytes) -> None:
    response = refused(data=body, content_type="application/json")

    assert response.status_code == 400
    assert response.json["detail"].startswith("JSON parse error - ")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"5"])
def test_json_that_is_no_object(refused: Callable[..., TestResponse], body: bytes) -> None:
    response = refused(data=body, content_type="application/json")

    assert (response.status_code, list(response.json)) == (400, ["non_field_errors"])


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", ""])
def test_other_media_types(refused: Callable[..., TestResponse], media_type: str) -> None:
    response = refused(data=b'{"input": "hello"}', content_type=media_type)

    assert (response.status_code, list(response.json)) == (415, ["detail"])


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", ""])
def test_no_body_at_all(refused: Callable[..., TestResponse], media_type: str) -> None:
    response = refused(data=b"", content_type=media_type)

    assert (response.status_code, response.json) == (400, {"input": REQUIRED})


def test_a_body_that_is_too_large(refused: Callable[..., TestResponse]) -> None:
    response = refused(json={"input": "x", "rest": "x" * 1024 * 1024})

    assert (response.status_code, list(response.json)) == (413, ["detail"])


def test_form_bodies_are_read(ana: Client) -> None:
    response = ana.post(STREAM, data={"input": "hello"})

    assert response.status_code == 200
    assert "hello" in response.text


def test_case_80_only_the_last_question_can_be_edited(ana: Client) -> None:
    first = ana.ask("one")
    thread = first.thread
    second = ana.ask("two", thread_uuid=thread)
    elsewhere = ana.ask("three").ids["user_message_uuid"]
    before = row_counts()

    def edit(message: str) -> TestResponse:
        fields = {"input": "x", "thread_uuid": thread, "mode": "edit", "edit_message_uuid": message}
        return ana.post(STREAM, json=fields)

    for message in (first.ids["user_message_uuid"], second.ids["assistant_message_uuid"]):
        response = edit(message)
        assert response.status_code == 400
        assert isinstance(response.json, list) and len(response.json) == 1
    for message in (str(uuid4()), elsewhere):
        response = edit(message)
        assert (response.status_code, response.json) == (404, {"detail": "Message not found."})
    assert row_counts() == before


def test_a_refused_request_does_not_interrupt_the_running_answer(ana: Client) -> None:
    stream = ana.open("/slow 15")
    stream.read_until("tick 1 ")
    thread = ana.get(THREADS).json[0]["uuid"]

    fields = {"input": "x", "thread_uuid": thread, "mode": "edit", "edit_message_uuid": str(uuid4())}
    assert ana.post(STREAM, json=fields).status_code == 404
    assert "tick 15 " in stream.rest().text


def test_case_64_a_site_at_its_capacity(make_app: Callable[..., Flask]) -> None:
    app = make_app(ai_assistant_global_requests_per_minute=1)
    ana = Client(app, folk.settle().ana)
    if datetime.now(UTC).second == 59:
        wait_until(lambda: datetime.now(UTC).second == 0)  # both requests belong to one clock minute
    ana.ask("hello")
    before = row_counts()

    response = ana.post(STREAM, json={"input": "hello"})

    assert response.status_code == 429
    assert set(response.json) == {"error", "code", "reset_at", "retry_after_seconds", "detail"}
    assert (response.json["error"], response.json["code"]) == ("rate_limited", "global_minute_burst")
    assert response.json["reset_at"].endswith("Z") and 1 <= response.json["retry_after_seconds"] <= 60
    assert response.headers["Retry-After"] == str(response.json["retry_after_seconds"])
    assert row_counts() == before


def test_case_64_the_tokens_of_the_day(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(ai_assistant_global_daily_token_budget=1), folk.settle().ana)
    ana.ask("hello")
    before = row_counts()

    response = ana.post(STREAM, json={"input": "hello"})

    assert (response.status_code, response.json["code"]) == (429, "global_daily_token")
    assert response.json["reset_at"].endswith("T00:00:00.000000Z")
    assert response.headers["Retry-After"] == str(response.json["retry_after_seconds"])
    assert row_counts() == before


def test_too_many_answers_at_once(ana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Question) -> None:
        raise TooManyTurns("Too many answers are being written for you at once.")

    monkeypatch.setattr(turns, "start", refuse)

    response = ana.post(STREAM, json={"input": "hello"})

    assert (response.status_code, response.json["error"]) == (429, "rate_limited")
    assert int(response.headers["Retry-After"]) == response.json["retry_after_seconds"] > 0


def test_a_server_that_is_stopping_says_when_to_come_back(app: Flask, ana: Client, people: People) -> None:
    app.extensions["runner"].accepts = False
    before = row_counts()

    response = ana.post(STREAM, json={"input": "hello"})

    assert (response.status_code, list(response.json)) == (503, ["detail"])
    assert int(response.headers["Retry-After"]) > 0
    assert row_counts() == before
    assert ana.get(MESSAGES).json == []
