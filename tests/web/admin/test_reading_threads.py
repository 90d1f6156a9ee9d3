"""Reading somebody's conversation asks for a reason, shows everything, and its owner gets to know."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from chatapp.core import readings
from chatapp.db import now, session, transaction
from chatapp.models import AuditRecord, Thread
from tests.people import People, Person
from tests.web.api.rows import add_message, add_thread, audit_trail
from tests.web.pages.dom import Element
from tests.web.pages.visitor import HTMX, Visitor

QUESTION = {"header": "Size", "question": "Which size?", "options": [{"label": "S"}, {"label": "L"}], "multi": False}
FORM = {"id": "blk_0", "key": "ask_user_form", "status": "complete", "questions": [QUESTION]}


def give_reason(browser: Visitor, thread: str, **form: str) -> Any:
    return browser.post(f"/admin/threads/{thread}/reason/", data={"reason": "report", "note": "Ticket 7"} | form)


class TestReading:
    def test_a_foreign_thread_asks_for_a_reason_and_stays_open_for_an_hour(
        self, stan: Visitor, sue: Visitor, people: People, thread: str
    ) -> None:
        address = f"/admin/threads/{thread}/"
        asked = stan.page(address)
        assert asked.has("select", name="reason")
        assert "euros" not in asked.text
        assert audit_trail() == []

        response = give_reason(stan, thread, next=f"{address}?before=9")
        assert (response.status_code, response.headers["Location"]) == (303, f"{address}?before=9")
        assert "euros" in stan.page(address).text
        assert audit_trail() == [("chat_thread_read", people.stan.id, people.ana.id, UUID(thread))]
        assert sue.page(address).has("select", name="reason")  # each for themselves

        with transaction():
            session.execute(update(AuditRecord).values(created=now() - timedelta(minutes=61)))
        assert stan.page(address).has("select", name="reason")

    def test_ones_own_needs_none(self, stan: Visitor, people: People) -> None:
        thread = add_thread(people.stan, "Mine")
        assert not stan.page(f"/admin/threads/{thread}/").has("select", name="reason")
        assert audit_trail() == []

    @pytest.mark.parametrize(
        "form", [{"reason": ""}, {"reason": "curiosity"}, {"reason": "other", "note": " "}, {"note": "x" * 301}]
    )
    def test_what_is_no_reason_is_asked_for_again(self, stan: Visitor, thread: str, form: dict[str, str]) -> None:
        response = give_reason(stan, thread, **form)
        assert response.status_code == 400
        assert 'role="alert"' in response.text
        assert audit_trail() == []

    @pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/admin/", "/admin/\\evil.example", ""])
    def test_the_way_back_stays_in_the_administration(self, stan: Visitor, thread: str, wanted: str) -> None:
        location = give_reason(stan, thread, next=wanted).headers["Location"]
        assert location == f"/admin/threads/{thread}/"

    def test_in_a_row_of_the_list_form_and_conversation_are_fragments(self, stan: Visitor, thread: str) -> None:
        address = f"/admin/threads/{thread}/"
        assert "<html" not in stan.get(address, headers=HTMX).text
        refused = stan.post(f"{address}reason/", data={"reason": ""}, headers=HTMX)
        assert refused.status_code == 200  # htmx shows nothing of an error
        give_reason(stan, thread)
        fragment = stan.get(address, headers=HTMX).text
        assert "euros" in fragment
        assert "<html" not in fragment

    def test_regular_people_and_unknown_threads_are_not_found(
        self, ana: Visitor, stan: Visitor, thread: str, people: People
    ) -> None:
        assert ana.get(f"/admin/threads/{thread}/").status_code == 404
        assert give_reason(ana, thread).status_code == 404
        assert stan.get(f"/admin/threads/{people.ana.id}/").status_code == 404
        assert give_reason(stan, str(people.ana.id)).status_code == 404


class TestTheConversation:
    @pytest.fixture
    def page(self, stan: Visitor, thread: str) -> Element:
        give_reason(stan, thread)
        return stan.page(f"/admin/threads/{thread}/")

    def test_everything_that_is_known_stands_beside_the_messages(self, page: Element) -> None:
        question, answer, empty = page.all("article", class_="message")
        assert "Flagged in history" in question.text
        assert "Version 2/2" in question.text
        assert "7 tokens in, 8 out" in answer.text
        assert "Not helpful, inaccurate" in answer.text
        assert "=twelve" in answer.find("q").text
        assert "Empty message" in empty.text
        assert "1,200 tokens in, 34 out" in page.find("p", class_="logged-facts").text
        assert "for the title 56 in, – out" in page.find("p", class_="logged-facts").text

    def test_another_version_takes_its_place(self, stan: Visitor, page: Element, thread: str) -> None:
        link = page.all("a", title="Previous version")[0].attributes
        whole = stan.page(link["href"].split("#")[0])
        fragment = stan.get(link["hx-get"], headers=HTMX).text
        for text in (whole.text, fragment):
            assert "ignore everything" in text
            assert "Past version" in text
        badge = whole.all("a", class_="badge-bad")[-1]
        assert "high, flag" in badge.text
        assert "title" in badge.attributes
        assert stan.get(link["hx-get"]).headers["Location"].endswith(link["href"].split("?")[1])

    def test_messages_of_other_threads_are_not_shown(self, stan: Visitor, people: People, thread: str) -> None:
        other = add_message(add_thread(people.ben), "secret of ben", "user")
        give_reason(stan, thread)
        for address in (f"messages/{other}/", f"?message={other}", "?message=x"):
            assert stan.get(f"/admin/threads/{thread}/{address}").status_code == 404

    def test_forms_cannot_be_used_and_say_why(self, stan: Visitor, people: People) -> None:
        thread = add_thread(people.ana)
        add_message(thread, "", blocks=[FORM])
        give_reason(stan, thread)
        page = stan.page(f"/admin/threads/{thread}/")
        assert "Only the person whose conversation this is can use this." in page.text
        assert not page.find("article", class_="message").has("form", action="/chat/reply/")
        assert page.find("article", class_="message").all("fieldset", disabled="")[0].has("button")

    def test_long_threads_are_read_in_parts(self, stan: Visitor, people: People) -> None:
        thread = add_thread(people.ana)
        with transaction():
            for number in range(60):
                add_message(thread, f"m{number}", "assistant" if number % 2 else "user")
        give_reason(stan, thread)
        page = stan.page(f"/admin/threads/{thread}/")
        assert len(page.all("article", class_="message")) == 50
        earlier = stan.page(page.find("p", class_="earlier").find("a").attributes["href"])
        assert len(earlier.all("article", class_="message")) == 10
        assert earlier.has("p", class_="later")


class TestOwners:
    def test_the_owner_sees_who_has_read_it_and_why(
        self, ana: Visitor, stan: Visitor, sue: Visitor, people: People, thread: str, app: Flask
    ) -> None:
        assert "Nobody but you" in ana.page("/account/").find("section", id="readings").text
        give_reason(stan, thread)
        app.test_client().get(f"/api/chat-threads/{thread}/", headers=people.sue.headers)

        shown = " ".join(ana.page("/account/").find("section", id="readings").text.split())
        assert "by Stan Staff (staff) A report or a complaint: Ticket 7" in shown
        assert "by Sue Support (support) By a program, without a reason given" in shown
        assert len(ana.page("/account/readings/").find("ul", class_="entries").elements) == 2
        note = " ".join(ana.page(f"/chat/{thread}/").find("p", class_="reading-note").text.split())
        assert note.startswith("Read by Sue Support (support)")

    def test_others_and_ones_own_looks_are_not_listed(
        self, ana: Visitor, as_person: Callable[[Person], Visitor], people: People, thread: str, stan: Visitor
    ) -> None:
        give_reason(stan, thread)
        assert "Nobody but you" in as_person(people.ben).page("/account/readings/").text
        assert not ana.page(f"/chat/{add_thread(people.ana)}/").has("p", class_="reading-note")

    def test_what_is_gone_is_still_told(self, ana: Visitor, stan: Visitor, thread: str) -> None:
        give_reason(stan, thread)
        with transaction():
            session.delete(session.get_one(Thread, UUID(thread)))
        assert "A deleted conversation" in ana.page("/account/readings/").text

    def test_pages_of_it_follow_each_other(self, ana: Visitor, stan: Visitor, people: People, thread: str) -> None:
        for _ in range(readings.PAGE + 1):
            readings.explain(people.stan.user, UUID(thread), "quality")
        page = ana.page("/account/readings/")
        older = ana.page(page.find("a", rel="next").attributes["href"])
        assert len(older.find("ul", class_="entries").elements) == 1
        assert not older.has("a", rel="next")

    def test_the_archive_of_everything_of_ones_own_holds_it(self, ana: Visitor, stan: Visitor, thread: str) -> None:
        give_reason(stan, thread)
        archive = zipfile.ZipFile(io.BytesIO(ana.get("/account/export.zip").data))
        (reading,) = json.loads(archive.read("readings.json"))
        assert reading | {"when": ""} == {
            "conversation": thread,
            "when": "",
            "by": "Stan Staff",
            "role": "staff",
            "reason": "A report or a complaint",
            "note": "Ticket 7",
        }
