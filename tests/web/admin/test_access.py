"""Who gets to the pages of the administration: every route, every role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from chatapp.db import new_id
from tests.people import People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Visitor

# What support may open or send, besides reading: staff may do everything.
FOR_SUPPORT = {
    "admin.overview",
    "admin.turns",
    "admin.turn",
    "admin.turn_replay",
    "admin.turn_bundle",
    "admin.flagged_threads",
    "admin.flagged_message",
    "admin.next_flag",
    "admin.guard_precision",
    "admin.screened_documents",
    "admin.usage_page",
    "admin.export_usage",
    "admin.quotas_page",
    "admin.quota",
    "admin.set_quota",
    "admin.thread_log",
    "admin.export_threads_csv",
    "admin.export_threads_jsonl",
    "admin.logged_thread",
    "admin.logged_version",
    "admin.give_reason",
    "admin.feedback",
}


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and an address of it, of something that does not exist."""
    urls = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin."):
            for method in (rule.methods or set()) & {"GET", "POST"}:
                given = {name: new_id() for name in rule.arguments}
                yield rule.endpoint, method, urls.build(rule.endpoint, given, method=method)


def test_every_route_is_for_those_it_is_meant_for(app: Flask, people: People) -> None:
    found = sorted(set(routes(app)))
    assert len(found) >= 9
    assert {endpoint for endpoint, _, _ in found} >= FOR_SUPPORT
    for person, refused in ((people.ana, 404), (people.sue, 403), (people.stan, None), (None, 302)):
        browser = Visitor(app, app.response_class, use_cookies=True)
        if person:
            browser.sign_in(person)
        for endpoint, method, address in found:
            status = browser.open(address, method=method).status_code
            if person is people.stan or (person is people.sue and endpoint in FOR_SUPPORT):
                assert status != 403, address
            else:
                assert status == refused, address


def test_only_staff_and_support_see_the_way_there(app: Flask, people: People) -> None:
    for person, is_shown in ((people.ana, False), (people.sue, True), (people.stan, True)):
        browser = Visitor(app, app.response_class, use_cookies=True)
        browser.sign_in(person)
        assert browser.page("/chat/").has("a", href="/admin/") is is_shown


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_page_has_the_same_navigation(app: Flask, people: People) -> None:
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(people.stan)

    def sections(address: str) -> list[str]:
        page = parse(browser.get(address).text)
        return [link.text for nav in page.all("nav", class_="admin-nav") for link in nav.all("a")]

    of_overview = sections("/admin/")
    assert len(of_overview) > 12
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.") and not rule.arguments]
    answers = {str(rule): browser.get(str(rule)) for rule in rules if "GET" in (rule.methods or ())}
    pages = [address for address, answer in answers.items() if "<title>" in answer.text]
    assert len(pages) > 15
    assert {address: sections(address) for address in pages} == dict.fromkeys(pages, of_overview)
