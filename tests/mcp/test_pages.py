"""The pages of MCP servers: for staff, with a token that is taken and never shown."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp.db import release, session
from chatapp.mcp import servers
from chatapp.models import McpServer
from tests import people as folk
from tests.mcp.conftest import Running
from tests.mcp.server import TOKEN
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor

FORM = {
    "name": "Test tools",
    "prefix": "t",
    "token": TOKEN,
    "audience": "everybody",
    "requires_approval": "yes",
}


@pytest.fixture
def stan(make_app: Callable[..., Flask]) -> Visitor:
    """The browser of somebody who is staff."""
    app = make_app(mcp_allowed_hosts="127.0.0.1")
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(folk.settle().stan)
    return browser


def add(browser: Visitor, running: Running) -> tuple[UUID, Element]:
    response = browser.post("/admin/mcp/add/", data=FORM | {"url": running.url}, follow_redirects=True)
    release()
    server = session.scalars(select(McpServer)).one()
    return server.id, parse(response.text)


def test_a_server_is_added_checked_opened_and_removed(stan: Visitor, running: Running) -> None:
    server_id, page = add(stan, running)
    address = f"/admin/mcp/{server_id}/"
    assert page.find("h1").text == "Test tools"
    assert "Works" in page.find(id="state-title").text
    poisoned = [entry for entry in page.find("ul", class_="tools").all("li") if "t_poisoned" in entry.text]
    assert "reads like instructions" in poisoned[0].text
    chosen = {tool.name: f"tool-{tool.id}" for tool in servers.get(server_id).tools}
    answer = stan.post(f"{address}tools/", data={chosen["add"]: "everybody"}, follow_redirects=True)
    assert "who may use" in parse(answer.text).find(class_="form-done").text
    release()
    assert {t.name: t.audience for t in servers.get(server_id).tools}["add"] == "everybody"
    stan.post(f"{address}tools/", data={"all": "support", chosen["add"]: "everybody"})
    release()
    assert {tool.audience for tool in servers.get(server_id).tools} == {"support"}
    stan.post(f"{address}switch/", data={"enabled": "no"})
    assert stan.page(address).find(id="state-title").text.split() == ["State", "Off"]
    fragment = stan.post(f"{address}check/", headers=HTMX)
    assert parse(fragment.text).elements[0].attributes["id"] == "state"
    assert stan.post(f"{address}remove/").location == "/admin/mcp/"
    assert stan.get(address).status_code == 404
    assert "Test tools" not in stan.get("/admin/mcp/").text


def test_the_token_is_on_no_page(stan: Visitor, running: Running) -> None:
    server_id, _ = add(stan, running)
    address = f"/admin/mcp/{server_id}/"
    refused = stan.post(address, data=FORM | {"url": "nonsense"})
    assert refused.status_code == 400
    assert parse(refused.text).find("input", id="url").attributes["aria-invalid"] == "true"
    texts = [refused.text, *(stan.get(page).text for page in ("/admin/mcp/", address, "/admin/mcp/add/"))]
    assert all(TOKEN not in text and servers.get(server_id).token not in text for text in texts)


def test_saving_without_a_token_keeps_it_and_a_tick_deletes_it(stan: Visitor, running: Running) -> None:
    server_id, _ = add(stan, running)
    form = FORM | {"url": running.url, "token": "", "name": "Another <b>name"}
    page = parse(stan.post(f"/admin/mcp/{server_id}/", data=form, follow_redirects=True).text)
    assert page.find("h1").text == "Another <b>name"
    release()
    assert servers.get(server_id).token
    stan.post(f"/admin/mcp/{server_id}/", data=form | {"forget_token": "yes"})
    release()
    server = servers.get(server_id)
    assert (server.token, server.last_error) == ("", "It does not accept the token.")


def test_a_form_that_is_refused_keeps_what_was_typed(stan: Visitor) -> None:
    response = stan.post("/admin/mcp/add/", data=FORM | {"url": "https://x.example/", "prefix": "Bad Prefix"})
    page = parse(response.text)
    assert response.status_code == 400
    assert page.find("input", id="prefix").attributes["value"] == "Bad Prefix"
    assert page.find(id="prefix-note").text.startswith("A prefix has")


def test_another_site_changes_nothing(stan: Visitor) -> None:
    response = stan.post("/admin/mcp/add/", data=FORM, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
