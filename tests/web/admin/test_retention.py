"""The page of retention: rules, what would go, holds, reports."""

from __future__ import annotations

import pytest
from flask import Flask

from chatapp.core import holds, retention, retention_rules, threads
from chatapp.core.retention_rules import Part
from chatapp.db import release
from tests.core.test_retention_rules import thread
from tests.people import PASSWORD, People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Visitor

NOBODY = "01a20000-0000-7000-8000-000000000000"

RULES = {"regular_unflagged": "30", "staff_flagged": "0", "support_flagged": " "}


@pytest.fixture
def stan(app: Flask, people: People) -> Visitor:
    """The browser of somebody who is staff."""
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(people.stan)
    return browser


def test_rules_are_stored_and_shown_again(stan: Visitor) -> None:
    page = parse(stan.post("/admin/retention/", data=RULES, follow_redirects=True).text)
    assert page.find("input", id="regular_unflagged").attributes["value"] == "30"
    assert page.find("input", id="support_flagged").attributes["value"] == ""
    release()
    assert retention_rules.stored() == {Part("regular", False): 30, Part("staff", True): 0}


@pytest.mark.parametrize("typed", ["-1", "soon", "36501", "1.5"])
def test_what_is_no_number_of_days_is_refused_beside_its_field(stan: Visitor, typed: str) -> None:
    answers = (
        stan.post("/admin/retention/", data={"staff_flagged": typed}),
        stan.get(f"/admin/retention/dry-run/?staff_flagged={typed}"),
    )
    for response in answers:
        page = parse(response.text)
        assert response.status_code == 400
        assert page.find("input", id="staff_flagged").attributes["value"] == typed
        assert page.has("small", id="staff_flagged-note")
    release()
    assert retention_rules.stored() == {}


def test_a_dry_run_shows_what_would_go_and_stores_nothing(stan: Visitor, people: People) -> None:
    thread(people.ana, 50, messages=7)
    release()
    page = stan.page("/admin/retention/dry-run/?regular_unflagged=10")
    [row] = page.find(id="due").find("tbody").all("tr")
    assert [cell.text for cell in row.all("td")[:4]] == ["1", "7", "0", "1"]
    assert page.find("input", id="regular_unflagged").attributes["value"] == "10"
    assert "Nothing would go" in stan.page("/admin/retention/dry-run/?regular_unflagged=60").text
    release()
    assert retention_rules.stored() == {}


def test_holds_are_placed_on_people_and_conversations_and_lifted(stan: Visitor, people: People) -> None:
    thread_id = threads.create(people.ana.user).id
    release()
    for named in ("Ben", f"https://chat.example.org/chat/{thread_id}/"):
        stan.post("/admin/retention/holds/", data={"object": named, "reason": "Case <12>"})
    page = stan.page("/admin/retention/")
    entries = page.find(id="holds").all("li")
    assert "One conversation of ana" in entries[0].text and "Everything of ben" in entries[1].text
    assert "Case <12>" in entries[0].text and "by stan" in entries[0].text
    lift = entries[0].find("form").attributes["action"]
    assert "is lifted" in stan.post(lift, follow_redirects=True).text
    assert stan.post(lift).status_code == 404
    release()
    assert [placed.owner.username for placed in holds.every()] == ["ben"]


@pytest.mark.parametrize(
    ("named", "reason", "field"),
    [("nobody", "x", "object"), ("ben", "", "reason"), ("", "x", "object"), (NOBODY, "x", "object")],
)
def test_a_hold_that_is_refused_keeps_what_was_typed(stan: Visitor, named: str, reason: str, field: str) -> None:
    response = stan.post("/admin/retention/holds/", data={"object": named, "reason": reason})
    page = parse(response.text)
    assert response.status_code == 400
    assert page.find("input", id="object").attributes["value"] == named
    assert page.has("small", id=f"{field}-note", class_="field-error")


def test_reports_of_runs_are_shown(stan: Visitor, people: People) -> None:
    assert "has not run yet" in stan.page("/admin/retention/").find(id="runs").text
    thread(people.ana, 50)
    retention_rules.change(people.stan.user, {Part("regular", False): 10})
    retention.carry_out()
    release()
    [row] = stan.page("/admin/retention/").find(id="runs").find("tbody").all("tr")
    assert [cell.text for cell in row.all("td")] == ["1", "0", "2", "0", "1"]


def test_whoever_leaves_is_told_what_is_held(app: Flask, people: People) -> None:
    ana = Visitor(app, app.response_class, use_cookies=True)
    ana.sign_in(people.ana)
    assert "legal hold" not in ana.page("/account/").find(id="delete").text
    thread_id = threads.create(people.ana.user).id
    holds.on_thread(people.stan.user, thread_id, "Case 12")
    release()
    assert "A legal hold keeps 1 of your conversations" in ana.page("/account/").find(id="delete").text
    left = ana.post("/account/delete/", data={"delete_username": "ana", "delete_password": PASSWORD})
    assert "legal hold keeps" in left.text and "Everything that belonged" not in left.text
