"""What administrators decide about servers, and keeping their lists up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp import config
from chatapp.core import sealing
from chatapp.db import new_id, now, session
from chatapp.errors import Invalid, NotFound
from chatapp.mcp import ServerTrouble, checking, client, servers
from chatapp.mcp.servers import Wish
from chatapp.models import AuditRecord, McpServer, McpTool
from chatapp.tools import permitted
from tests.people import People

WISH = Wish("Weather", "weather", "https://tools.example.org/mcp", "token-1")
LISTED = [{"name": name, "description": f"Does {name}.", "inputSchema": {"type": "object"}} for name in ("a", "b")]


class Server:
    """Stands for the network: lists `tools`, or is in trouble, and something may happen while it is asked."""

    def __init__(self) -> None:
        self.tools: list[Any] = LISTED
        self.trouble: Exception | None = None
        self.asked: list[tuple[str, str]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, url: str, token: str, seconds: float) -> Conversation:
        self.asked.append((url, token))
        return Conversation(self)


class Conversation:
    protocol = "2026-07-28"

    def __init__(self, server: Server) -> None:
        self._server = server

    def __enter__(self) -> Conversation:
        if self._server.trouble:
            raise self._server.trouble
        return self

    def __exit__(self, *_: object) -> None:
        self._server.meanwhile()

    def tools(self) -> list[Any]:
        return self._server.tools


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    found = Server()
    monkeypatch.setattr(client, "Client", found)
    return found


def refusal(people: People, field: str, **changes: Any) -> str:
    with pytest.raises(Invalid) as raised:
        servers.add(people.stan.user, replace(WISH, **changes))
    assert raised.value.field == field
    return str(raised.value)


def test_a_token_is_stored_sealed(people: People) -> None:
    server = servers.add(people.stan.user, WISH)
    assert "token-1" not in server.token
    assert sealing.unseal(server.token) == "token-1"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 101}),
        ("prefix", {"prefix": ""}),
        ("prefix", {"prefix": "Weather"}),
        ("prefix", {"prefix": "x" * 21}),
        ("prefix", {"prefix": "search"}),
        ("prefix", {"prefix": "rename"}),
        ("url", {"url": ""}),
        ("url", {"url": "ftp://example.org/"}),
        ("url", {"url": "file:///etc/passwd"}),
        ("url", {"url": "https://name:secret@example.org/"}),
        ("url", {"url": "https://example.org/#x"}),
        ("url", {"url": "https:///mcp"}),
        ("url", {"url": "http://[::1/"}),
        ("url", {"url": "https://example.org/" + "x" * 2000}),
        ("token", {"token": "two words"}),
        ("token", {"token": "line\nbreak"}),
        ("audience", {"audience": "nobody"}),
    ],
)
def test_what_cannot_be_is_refused(people: People, field: str, changes: dict[str, Any]) -> None:
    assert refusal(people, field, **changes)


def test_no_two_servers_can_have_tools_of_one_name(people: People) -> None:
    servers.add(people.stan.user, WISH)
    assert "has this prefix" in refusal(people, "prefix")
    assert refusal(people, "prefix", prefix="weather_eu")
    servers.add(people.stan.user, replace(WISH, prefix="a_b"))
    assert refusal(people, "prefix", prefix="a")
    servers.add(people.stan.user, replace(WISH, prefix="weathers"))


def test_a_token_stays_until_it_is_changed_and_never_goes_elsewhere(people: People) -> None:
    stan = people.stan.user
    server = servers.add(stan, WISH)
    servers.change(stan, server.id, replace(WISH, token=None, url="https://tools.example.org/other"))
    assert sealing.unseal(servers.get(server.id).token) == "token-1"
    for url in ("https://evil.example/", "http://tools.example.org/mcp", "https://tools.example.org:8443/mcp"):
        with pytest.raises(Invalid) as raised:
            servers.change(stan, server.id, replace(WISH, token=None, url=url))
        assert raised.value.field == "token"
    servers.change(stan, server.id, replace(WISH, token="token-2", url="https://other.example/"))
    assert sealing.unseal(servers.get(server.id).token) == "token-2"
    servers.change(stan, server.id, replace(WISH, token=""))
    assert servers.get(server.id).token == ""


def test_every_change_is_audited_without_secrets(people: People, server: Server) -> None:
    stan = people.stan.user
    added = servers.add(stan, WISH)
    checking.check(added.id)
    checking.check(added.id, stan)
    servers.change(stan, added.id, replace(WISH, token="token-2", name="Other"))
    servers.change(stan, added.id, replace(WISH, token=None, name="Other"))
    servers.switch(stan, added.id, False)
    servers.switch(stan, added.id, False)
    servers.switch(stan, added.id, True)
    first = servers.get(added.id).tools[0]
    servers.set_audiences(stan, added.id, {first.id: "nobody"})
    servers.set_audiences(stan, added.id, {first.id: "nobody"})
    servers.remove(stan, added.id)
    records = session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
    assert [(record.event, record.details) for record in records] == [
        ("mcp_server_added", {"prefix": "weather"}),
        ("mcp_server_checked", {"works": True, "tools": 2}),
        ("mcp_server_changed", {"fields": ["name", "token"]}),
        ("mcp_server_disabled", {}),
        ("mcp_server_enabled", {}),
        ("mcp_tools_switched", {"tools": {"weather_a": "nobody"}}),
        ("mcp_server_removed", {"prefix": "weather"}),
    ]
    assert {(record.actor_id, record.object_id) for record in records} == {(people.stan.id, added.id)}
    assert session.scalars(select(McpTool)).all() == []


def test_what_is_not_there_is_not_found(people: People) -> None:
    nobody, stan = new_id(), people.stan.user
    for act in (
        lambda: servers.get(nobody),
        lambda: servers.change(stan, nobody, WISH),
        lambda: servers.switch(stan, nobody, True),
        lambda: servers.set_audiences(stan, nobody, {}),
        lambda: servers.remove(stan, nobody),
        lambda: checking.check(nobody),
    ):
        with pytest.raises(NotFound):
            act()


def test_decisions_outlive_what_servers_list(people: People, server: Server) -> None:
    added = servers.add(people.stan.user, WISH)
    checking.check(added.id)
    a, b = servers.get(added.id).tools
    assert [tool.audience for tool in (a, b)] == ["staff", "staff"]
    servers.set_audiences(people.stan.user, added.id, {a.id: "nobody"})
    server.tools = []
    checking.check(added.id)
    [gone] = servers.get(added.id).tools
    assert (gone.name, gone.refusal) == ("a", checking.GONE)
    server.tools = LISTED
    checking.check(added.id)
    assert [(tool.audience, tool.refusal) for tool in servers.get(added.id).tools] == [("nobody", ""), ("staff", "")]


def test_another_description_is_noted(people: People, server: Server) -> None:
    added = servers.add(people.stan.user, WISH)
    checking.check(added.id)
    server.tools = [LISTED[0], LISTED[1] | {"description": "Does something else."}]
    checking.check(added.id)
    a, b = servers.get(added.id).tools
    assert a.changed_at is None and b.changed_at is not None
    assert b.description == "Does something else."


def test_trouble_is_kept_until_it_is_over_and_takes_no_tool_away(people: People, server: Server) -> None:
    added = servers.add(people.stan.user, WISH)
    checking.check(added.id)
    for trouble, words in ((ServerTrouble("It is ill."), "It is ill."), (RuntimeError("secret"), checking.BROKEN)):
        server.trouble = trouble
        assert checking.check(added.id).last_error == words
        assert {"weather_a", "weather_b"} <= set(permitted(people.stan.user))
    server.trouble = None
    assert checking.check(added.id).last_error == ""


def test_an_answer_of_an_address_that_has_changed_meanwhile_is_dropped(people: People, server: Server) -> None:
    added = servers.add(people.stan.user, WISH)
    other = replace(WISH, url="https://other.example/", token="token-2")
    server.meanwhile = lambda: servers.change(people.stan.user, added.id, other)
    checking.check(added.id)
    assert servers.get(added.id).tools == []
    assert servers.get(added.id).checked_at is None


def test_servers_that_are_on_are_asked_every_ten_minutes_by_one_process(people: People, server: Server) -> None:
    moment = now().replace(minute=20, second=0)
    assert not checking.run_if_due(moment)
    off = servers.add(people.stan.user, replace(WISH, prefix="off"))
    servers.switch(people.stan.user, off.id, False)
    assert not checking.run_if_due(moment)
    servers.add(people.stan.user, WISH)
    servers.add(people.stan.user, replace(WISH, prefix="second", token=""))
    assert checking.run_if_due(moment)
    assert sorted(server.asked) == [(WISH.url, ""), (WISH.url, "token-1")]
    assert not checking.run_if_due(moment + timedelta(minutes=9))
    assert checking.run_if_due(moment + timedelta(minutes=10))


def test_a_token_that_cannot_be_read_any_more_is_told(app: Flask, people: People, server: Server) -> None:
    added = servers.add(people.stan.user, WISH)
    config.use(replace(config.current(), secret_key="another"))
    assert "SECRET_KEY" in checking.check(added.id).last_error
    assert server.asked == []
    assert session.get_one(McpServer, added.id).protocol == ""
