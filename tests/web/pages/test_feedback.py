"""Thumbs: the dialog that htmx fetches, and the page for browsers without JavaScript."""

from __future__ import annotations

import pytest

from chatapp.core import messages
from chatapp.db import release
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Asked, Visitor


@pytest.fixture
def asked(ana: Visitor) -> Asked:
    return ana.answer("Hello")


def form(ana: Visitor, asked: Asked, score: str) -> Element:
    return parse(ana.get(f"/chat/messages/{asked.answer_id}/feedback/?score={score}", headers=HTMX).text)


def give(ana: Visitor, asked: Asked, **fields: str):
    return ana.post(f"/chat/messages/{asked.answer_id}/feedback/", data=fields, headers=HTMX)


def pressed(part: Element) -> dict[str, str]:
    thumbs = part.find("form", class_="thumbs").all("button")
    return {button.attributes["value"]: button.attributes["aria-pressed"] for button in thumbs}


def test_an_answer_has_two_thumbs_and_a_question_has_none(ana: Visitor, asked: Asked) -> None:
    page = ana.page(f"/chat/{asked.thread_id}/")
    assert pressed(page) == {"up": "false", "down": "false"}
    assert not page.find("article", data_role="user").has(class_="thumbs")


def test_only_a_thumb_down_asks_for_a_category(ana: Visitor, asked: Asked) -> None:
    up, down = form(ana, asked, "up"), form(ana, asked, "down")
    assert up.find("h2").text.strip() != down.find("h2").text.strip()
    assert not up.has("select")
    assert [option.attributes["value"] for option in down.find("select").all("option")] == [
        "", "inaccurate", "incomplete", "misunderstood", "slow_or_failed", "other",
    ]  # fmt: skip
    assert down.find("textarea").attributes["maxlength"] == "2000"


def test_what_was_said_is_kept_and_the_thumb_stays_pressed(ana: Visitor, asked: Asked) -> None:
    reply = give(ana, asked, score="down", category="inaccurate", comment="Two\r\nlines ")
    assert pressed(parse(reply.text)) == {"up": "false", "down": "true"}
    assert pressed(ana.page(f"/chat/{asked.thread_id}/")) == {"up": "false", "down": "true"}
    release()
    message = messages.get(asked.answer_id)
    assert message
    assert (message.feedback_score, message.feedback_category, message.feedback_comment) == (
        False, "inaccurate", "Two\nlines",
    )  # fmt: skip


def test_the_same_direction_is_filled_in_and_the_other_one_begins_empty(ana: Visitor, asked: Asked) -> None:
    give(ana, asked, score="down", category="other", comment="So so")
    again = form(ana, asked, "down")
    assert again.find("textarea").text == "So so"
    assert again.find("option", selected="").attributes["value"] == "other"
    assert form(ana, asked, "up").find("textarea").text == ""


def test_what_cannot_be_kept_is_refused_with_the_reason(ana: Visitor, asked: Asked) -> None:
    for fields in ({"comment": "x" * 2001}, {"category": "nonsense"}):
        reply = give(ana, asked, score="down", **fields)
        assert reply.status_code == 400
        assert parse(reply.text).find(data_error_message="").text.strip()
    assert give(ana, asked, score="sideways").status_code == 400
    assert pressed(ana.page(f"/chat/{asked.thread_id}/")) == {"up": "false", "down": "false"}


def test_without_htmx_there_is_a_page_that_leads_back(ana: Visitor, asked: Asked) -> None:
    address = f"/chat/messages/{asked.answer_id}/feedback/"
    back = f"/chat/{asked.thread_id}/?message={asked.answer_id}#m-{asked.answer_id}"
    page = ana.page(f"{address}?score=up")
    assert page.find("a", role="button").attributes["href"] == back
    refused = ana.post(address, data={"score": "up", "comment": "y" * 2001})
    assert refused.status_code == 400
    assert parse(refused.text).find("textarea").text == "y" * 2001
    assert "2,000" in parse(refused.text).find(class_="form-error").text
    accepted = ana.post(address, data={"score": "up", "comment": "Good"})
    assert (accepted.status_code, accepted.location) == (303, back)


def test_a_question_cannot_be_rated(ana: Visitor, asked: Asked) -> None:
    assert ana.get(f"/chat/messages/{asked.message_id}/feedback/?score=up").status_code == 404
    assert ana.post(f"/chat/messages/{asked.message_id}/feedback/", data={"score": "up"}).status_code == 404


def test_each_version_has_its_own_feedback(ana: Visitor, asked: Asked) -> None:
    give(ana, asked, score="up")
    ana.answer("", mode="reload", thread_id=asked.thread_id)
    assert pressed(ana.page(f"/chat/{asked.thread_id}/")) == {"up": "false", "down": "false"}
    assert pressed(ana.page(f"/chat/{asked.thread_id}/?message={asked.answer_id}")) == {"up": "true", "down": "false"}
