from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from chatapp.db import new_id, release, session
from chatapp.models import ChatSession, Message, Thread, Turn, TurnLease
from chatapp.web.pages.chat import MAX_TEXT
from tests.people import People, settle
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor

REFUSED = [
    ({"text": ""}, 400, "write a message"),
    ({"text": " \n\t "}, 400, "write a message"),
    ({}, 400, "write a message"),
    ({"text": "x" * (MAX_TEXT + 1)}, 400, "50,000 characters"),
    ({"text": "a\x00b"}, 400, "character that cannot be stored"),
    ({"text": "x", "thread_id": "nonsense"}, 404, "not found"),
    ({"text": "x", "thread_id": str(UUID(int=7))}, 404, "Thread not found"),
    ({"text": "x", "mode": "shout"}, 400, ""),
    ({"text": "x", "mode": "edit"}, 404, "not found"),
    ({"text": "x", "mode": "edit", "message_id": str(UUID(int=7))}, 404, "not found"),
    ({"text": "x", "mode": "edit", "message_id": "nonsense"}, 404, "not found"),
    ({"mode": "reload"}, 409, "nothing to answer again"),
]


def rows() -> dict[str, int | None]:
    release()
    models = (ChatSession, Thread, Message, Turn, TurnLease)
    return {model.__name__: session.scalar(select(func.count()).select_from(model)) for model in models}


def conversation(page: Element) -> list[tuple[str, str]]:
    articles = page.find(id="conversation").all("article")
    return [(a.attributes["data-role"], a.find(class_="blocks").text.strip()) for a in articles]


@pytest.mark.parametrize(("form", "status", "said"), REFUSED)
def test_a_refused_message_leaves_nothing_behind_and_says_why(
    ana: Visitor, form: dict[str, str], status: int, said: str
) -> None:
    before = rows()
    response = ana.post("/chat/send/", data=form, headers=HTMX)
    assert response.status_code == status
    assert said in parse(response.text).find(data_error_message="").text
    assert rows() == before


@pytest.mark.parametrize(
    ("text", "said"), [(" \n\t ", "write a message"), ("x" * (MAX_TEXT + 1), "50,000"), ("a\x00b", "cannot be stored")]
)
def test_without_script_the_page_comes_back_with_what_was_typed(ana: Visitor, text: str, said: str) -> None:
    asked = ana.answer("Hello")
    response = ana.post("/chat/send/", data={"text": text, "thread_id": asked.thread_id})
    assert response.status_code == 400
    page = parse(response.text)
    assert said in page.find(id="composer-error").text
    assert page.find("textarea", id="composer-text").text == text
    assert conversation(page)[0] == ("user", "Hello")


def test_the_longest_message_is_accepted(ana: Visitor) -> None:
    text = "y" * MAX_TEXT
    asked = ana.answer(text)
    assert conversation(ana.page(f"/chat/{asked.thread_id}/"))[0] == ("user", text)


def test_a_browsers_line_ends_do_not_count_twice(ana: Visitor) -> None:
    assert ana.send("a\r\n" * (MAX_TEXT // 2)).status_code == 200


def test_htmx_gets_the_two_articles_and_what_changes_around_them(ana: Visitor) -> None:
    response = ana.send("Hello")
    part = parse(response.text)
    question, answer = part.all("article")
    assert question.attributes["data-role"] == "user"
    assert question.find(class_="bubble").text == "Hello"
    assert answer.attributes["data-status"] == "running"
    assert answer.attributes["data-live"].endswith("/events?after=0")
    assert part.find(id="composer-controls").attributes["hx-swap-oob"] == "true"
    assert part.find(id="composer-controls").has(aria_label="Stop")
    assert not part.has(id="thread-list")  # it asks for itself
    assert not part.has("html")
    thread_id = part.find("input", name="thread_id", form="composer-form").attributes["value"]
    assert response.headers["HX-Push-Url"] == f"/chat/{thread_id}/"


def test_a_second_message_does_not_change_the_address(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    response = ana.send("Again", thread_id=asked.thread_id)
    assert "HX-Push-Url" not in response.headers
    ana.events(UUID(parse(response.text).find("article", data_role="assistant").attributes["data-turn-id"]))
    assert [role for role, _ in conversation(ana.page(f"/chat/{asked.thread_id}/"))] == ["user", "assistant"] * 2


def test_a_plain_form_is_led_to_the_page_that_grows(ana: Visitor) -> None:
    response = ana.post("/chat/send/", data={"text": "Hello"})
    assert response.status_code == 303
    assert response.location.endswith("/?live=page#latest")


def test_sending_while_an_answer_is_written_ends_that_answer_and_keeps_its_text(ana: Visitor) -> None:
    first = ana.ask("One moment\n/silent 60")
    second = ana.answer("Hello", thread_id=first.thread_id)
    page = ana.page(f"/chat/{first.thread_id}/")
    statuses = [article.attributes["data-status"] for article in page.all("article", data_role="assistant")]
    assert statuses == ["cancelled", "completed"]
    assert str(second.answer_id) in str(page)


def test_an_edit_replaces_the_question_and_its_answer(ana: Visitor) -> None:
    asked = ana.answer("First try")
    again = ana.answer("Second try", mode="edit", thread_id=asked.thread_id, message_id=asked.message_id)
    assert again.thread_id == asked.thread_id
    said = conversation(ana.page(f"/chat/{asked.thread_id}/"))
    assert said == [("user", "Second try"), ("assistant", "You said: Second try")]


def test_only_the_last_question_can_be_edited(ana: Visitor) -> None:
    asked = ana.answer("First")
    ana.answer("Second", thread_id=asked.thread_id)
    response = ana.send("Other", mode="edit", thread_id=asked.thread_id, message_id=asked.message_id)
    assert response.status_code == 400
    assert "last question" in parse(response.text).find(data_error_message="").text


def test_a_reload_replaces_the_answer(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    again = ana.answer("", mode="reload", thread_id=asked.thread_id)
    assert again.answer_id != asked.answer_id
    assert again.message_id == asked.message_id
    assert len(conversation(ana.page(f"/chat/{asked.thread_id}/"))) == 2


def test_without_a_model_the_page_says_so(make_app: Callable[..., Flask]) -> None:
    app = make_app(provider="none")
    ana = Visitor(app, app.response_class, use_cookies=True)
    ana.sign_in(settle().ana)
    before = rows()
    response = ana.send("Hello")
    assert response.status_code == 503
    assert "No language model" in parse(response.text).find(data_error_message="").text
    assert rows() == before


def test_an_unknown_time_zone_is_no_obstacle(ana: Visitor, people: People) -> None:
    for sent, used in {"Middle/Earth\x00": "UTC", "": "UTC", "Europe/Tallinn": "Europe/Tallinn"}.items():
        asked = ana.answer("Hello", timezone=sent)
        release()
        assert session.get_one(Turn, asked.turn_id).settings["timezone"] == used


def test_an_id_that_nobody_has_is_not_found(ana: Visitor) -> None:
    assert ana.get(f"/chat/{new_id()}/").status_code == 404
