"""Forms and orders in answers: used once, only by their owner, only as the last word of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask import Flask

from chatapp import tools
from chatapp.core import replies, sharing, threads
from chatapp.db import release, session
from chatapp.models import Message
from tests.people import People
from tests.stream.asking import at_once
from tests.web.pages import order_tools
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Asked, Visitor

QUESTIONS = [
    {"question": "Where should it live?", "header": "Project", "options": [{"label": "Alpha"}, {"label": "Beta"}]},
    {"question": "What is it called?"},
]
ASK = f"/tool ask_user {orjson.dumps({'questions': QUESTIONS}).decode()}"
FILLED = {"q0": "q0o1", "q1-own": "web-1"}
REPLY = 'Project: Beta. What is it called?: "web-1".'


@pytest.fixture(autouse=True)
def more_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "built_in", tools.built_in)
    order_tools.install()


def address(asked: Asked, block: str = "blk_0_r") -> str:
    return f"/chat/messages/{asked.answer_id}/blocks/{block}/reply/"


def conversation(browser: Visitor, asked: Asked) -> Element:
    return browser.page(f"/chat/{asked.thread_id}/").find(id="conversation")


def said(browser: Visitor, asked: Asked) -> list[str]:
    return [m.find(class_="blocks").text for m in conversation(browser, asked).all("article", data_role="user")]


def test_a_form_sends_what_was_filled_in_and_shows_it_from_then_on(ana: Visitor) -> None:
    asked = ana.answer(ASK)
    form = conversation(ana, asked).find("answer-form").find("form")
    assert form.attributes["action"] == address(asked)
    part = parse(ana.post(address(asked), data=FILLED, headers=HTMX).text)
    question, answer = part.elements[0], part.elements[1]
    assert question.find(class_="blocks").text == REPLY
    assert answer.attributes["data-status"] == "running"
    (before,) = [a for a in part.all("article") if "hx-swap-oob" in a.attributes]
    assert before.attributes["data-message-id"] == str(asked.answer_id)
    assert "Sent" in before.text
    ana.events(UUID(answer.attributes["data-turn-id"]))
    shown = conversation(ana, asked)
    assert not shown.has("answer-form")
    sent = shown.find(class_="answers")
    assert [(e.find("dt").text, e.find("dd").text) for e in sent.all("div")] == [
        ("Project", "Beta"),
        ("What is it called?", "web-1"),
    ]
    assert f"You said: {REPLY}" in shown.all("article")[-1].text


def test_a_form_works_as_a_plain_form(ana: Visitor) -> None:
    asked = ana.answer(ASK)
    response = ana.post(address(asked), data=FILLED)
    assert response.status_code == 303
    grown = ana.page(response.location.partition("#")[0])
    assert f"You said: {REPLY}" in grown.text
    assert said(ana, asked)[-1] == REPLY


def test_a_form_that_grew_with_its_page_can_be_used_at_once(ana: Visitor) -> None:
    response = ana.post("/chat/send/", data={"text": ASK})
    grown = ana.page(response.location.partition("#")[0])
    action = grown.find("answer-form").find("form").attributes["action"]
    assert ana.post(action, data=FILLED, headers=HTMX).status_code == 200


@pytest.mark.parametrize("filled", [{}, {"q0": "q0o1"}, {"q1-own": "x"}, {"q0": "nonsense", "q1-own": "x"}])
def test_what_is_not_answered_is_asked_for(ana: Visitor, filled: dict[str, str]) -> None:
    asked = ana.answer(ASK)
    response = ana.post(address(asked), data=filled, headers=HTMX)
    assert response.status_code == 400
    assert "Please answer" in parse(response.text).find(data_error_message="").text
    plain = ana.post(address(asked), data=filled)
    assert plain.status_code == 400
    assert "Please answer" in parse(plain.text).find(id="composer-error").text
    assert len(said(ana, asked)) == 1


def test_whoever_sends_twice_asks_once(app: Flask, ana: Visitor) -> None:
    asked = ana.answer(ASK)
    release()
    other = [FILLED, FILLED, FILLED, FILLED | {"q0": "q0o0"}]
    calls = [lambda data=data: ana.post(address(asked), data=data, headers=HTMX).status_code for data in other]
    assert at_once(app, *calls) == [200] * 4
    assert len(said(ana, asked)) == 2
    again = parse(ana.post(address(asked), data=FILLED, headers=HTMX).text)
    assert len(again.find(id="conversation").all("article", data_role="user")) == 2
    assert ana.post(address(asked), data=FILLED).status_code == 303


def test_after_any_other_message_a_form_cannot_be_used(ana: Visitor) -> None:
    asked = ana.answer(ASK)
    later = parse(ana.send("Never mind", thread_id=asked.thread_id).text)
    (before,) = [a for a in later.all("article") if "hx-swap-oob" in a.attributes]
    assert "The conversation has gone on." in before.text
    ana.post(address(asked), data=FILLED, headers=HTMX)
    assert said(ana, asked) == [ASK, "Never mind"]


def test_a_question_after_plain_words_changes_nothing_above_it(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    later = parse(ana.send("And?", thread_id=asked.thread_id).text)
    assert [a for a in later.all("article") if "hx-swap-oob" in a.attributes] == []


def test_a_past_version_and_an_archived_conversation_are_only_read(ana: Visitor, people: People) -> None:
    asked = ana.answer(ASK)
    ana.answer("", mode="reload", thread_id=asked.thread_id)
    past = parse(ana.get(f"/chat/messages/{asked.answer_id}/", headers=HTMX).text)
    assert "This is a past version of the answer." in past.text
    ana.post(address(asked), data=FILLED, headers=HTMX)
    threads.archive(people.ana.user, asked.thread_id)
    shown = conversation(ana, asked)
    assert "This conversation is archived." in shown.text
    assert not shown.has("answer-form")
    current = UUID(shown.all("article")[-1].attributes["data-message-id"])
    ana.post(f"/chat/messages/{current}/blocks/blk_0_r/reply/", data=FILLED, headers=HTMX)
    assert said(ana, asked) == [ASK]


def test_others_find_no_form(
    ana: Visitor, ben: Visitor, anybody: Visitor, visit: Callable[[], Visitor], people: People
) -> None:
    asked = ana.answer(ASK)
    staff = visit()
    staff.sign_in(people.stan)
    for stranger in (ben, staff):
        assert stranger.post(address(asked), data=FILLED, headers=HTMX).status_code == 404
    assert anybody.post(address(asked), data=FILLED).status_code in (302, 303)
    assert ana.post(address(asked, "blk_9"), data=FILLED, headers=HTMX).status_code == 404
    assert len(said(ana, asked)) == 1


def test_shared_and_exported_forms_are_only_read(ana: Visitor, people: People) -> None:
    asked = ana.answer(ASK)
    token = sharing.create(people.ana.user, asked.thread_id, 7)
    for path in (f"/share/{token}/", f"/chat/{asked.thread_id}/print/", f"/chat/{asked.thread_id}/export.html"):
        page = ana.page(path)
        assert not page.has("answer-form")
        assert "only while the conversation is open" in page.text


@pytest.mark.parametrize(("choice", "text"), [("create", replies.CREATE_ORDER), ("modify", replies.MODIFY_ORDER)])
def test_an_order_is_confirmed_or_changed_in_so_many_words(ana: Visitor, choice: str, text: str) -> None:
    asked = ana.answer("/tool preview_vm {}")
    form = conversation(ana, asked).find("form", action=address(asked))
    assert [button.text for button in form.all("button")] == ["Create", "Modify"]
    for _ in range(2):
        assert ana.post(address(asked), data={"choice": choice}, headers=HTMX).status_code == 200
    assert said(ana, asked)[1:] == [text]
    assert not conversation(ana, asked).has("form", action=address(asked))


OLDER: tuple[tuple[dict[str, Any], dict[str, str], str], ...] = (
    ({"status": "project_form", "projects": [{"uuid": "6f", "name": "A"}]}, {"project": "6f"}, "project_uuid: 6f"),
    ({"status": "offering_form", "offerings": [{"uuid": "7", "name": "A"}]}, {"offering": "7"}, "offering_uuid: 7"),
    (
        {"status": "form", "flavors": [{"name": "s", "cores": 1, "ram": 1024}], "images": [{"name": "D"}]},
        {"flavor": "s", "image": "D"},
        "Flavor: s. Image: D.",
    ),
    ({"status": "form"}, {"choice": "modify"}, replies.MODIFY_ORDER),
)


def test_the_older_forms_send_what_was_chosen(ana: Visitor) -> None:
    asked: Asked | None = None
    for order, given, text in OLDER:
        thread_id = asked.thread_id if asked else ""
        asked = ana.answer(f"/tool preview_vm {orjson.dumps(order).decode()}", thread_id=thread_id)
        refused = ana.post(address(asked), data=dict.fromkeys(given, "nonsense"), headers=HTMX)
        assert refused.status_code == 400
        ana.post(address(asked), data=given, headers=HTMX)
        assert said(ana, asked)[-1] == text


@pytest.mark.parametrize("status", ["success", "error"])
def test_a_final_order_has_nothing_to_send(ana: Visitor, status: str) -> None:
    asked = ana.answer(f'/tool preview_vm {{"status": "{status}", "order_id": "o-1", "error": "x"}}')
    assert ana.post(address(asked), data={"choice": "create"}, headers=HTMX).status_code == 404


def test_forms_are_found_in_old_answers_without_a_tool(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    release()
    stored = session.get_one(Message, asked.answer_id)
    stored.blocks = [{"id": "b", "key": "vm_order", **order_tools.PREVIEW, "status": "complete"}]
    session.commit()
    ana.post(address(asked, "b"), data={"choice": "create"}, headers=HTMX)
    assert said(ana, asked)[-1] == replies.CREATE_ORDER
