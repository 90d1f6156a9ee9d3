"""The pages of quotas: what is used, limits that are set, what cannot be one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp.core import quota_lists, quotas
from chatapp.db import new_id, release, session, transaction
from chatapp.models import AuditRecord
from tests import people as folk
from tests.people import People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Visitor


def browser_of(app: Flask, person: folk.Person) -> Visitor:
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(person)
    return browser


@pytest.fixture
def sue(app: Flask, people: People) -> Visitor:
    """The browser of somebody who is support."""
    return browser_of(app, people.sue)


def audited() -> list[Any]:
    release()
    records = session.scalars(select(AuditRecord).where(AuditRecord.event == "quota_set"))
    return [(record.actor_id, record.target_user_id, record.details) for record in records]


def test_everybody_is_listed_with_what_they_have_used(sue: Visitor, people: People) -> None:
    with transaction():
        quotas.charge(people.ana.id, 1200)
    rows = sue.page("/admin/quotas/").find("tbody").all("tr")
    assert [row.find("a").text for row in rows] == ["ana", "ben", "stan", "sue"]
    assert [row.text.count("1,200") for row in rows] == [3, 0, 0, 0]


def test_limits_are_set_shown_and_written_down(sue: Visitor, people: People) -> None:
    address = f"/admin/quotas/{people.ana.id}/"
    answer = sue.post(address, data={"daily": "1,000", "weekly": "-1", "monthly": ""}, follow_redirects=True)
    page = parse(answer.text)
    values = {box.attributes["name"]: box.attributes["value"] for box in page.all("input", type="text")}
    assert values == {"daily": "1000", "weekly": "-1", "monthly": ""}
    release()
    assert quotas.usage(people.ana.user)["daily"].limit == 1000
    assert audited() == [(people.sue.id, people.ana.id, {"daily": 1000, "weekly": -1, "monthly": None})]
    own = sue.page("/admin/quotas/?own=yes").find("tbody").all("tr")
    assert [row.find("a").text for row in own] == ["ana"]


@pytest.mark.parametrize("typed", ["-2", "many", "1.5", "1" + "0" * 16])
def test_what_is_no_limit_is_refused_beside_its_field(sue: Visitor, people: People, typed: str) -> None:
    response = sue.post(f"/admin/quotas/{people.ana.id}/", data={"daily": typed, "weekly": "5"})
    page = parse(response.text)
    assert response.status_code == 400
    assert page.find("input", id="daily").attributes["value"] == typed
    assert page.has("small", id="daily-note", class_="field-error")
    release()
    assert quotas.usage(people.ana.user)["weekly"].limit is None and audited() == []


def test_nobody_has_no_quota(sue: Visitor) -> None:
    for method in ("GET", "POST"):
        assert sue.open(f"/admin/quotas/{new_id()}/", method=method).status_code == 404


def test_people_are_found_and_come_in_pages(sue: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    found = sue.page("/admin/quotas/?q=BIRCH").find("tbody").all("tr")
    assert [row.find("a").text for row in found] == ["ben"]
    assert "Nobody is called" in sue.page("/admin/quotas/?q=xyz").find("p", class_="empty-state").text
    monkeypatch.setattr(quota_lists, "PAGE", 3)
    page = sue.page("/admin/quotas/")
    [more] = [link for link in page.all("a") if link.text == "More people"]
    rest = sue.page(more.attributes["href"])
    assert [row.find("a").text for row in rest.find("tbody").all("tr")] == ["sue"]
    assert "More people" not in rest.text


def test_the_capacity_of_the_site_is_shown(make_app: Callable[..., Flask]) -> None:
    app = make_app(ai_assistant_global_daily_token_budget=5000, ai_assistant_global_requests_per_minute=0)
    people = folk.settle()
    with transaction():
        quotas.charge(people.ana.id, 2000)
    tokens, requests = browser_of(app, people.stan).page("/admin/quotas/").all("div", class_="tile")
    assert "2,000" in tokens.text and "of 5,000" in tokens.text
    assert "No cap" in requests.text


def test_limits_that_are_no_numbers_are_named(make_app: Callable[..., Flask]) -> None:
    app = make_app(ai_assistant_token_limit_daily="lots")
    people = folk.settle()
    stan = browser_of(app, people.stan)
    for address in ("/admin/quotas/", f"/admin/quotas/{people.ana.id}/"):
        assert "misconfigured" in stan.page(address).find(role="alert").text
