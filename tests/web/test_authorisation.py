"""Who may do what: docs/authorisation.md, asked of the application. A route without a row is a failure."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import Headers

from chatapp.core import accounts
from chatapp.db import Base, release, session
from chatapp.values import Scope
from chatapp.web.security import HEADERS
from tests.people import People
from tests.web import authorisation
from tests.web.authorisation import ROLES, YES, Route

# Who may is decided before the store is asked for more.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# What has a policy of its own: documents in a sandbox or in frames of other pages, addresses that are secrets.
FRAMED = {"Content-Security-Policy", "X-Frame-Options"}
OWN_POLICY = {
    "pages.diagram": FRAMED,
    "pages.embed": FRAMED,
    "pages.embed_thread": FRAMED,
    "pages.file_content": FRAMED,
    "api_v1.artifact_content": FRAMED,
    "pages.shared": {"Referrer-Policy"},
}
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_what_the_table_says_and_every_answer_has_the_headers(
    app: Flask, people: People, role: str
) -> None:
    ids = authorisation.things(app, people)
    person = authorisation.everybody(people)[role]
    browser = authorisation.enter(app, role, person)
    said, wrong, before = authorisation.table(), [], authorisation.Untouched(app)
    for route in authorisation.routes(app):
        response = authorisation.ask(browser, role, person, route, ids)
        found = authorisation.outcome(response)
        row = said.get(route.key)
        if row is None or row[ROLES.index(role)] != found:
            wrong.append(f"{route.method} {route.rule}: {role} gets {found!r} ({response.status_code}), {row}")
        if route.is_write and found == YES:
            before.restore()
        assert response.status_code < 500, route
        wrong += [f"{route.name} has no {name}" for name in missing_headers(route, response.headers)]
    assert wrong == []


def missing_headers(route: Route, given: Headers) -> list[str]:
    """Of those of web/security.py; what has a policy of its own has at least one."""
    own = OWN_POLICY.get(route.name, set())
    missing = [name for name, value in HEADERS.items() if name not in own and given.get(name) != value]
    return missing + [name for name in own - {"X-Frame-Options"} if name not in given]


def test_the_table_has_no_row_too_many(app: Flask) -> None:
    assert {route.key for route in authorisation.routes(app)} == set(authorisation.table())


def test_no_other_site_can_make_the_browser_of_staff_write(app: Flask, people: People) -> None:
    ids = authorisation.things(app, people)
    browser = authorisation.enter(app, "staff", people.stan)
    before = rows()
    writes = [route for route in authorisation.routes(app) if route.is_write]
    assert len(writes) > 100
    for route in writes:
        path = authorisation.address(app, route, ids)
        assert browser.open(path, method=route.method, headers=FOREIGN).status_code == 403, route
    assert rows() == before


def test_a_token_that_only_reads_changes_nothing_over_the_apis(app: Flask, people: People) -> None:
    ids = authorisation.things(app, people)
    reader = accounts.create_token(people.ana.user, "reader", scope=Scope.READ)
    browser = authorisation.enter(app, "anonymous", None)
    before = rows()
    writes = [route for route in authorisation.routes(app) if route.is_write and route.rule.startswith("/api/")]
    assert len(writes) > 30
    for route in writes:
        path = authorisation.address(app, route, ids)
        response = browser.open(path, method=route.method, headers={"Authorization": f"Token {reader}"}, json={})
        assert response.status_code == 403, route
    assert rows() == before
    for path in ("/api/chat-threads/", "/api/v1/chat/threads"):
        assert browser.get(path, headers={"Authorization": f"Token {reader}"}).status_code == 200
    key = browser.post("/api/v1/chat/threads", headers={"X-API-Key": reader}, json={})
    assert (key.status_code, key.json["code"]) == (403, "token_only_reads")


def rows() -> dict[str, int | None]:
    release()
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
    }
