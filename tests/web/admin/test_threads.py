"""The log of everybody's threads: found by every filter, in every order, with figures; and taken away."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from chatapp.core import audit_chain, search, thread_lists
from chatapp.db import release, session
from chatapp.models import AuditRecord
from tests.people import People
from tests.web.api.rows import add_message, add_thread
from tests.web.pages.visitor import Visitor

FOUND = {
    "": ["Third", "Second", "First"],
    "?user=ben": ["Second"],
    "?user=nobody": [],
    "?scope=own": ["Third"],
    "?is_archived=true": ["Second"],
    "?is_archived=false": ["Third", "First"],
    "?is_flagged=true": ["First"],
    "?max_severity=high": ["First"],
    "?has_feedback=true": ["First"],
    "?query=sec": ["Second"],
    "?query=wonderful": ["First"],
    "?query=birch": ["Second"],
    "?created_before=2026-01-01": ["Second", "First"],
    "?created=2026-01-01": ["Second"],
    "?created_after=2026-01-02": ["Third"],
    "?modified_after=2020-01-01&modified_before=2020-01-02": ["First"],
    "?total_tokens_min=10&total_tokens_max=20": ["Second"],
    "?input_tokens_min=50": ["First"],
    "?output_tokens_max=4": ["Second"],
    "?o=total_tokens": ["Second", "First", "Third"],
    "?o=-total_tokens": ["First", "Second", "Third"],
    "?o=models_used": ["Second", "First", "Third"],
    "?o=nonsense": ["Third", "Second", "First"],
}


def names(browser: Visitor, query: str = "") -> list[str]:
    return [row.text.strip() for row in browser.page(f"/admin/threads/{query}").all("th", scope="row")]


class TestTheList:
    def test_it_has_every_column(self, stan: Visitor, thread: str) -> None:
        row = stan.page("/admin/threads/").all("tbody")[0].all("tr")[0]
        cells = [" ".join(cell.text.split()) for cell in row.elements]
        assert cells[1:11] == ["ana", "Budget", "4", "1,200", "34", "1,234", "Flagged", "Yes", "high", ""]

    @pytest.fixture
    def threads(self, people: People) -> None:
        day = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
        rated = {"is_flagged": True, "max_severity": "high", "has_feedback": True, "modified": day.replace(year=2020)}
        tokens = {"input_tokens": 60, "output_tokens": 40, "total_tokens": 100, "models_used": "b"}
        first = add_thread(people.ana, "First", created=day - timedelta(days=9), **rated, **tokens)
        add_message(first, "a wonderful day", "user")
        tokens = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12, "models_used": "a"}
        add_thread(people.ben, "Second", created=day, archived_at=day, **tokens)
        add_thread(people.stan, "Third")

    def test_every_filter_and_order(self, stan: Visitor, threads: None) -> None:
        assert {query: names(stan, query) for query in FOUND} == FOUND

    def test_what_cannot_be_used_is_told_beside_its_field(self, stan: Visitor, thread: str) -> None:
        page = stan.page("/admin/threads/?created=soon&total_tokens_min=many&max_severity=huge&user=zoe")
        assert len(page.all("small", class_="field-error")) == 3
        assert page.all("input", name="created")[0].attributes["aria-invalid"] == "true"
        assert page.find("details", class_="more-filters").attributes.get("open") is not None

    @pytest.mark.parametrize("order", ["created", "-modified", "total_tokens", "-total_tokens", "models_used"])
    def test_pages_follow_each_other_without_gap_or_repetition(
        self, stan: Visitor, people: People, monkeypatch: pytest.MonkeyPatch, order: str
    ) -> None:
        monkeypatch.setattr("chatapp.web.admin.threads.LENGTH", 2)
        for number in range(7):
            tokens = None if number % 3 == 0 else number // 4
            add_thread(people.ana, f"T{number}", total_tokens=tokens, models_used="" if tokens is None else "m")
        address, found = f"/admin/threads/?o={order}", []
        while address:
            page = stan.page(address)
            found += [row.text.strip() for row in page.all("th", scope="row")]
            links = page.all("a", rel="next")
            address = links[0].attributes["href"] if links else ""
        assert sorted(found) == [f"T{number}" for number in range(7)]
        if "tokens" in order:
            assert set(found[-3:]) == {"T0", "T3", "T6"}

    @pytest.mark.parametrize("after", ["x", "W10", "WyJ4IiwgIngiXQ"])
    def test_a_page_that_does_not_exist_is_not_found(self, stan: Visitor, after: str) -> None:
        assert stan.get(f"/admin/threads/?after={after}").status_code == 404

    def test_the_figures_are_those_of_what_is_found(self, stan: Visitor, thread: str, people: People) -> None:
        add_thread(people.ben, "Other", input_tokens=1)
        figures = stan.page("/admin/threads/?query=budget").find("dl", class_="figures")
        texts = [" ".join(each.text.split()) for each in figures.all("dd")]
        assert texts == ["1", "1", "4", "1,200", "34", "1", "0% 0 up, 1 down"]

    def test_figures_of_very_many_are_those_of_the_newest(
        self, stan: Visitor, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("chatapp.web.admin.threads.MOST_ADDED_UP", 2)
        for number in range(3):
            add_thread(people.ana, str(number), input_tokens=10**number)
        page = stan.page("/admin/threads/")
        assert page.find("dl", class_="figures").all("dd")[0].text.strip() == "over 2"
        assert "newest 2" in page.find("p", class_="figures-note").text

    def test_words_that_very_many_messages_hold_are_looked_for_in_names(
        self, stan: Visitor, thread: str, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search, "MOST_FOUND", 0)
        add_thread(people.ben, "Euros")
        assert names(stan, "?query=euros") == ["Euros"]
        page = stan.page("/admin/threads/?query=euros")
        assert "what was said was not searched" in page.text
        assert page.find("dl", class_="figures").all("dd")[0].text.strip() == "1"
        assert names(stan, "?query=euros&user=ana") == ["Budget"]

    @pytest.mark.parametrize("order", ["created", "-modified", "models_used"])
    def test_what_very_many_names_hold_is_found_without_figures(
        self, stan: Visitor, thread: str, people: People, monkeypatch: pytest.MonkeyPatch, order: str
    ) -> None:
        """By the name of the thread, its person, a message, or having no name yet."""
        monkeypatch.setattr(search, "LOOKED_UP", 1)
        add_thread(people.ben, "New budgets")
        add_message(add_thread(people.ben, "Other"), "The new budget", "user")
        add_thread(people.ben, None)
        found = {query: set(names(stan, f"?query={query}&o={order}")) for query in ("BUDGET", "new", "birch")}
        assert found["BUDGET"] == {"Budget", "New budgets", "Other"}
        assert found["new"] == {"New budgets", "Other", "New chat"}
        assert found["birch"] == {"New budgets", "Other", "New chat"}
        page = stan.page("/admin/threads/?query=new")
        assert not page.has("dl", class_="figures") and "there are no figures" in page.text

    def test_short_fragments_of_names_are_not_looked_for_in_very_many(
        self, stan: Visitor, thread: str, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add_message(add_thread(people.ben, "Other"), "Bu it is", "user")
        assert set(names(stan, "?query=bu")) == {"Budget", "Other"}
        monkeypatch.setattr(search, "MOST_READ", 0)
        assert names(stan, "?query=bu") == ["Other"]
        assert "three letters" in stan.page("/admin/threads/?query=bu").text

    def test_an_empty_site_says_what_will_stand_here(self, stan: Visitor) -> None:
        assert "will be listed here" in stan.page("/admin/threads/").find("p", class_="nothing").text


class TestExports:
    def test_what_the_filters_find_is_taken_away_and_that_is_recorded(
        self, sue: Visitor, people: People, thread: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(thread_lists, "BATCH", 1)
        add_thread(people.ben, "=HYPERLINK(1)")

        table = sue.get("/admin/threads/export.csv?o=created")
        lines = sue.get("/admin/threads/export.jsonl?user=ana&query=budget")

        head, first, second = csv.reader(io.StringIO(table.text))
        assert (head[3], first[3], second[3]) == ("name", "Budget", "'=HYPERLINK(1)")
        (document,) = map(json.loads, lines.text.splitlines())
        assert (document["uuid"], document["total_tokens"], document["is_flagged"]) == (thread, 1234, True)
        release()
        records = session.query(AuditRecord).order_by(AuditRecord.number).all()
        assert [record.details for record in records] == [
            {"form": "csv", "filters": []},
            {"form": "jsonl", "filters": ["owner_id", "query"]},
        ]
        assert not audit_chain.verify().fault
