"""The page of the system: what it tells, and that nothing on it opens anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import text

from bench.messages_server import MessagesServer
from chatapp import config
from chatapp.config import Settings
from chatapp.core import accounts, configuration, system
from chatapp.db import release, session, transaction
from tests import people as folk
from tests.people import Person
from tests.servers import RedisServer, free_port
from tests.stream.asking import ask
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor

CANARY = "canary-s3cr3t"
SECRETS = [spec.name for spec in fields(Settings) if spec.metadata["secret"]]


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Callable[..., Visitor]:
    """The browser of somebody who is staff, on a site with these settings."""

    def open_site(**settings: object) -> Visitor:
        app = make_app(**settings)
        browser = Visitor(app, app.response_class, use_cookies=True)
        browser.sign_in(folk.settle().stan)
        return browser

    return open_site


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.kill()


def test_no_secret_is_on_the_page(site: Callable[..., Visitor]) -> None:
    given = {name: f"redis://u:{CANARY}@127.0.0.1:1/?{CANARY}" for name in SECRETS if name != "database_url"}
    given["anthropic_base_url"] = f"http://u:{CANARY}@127.0.0.1:1/v1?key={CANARY}"
    given |= {"support_contact": f"https://{CANARY}@help.example.org/a#{CANARY}", "provider": "anthropic"}
    stan = site(**given)
    answers = (
        stan.get("/admin/system/"),
        stan.post("/admin/system/reach/"),
        stan.post("/admin/system/reach/", headers=HTMX),
    )
    for answer in answers:
        assert answer.status_code == 200
        assert CANARY not in answer.text
    rows = {row.find("th").text.strip(): row for row in _settings(answers[0].text)}
    assert all(rows[name.upper()].find("em").text == "set" for name in SECRETS)
    assert "https://…@help.example.org/a?…" in rows["SUPPORT_CONTACT"].text


def _settings(html: str) -> list[Element]:
    return parse(html).find("table", class_="settings").find("tbody").all("tr")


def test_every_setting_is_shown_with_where_it_comes_from(site: Callable[..., Visitor]) -> None:
    stan = site(site_name="Acme")
    names = [row.find("th").text.strip() for row in _settings(stan.get("/admin/system/").text)]
    assert names == [spec.name.upper() for spec in fields(Settings)]
    environ = {"PORT": "8000", "ANTHROPIC_API_KEY_FILE": "/somewhere"}
    sources = {one.name: one.source for one in configuration.shown(environ)}
    assert (sources["PORT"], sources["ANTHROPIC_API_KEY"]) == ("environment", "file")
    assert (sources["WORKERS"], sources["SITE_NAME"]) == ("default", "program")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgresql://me:pass@db.example.org/chat?password=x", "postgresql://…@db.example.org/chat?…"),
        ("redis://:pass@host:6379/0", "redis://…@host:6379/0"),
        ("https://a.example.org https://u@b.example.org", "https://a.example.org https://…@b.example.org"),
        ("somebody@example.org?", "somebody@example.org?"),
        ('{"m": {"input": "3"}}', '{"m": {"input": "3"}}'),
    ],
)
def test_addresses_lose_what_could_open_something(value: str, shown: str) -> None:
    assert configuration.harmless(value) == shown


def test_the_page_tells_of_the_database(site: Callable[..., Visitor]) -> None:
    page = site().page("/admin/system/")
    assert "Up to date" in page.find(id="database-title").text
    assert system.database().size > 100_000
    with transaction():
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        assert not system.database().is_current
    finally:
        with transaction():
            session.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": system._newest_revision()})


def test_the_page_tells_who_works_and_what_waits(site: Callable[..., Visitor]) -> None:
    stan = site()
    ask(cast(Person, accounts.find_user("ana")), "/slow 1000")
    release()
    page = stan.page("/admin/system/")
    [worker] = page.find("div", aria_label="Processes with answers").find("tbody").all("tr")
    assert "this one" in worker.text and "Working" in worker.text
    queues = page.find("div", aria_label="What is under way").find("tbody").all("tr")
    assert [cell.find("td", class_="number").text for cell in queues] == ["1", "0", "0", "0", "0"]


def test_services_are_asked_when_somebody_wants_to_know(site: Callable[..., Visitor], redis: RedisServer) -> None:
    with MessagesServer() as server:
        stan = site(anthropic_api_key="key", anthropic_base_url=server.url, redis_url=redis.url)
        stan.get("/admin/system/")
        assert server.requests == []
        page = parse(stan.post("/admin/system/reach/", headers=HTMX).text)
        assert [badge.text for badge in page.all("span", class_="badge")] == ["Reached", "Reached"]
        assert len(server.requests) == 1


def test_services_that_are_away_are_told_soon(site: Callable[..., Visitor]) -> None:
    away = f"127.0.0.1:{free_port()}"
    stan = site(anthropic_api_key="key", anthropic_base_url=f"http://{away}", redis_url=f"redis://{away}")
    page = parse(stan.post("/admin/system/reach/").text).find(id="reach")
    assert [badge.text for badge in page.all("span", class_="badge")] == ["Not reached", "Not reached"]
    assert "could not be reached" in page.text


def test_without_a_model_that_is_said(site: Callable[..., Visitor]) -> None:
    assert "No model is configured" in site(provider="none").post("/admin/system/reach/").text
    assert config.current().provider == "none"
