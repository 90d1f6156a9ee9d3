"""The notice before first use, what stands around the composer, and what a page asks that may have missed something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from chatapp import config
from chatapp.core import quotas
from chatapp.web.pages import disclosure
from tests.people import People, settle
from tests.web.pages.visitor import HTMX, Visitor


@pytest.mark.parametrize("page", ["/chat/?ask=Rain%3F", "/embed/"])
def test_the_notice_comes_before_the_composer_and_leads_to_the_page_that_was_asked_for(ana: Visitor, page: str) -> None:
    ana.delete_cookie(disclosure.COOKIE)
    notice = ana.page(page)
    assert not notice.has(id="composer")
    assert [part.text.strip() for part in notice.all("summary")][1] == "What never to share"
    wanted = notice.find("input", name="next").attributes["value"]
    accepted = ana.post("/chat/disclosure/", data={"next": wanted})
    assert accepted.location == page
    assert "HttpOnly" in accepted.headers["Set-Cookie"]
    assert ana.page(page).has(id="composer")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/chat/", "/sign-out/", ""])
def test_the_notice_leads_nowhere_else(ana: Visitor, target: str) -> None:
    assert ana.post("/chat/disclosure/", data={"next": target}).location == "/chat/"


def test_the_notice_names_whom_to_ask(make_app: Callable[..., Flask]) -> None:
    app = make_app(support_contact="help@example.org")
    person = settle().ana
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(person)
    browser.delete_cookie(disclosure.COOKIE)
    assert browser.page("/chat/").has("a", href="mailto:help@example.org")


def test_who_was_told_that_nothing_leaves_the_site_is_told_when_that_changes(
    ana: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana.delete_cookie(disclosure.COOKIE)
    assert "not sent to a model elsewhere" in ana.page("/chat/").text
    ana.post("/chat/disclosure/", data={"next": "/chat/"})
    assert ana.page("/chat/").has(id="composer")

    offline = config.current()
    monkeypatch.setattr(config, "_current", replace(offline, provider="anthropic"))
    assert "sent to a language model outside this site" in ana.page("/chat/").text
    ana.post("/chat/disclosure/", data={"next": "/chat/"})
    assert ana.page("/chat/").has(id="composer")

    monkeypatch.setattr(config, "_current", offline)
    assert ana.page("/chat/").has(id="composer")


def test_a_conversation_behind_the_notice_has_not_been_seen(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    ana.delete_cookie(disclosure.COOKIE)
    ana.page(f"/chat/{asked.thread_id}/")
    ana.set_cookie(disclosure.COOKIE, disclosure.EDITION)
    assert ana.page("/chat/").has(class_="unread")


def test_a_question_in_the_address_is_put_into_the_composer_and_not_sent(ana: Visitor) -> None:
    page = ana.page("/chat/?ask=%3Cb%3EWhy%3C%2Fb%3E%00")
    assert page.find(id="composer-text").text == "<b>Why</b>"
    assert not page.has("article")


def test_the_usage_stands_beside_its_limit(ana: Visitor, people: People) -> None:
    quotas.set_limits(people.ana.id, {"daily": 100, "weekly": 0, "monthly": None})
    day, week, month = ana.page("/chat/").all(class_="usage-bar")
    assert " ".join(day.find(class_="usage-figures").text.split()) == "0 / 100"
    assert day.find("progress").attributes["max"] == "100"
    assert week.find("progress").attributes["value"] == "1"
    assert "∞unlimited" in month.text
    assert "No limit" in month.text


def test_limits_that_cannot_be_read_do_not_break_the_page(make_app: Callable[..., Flask]) -> None:
    app = make_app(ai_assistant_token_limit_daily="many")
    person = settle().ana
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(person)
    page = browser.page("/chat/")
    assert page.has(id="composer-text")
    assert not page.has(id="usage")


def test_a_page_that_knows_the_last_turn_is_told_nothing(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    address = f"/chat/{asked.thread_id}/conversation/"
    assert ana.get(address, query_string={"known": f"{asked.turn_id} completed"}, headers=HTMX).status_code == 204
    for known in ("", f"{asked.turn_id} running"):
        assert ana.page(address, query_string={"known": known}, headers=HTMX).has(id=f"m-{asked.answer_id}")


def test_a_running_answer_is_known_as_running(ana: Visitor) -> None:
    asked = ana.ask("/silent 60")
    address = f"/chat/{asked.thread_id}/conversation/"
    assert ana.get(address, query_string={"known": f"{asked.turn_id} running"}).status_code == 204


def test_nobody_else_is_told(ana: Visitor, ben: Visitor) -> None:
    asked = ana.answer("Rain")
    assert ben.get(f"/chat/{asked.thread_id}/conversation/").status_code == 404


def test_a_question_that_is_sent_again_after_a_lost_answer_is_stored_once(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    form = {"thread_id": str(asked.thread_id), "key": "1-2-3-4"}
    first, again = (ana.send("And snow?", **form) for _ in range(2))
    assert "HX-Reswap" not in first.headers
    assert again.headers["HX-Reswap"] == "outerHTML"
    assert len(ana.page(f"/chat/{asked.thread_id}/").all("article", data_role="user")) == 2


def test_a_question_that_is_sent_from_far_up_brings_the_end(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    sent = ana.send("And snow?", thread_id=str(asked.thread_id), whole="1")
    assert sent.headers["HX-Reswap"] == "outerHTML"
    assert sent.headers["HX-Push-Url"] == f"/chat/{asked.thread_id}/"
    assert sent.text.count('data-role="user"') == 2
