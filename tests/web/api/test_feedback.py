from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from chatapp.core import feedback
from chatapp.db import session
from chatapp.models import AuditRecord
from tests.people import People
from tests.web.api.client import MESSAGES, THREADS, Client, row_counts
from tests.web.api.rows import add_message, add_thread


@pytest.fixture
def answer(people: People) -> str:
    """An answer that ana got."""
    return add_message(add_thread(people.ana), "the answer")


def rate(client: Client, message: str, body: Any) -> TestResponse:
    return client.post(f"{MESSAGES}{message}/feedback/", json=body)


def opinion(response: TestResponse) -> tuple[Any, Any, Any]:
    assert response.status_code == 200, response.json
    return tuple(response.json[f"feedback_{name}"] for name in ("score", "category", "comment"))  # type: ignore[return-value]


def test_case_44_thumbs_up(ana: Client, answer: str) -> None:
    before = ana.get(MESSAGES).json[0]

    response = rate(ana, answer, {"score": True})

    assert opinion(response) == (True, None, None)
    assert response.json["feedback_submitted_at"].endswith("Z")
    assert response.json | {"feedback_score": None, "feedback_submitted_at": None} == before
    assert ana.get(MESSAGES).json == [response.json]


def test_case_45_a_thumb_turned_up_wipes_the_rest(ana: Client, answer: str) -> None:
    complaint = {"score": False, "category": "inaccurate", "comment": "x"}
    assert opinion(rate(ana, answer, complaint)) == (False, "inaccurate", "x")

    assert opinion(rate(ana, answer, {"score": True})) == (True, None, None)
    assert opinion(rate(ana, answer, {"score": True, "comment": "", "category": None})) == (True, None, "")


@pytest.mark.parametrize("category", feedback.CATEGORIES)
def test_every_category(ana: Client, answer: str, category: str) -> None:
    assert opinion(rate(ana, answer, {"score": False, "category": category})) == (False, category, None)


BOOLEAN = "Must be a valid boolean."
UNSTORABLE = "This field has characters that cannot be stored."
REFUSALS = [
    ({}, {"score": ["This field is required."]}),
    ({"score": None}, {"score": ["This field may not be null."]}),
    *(({"score": score}, {"score": [BOOLEAN]}) for score in ("maybe", "true", "", 1, 0.0, [], {}, [[]] * 9)),
    ({"score": False, "category": "foo"}, {"category": ['"foo" is not a valid choice.']}),
    ({"score": False, "category": ""}, {"category": ['"" is not a valid choice.']}),
    ({"score": False, "category": "a\x00\ud800"}, {"category": ['"a??" is not a valid choice.']}),
    ({"score": False, "category": 7}, {"category": ['"7" is not a valid choice.']}),
    ({"score": True, "category": "other"}, {"category": ["Only a thumbs down has a category."]}),
    ({"score": True, "comment": "x" * 2001}, {"comment": ["Ensure this field has no more than 2000 characters."]}),
    ({"score": True, "comment": "a\x00b"}, {"comment": [UNSTORABLE]}),
    ({"score": True, "comment": "a\udfffb"}, {"comment": [UNSTORABLE]}),
    ({"score": True, "comment": 5}, {"comment": ["Not a valid string."]}),
    ([], {"non_field_errors": ["Invalid input type."]}),
]


def test_case_46_what_cannot_be_used(ana: Client, answer: str) -> None:
    before, rows = ana.get(MESSAGES).json, row_counts()

    for body, messages in REFUSALS:
        for message in (answer, str(uuid4())):  # the body is looked at first
            response = rate(ana, message, body)
            assert (response.status_code, response.json) == (400, messages), body
    assert (ana.get(MESSAGES).json, row_counts()) == (before, rows)


def test_case_46_json_that_is_nested_deeply(ana: Client, answer: str) -> None:
    for depth in (10, 100, 900, 950, 980, 100_000):
        for field in ("score", "comment", "category"):
            body = b'{"score": false, "%s": %s%s}' % (field.encode(), b"[" * depth, b"]" * depth)
            response = ana.post(f"{MESSAGES}{answer}/feedback/", data=body, content_type="application/json")
            assert response.status_code == 400
            assert list(response.json) in ([field], ["detail"])


def test_case_46_a_long_comment(ana: Client, answer: str) -> None:
    comment = " " + "é" * 1998 + "\n"

    assert opinion(rate(ana, answer, {"score": True, "comment": comment})) == (True, None, comment)


def test_case_47_questions_are_not_rated(ana: Client, people: People) -> None:
    question = add_message(add_thread(people.ana), "hello", "user")

    response = rate(ana, question, {"score": True})

    assert response.status_code == 400
    assert isinstance(response.json, list) and len(response.json) == 1


def test_case_48_only_ones_own_answers(ana: Client, sue: Client, stan: Client, people: People) -> None:
    his = add_message(add_thread(people.ben))
    before = row_counts()

    for client in (ana, sue, stan):
        for message in (his, str(uuid4())):
            response = rate(client, message, {"score": True})
            assert (response.status_code, response.json) == (404, {"detail": "Message not found."})
    assert row_counts() == before


def test_case_49_saying_it_again(ana: Client, answer: str) -> None:
    first = rate(ana, answer, {"score": False, "comment": "slow", "category": "slow_or_failed"})
    second = rate(ana, answer, {"score": False, "comment": "very slow"})

    assert opinion(second) == (False, None, "very slow")
    assert second.json["feedback_submitted_at"] > first.json["feedback_submitted_at"]


def test_the_thread_is_known_to_have_feedback_and_does_not_move(ana: Client, answer: str) -> None:
    (before,) = ana.get(THREADS).json

    rate(ana, answer, {"score": False})

    assert before["has_feedback"] is False
    assert ana.get(THREADS).json == [before | {"has_feedback": True}]


def test_feedback_is_written_down_without_its_words(ana: Client, people: People, answer: str) -> None:
    rate(ana, answer, {"score": False, "comment": "secret words", "category": "other"})

    session.remove()
    (record,) = session.scalars(select(AuditRecord))
    assert (record.event, record.actor_id, record.object_id) == ("chat_feedback_submitted", people.ana.id, UUID(answer))
    thread = ana.get(MESSAGES).json[0]["thread"]
    assert record.details == {"score": False, "category": "other", "has_comment": True, "thread": thread}


def test_messages_are_listed_by_feedback_and_flag(ana: Client, people: People) -> None:
    thread = add_thread(people.ana)
    up, down, silent = (add_message(thread, feedback_score=score) for score in (True, False, None))
    flagged = add_message(thread, "bad", "user", is_flagged=True, severity="high")

    def listed(query: str) -> list[str]:
        return [message["uuid"] for message in ana.get(f"{MESSAGES}?{query}").json]

    assert listed("feedback_score=true") == [up]
    assert listed("feedback_score=FALSE") == [down]
    assert listed("is_flagged=1") == [flagged]
    assert listed("is_flagged=false") == [up, down, silent]
    assert listed("feedback_score=none&is_flagged=x") == [up, down, silent, flagged]
    assert listed("feedback_score=true&is_flagged=true") == []


def test_staff_see_the_findings_on_their_own_rated_answer(stan: Client, people: People) -> None:
    own = add_message(add_thread(people.stan))

    assert rate(stan, own, {"score": True}).json["severity"] == "none"


def test_case_112_a_message_in_every_spelling(ana: Client, answer: str) -> None:
    for spelling in (answer.upper(), UUID(answer).hex):
        assert rate(ana, spelling, {"score": True}).json["uuid"] == answer
