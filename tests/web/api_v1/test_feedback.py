"""Ratings: cases 96 to 100 of turns-api."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from chatapp.db import session
from chatapp.models import Feedback
from tests.people import People
from tests.web.api.client import Client as SnakeClient
from tests.web.api_v1.client import RANDOM_ID, THREADS, Client, problems


def rate(client: Client, thread: str, rating: str = "positive", **fields: Any) -> Any:
    return client.post(f"{THREADS}/{thread}/feedback", {"rating": rating, **fields})


def test_case_096_the_latest_answer(ana: Client, people: People, thread: str) -> None:
    ana.ask(thread, "one")
    ana.ask(thread, "two")
    answer = ana.messages(thread)[-1]

    response = rate(ana, thread, comment=" \n ")

    assert response.status_code == 201
    given = response.json
    assert set(given) == {"id", "threadId", "rating", "comment", "messageId", "turnId", "createdBy", "createdAt"}
    assert (given["messageId"], given["turnId"]) == (answer["id"], answer["turnId"])
    assert (given["rating"], given["comment"], given["createdBy"]) == ("positive", None, str(people.ana.id))


def test_case_097_questions_are_not_rated(ana: Client, thread: str) -> None:
    ana.ask(thread, "one")
    question = ana.messages(thread)[0]["id"]

    assert problems(rate(ana, thread, messageId=question)) == [(["body", "messageId"], "value_error")]


def test_case_098_unusable_ratings(ana: Client, thread: str) -> None:
    assert problems(rate(ana, thread, "great")) == [(["body", "rating"], "enum")]
    wrong = {"comment": "x" * 2001, "turnId": 1}
    assert problems(ana.post(f"{THREADS}/{thread}/feedback", wrong)) == [
        (["body", "rating"], "missing"),
        (["body", "comment"], "string_too_long"),
        (["body", "turnId"], "uuid_parsing"),
    ]


def test_case_099_a_rating_is_seen_in_the_other_api(app: Flask, ana: Client, people: People, thread: str) -> None:
    ana.ask(thread, "one")
    rate(ana, thread, "positive")
    assert SnakeClient(app, people.ana).answer_in(thread)["feedback_score"] is True


def test_case_100_a_rating_replaces_that_of_the_other_api(app: Flask, ana: Client, people: People, thread: str) -> None:
    ana.ask(thread, "one")
    other = SnakeClient(app, people.ana)

    def seen() -> tuple[Any, ...]:
        message = other.answer_in(thread)
        return tuple(message[f"feedback_{name}"] for name in ("score", "comment", "category", "submitted_at"))

    first = rate(ana, thread, "positive").json
    assert seen() == (True, None, None, first["createdAt"])
    answer = ana.messages(thread)[1]["id"]
    said = {"score": False, "comment": "bad", "category": "inaccurate"}
    other.post(f"/api/chat-messages/{answer}/feedback/", json=said)
    assert seen()[:3] == (False, "bad", "inaccurate")

    second = rate(ana, thread, "positive", comment="good after all").json

    assert seen() == (True, "good after all", None, second["createdAt"])
    session.remove()
    assert [f.score for f in session.scalars(select(Feedback).order_by(Feedback.created))] == [True, False, True]


def test_what_is_rated(ana: Client, ben: Client, thread: str) -> None:
    ana.ask(thread, "one")
    ana.ask(thread, "/fail-early provider_auth")
    _, answer, _ = ana.messages(thread)
    failed = ana.thread(thread)["lastTurnId"]
    elsewhere = ana.new_thread()
    ana.ask(elsewhere, "hello")
    other = ana.messages(elsewhere)[1]

    def about(**fields: Any) -> tuple[Any, Any]:
        given = rate(ana, thread, **fields).json
        return given["messageId"], given["turnId"]

    assert about(messageId=answer["id"]) == (answer["id"], answer["turnId"])
    assert about(turnId=answer["turnId"]) == (answer["id"], answer["turnId"])
    assert about(turnId=failed) == (None, failed)
    assert about(messageId=answer["id"], turnId=answer["turnId"]) == (answer["id"], answer["turnId"])
    assert problems(rate(ana, thread, messageId=answer["id"], turnId=failed)) == [(["body"], "value_error")]
    for unknown in (other["id"], RANDOM_ID):
        assert rate(ana, thread, messageId=unknown).json["code"] == "message_not_found"
    for unknown in (other["turnId"], RANDOM_ID):
        assert rate(ana, thread, turnId=unknown).json["code"] == "turn_not_found"
    assert rate(ben, thread, messageId=answer["id"]).json["code"] == "thread_not_found"


def test_an_empty_thread_is_rated_as_a_whole(ana: Client, thread: str) -> None:
    given = rate(ana, thread, "negative", comment="slow").json

    assert (given["messageId"], given["turnId"], given["comment"]) == (None, None, "slow")
