"""Whether the assistant is on, and for whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests import people as folk
from tests.web.api.client import MESSAGES, STREAM, THREADS, Client, row_counts

SESSIONS = "/api/chat-sessions/"
PROMPTS = "/api/chat-system-prompts/"
USAGE = "/api/chat-quota/usage/"
NOBODYS = "01890000-0000-7000-8000-000000000001"
BEHIND = [
    ("GET", SESSIONS),
    ("GET", f"{SESSIONS}current/"),
    ("GET", f"{SESSIONS}{NOBODYS}/"),
    ("GET", THREADS),
    ("GET", f"{THREADS}stats/"),
    ("GET", f"{THREADS}{NOBODYS}/"),
    ("POST", f"{THREADS}{NOBODYS}/archive/"),
    ("POST", f"{THREADS}{NOBODYS}/unarchive/"),
    ("POST", f"{THREADS}{NOBODYS}/cancel/"),
    ("GET", MESSAGES),
    ("POST", f"{MESSAGES}{NOBODYS}/feedback/"),
    ("POST", STREAM),
]
# Refused for other reasons, were it not for the gate: 405, 404, 400, 415.
HOPELESS = [("DELETE", THREADS), ("GET", STREAM), ("GET", f"{THREADS}x/"), ("GET", f"{THREADS}?user=x")]
OFF = (424, {"detail": "Extension is disabled."})


class Site:
    """An application with other settings, and its people."""

    def __init__(self, app: Flask) -> None:
        everybody = folk.settle()
        self.anonymous = Client(app)
        self.ana, self.ben = Client(app, everybody.ana), Client(app, everybody.ben)
        self.sue, self.stan = Client(app, everybody.sue), Client(app, everybody.stan)


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Callable[..., Site]:
    return lambda **settings: Site(make_app(**settings))


def status_of_answer(client: Client) -> int:
    return client.post(STREAM, json={"input": "hello"}).status_code


def test_case_2_switched_off(site: Callable[..., Site]) -> None:
    off = site(ai_assistant_enabled=False, ai_assistant_enabled_roles="disabled", provider="none")

    for client in (off.anonymous, off.ana, off.stan):
        for method, path in BEHIND + HOPELESS:
            response = client.request(method, path)
            assert (response.status_code, response.json) == OFF, path
        assert client.post(STREAM, data=b"{", content_type="text/plain").status_code == 424
    assert off.stan.get(PROMPTS).status_code == 200
    assert off.ana.get(USAGE).status_code == 200
    assert off.anonymous.get(PROMPTS).status_code == off.anonymous.get(USAGE).status_code == 401


def test_case_3_for_staff(site: Callable[..., Site]) -> None:
    limited = site(ai_assistant_enabled_roles="staff")

    assert [status_of_answer(client) for client in (limited.ana, limited.sue, limited.stan)] == [403, 403, 200]


def test_case_4_for_staff_and_support(site: Callable[..., Site]) -> None:
    limited = site(ai_assistant_enabled_roles="staff_and_support")

    clients = (limited.ana, limited.sue, limited.stan)
    assert [client.get(SESSIONS).status_code for client in clients] == [403, 200, 200]


@pytest.mark.parametrize("roles", ["all", "anonymous"])
def test_for_everybody_with_a_token(site: Callable[..., Site], roles: str) -> None:
    unlimited = site(ai_assistant_enabled_roles=roles)

    clients = (unlimited.ana, unlimited.sue, unlimited.stan, unlimited.anonymous)
    assert [client.get(THREADS).status_code for client in clients] == [200, 200, 200, 401]


@pytest.mark.parametrize("roles", ["disabled", "everybody", "", "Staff"])
def test_case_6_for_nobody(site: Callable[..., Site], roles: str) -> None:
    closed = site(ai_assistant_enabled_roles=roles)

    for client in (closed.ana, closed.sue, closed.stan):
        for method, path in BEHIND + HOPELESS:
            response = client.request(method, path)
            assert (response.status_code, list(response.json)) == (403, ["detail"]), path
    assert closed.stan.get(PROMPTS).status_code == closed.ana.get(USAGE).status_code == 200
    assert closed.anonymous.get(THREADS).status_code == 401


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"provider": "none"}, "URL"),
        ({"provider": "anthropic", "anthropic_base_url": "", "anthropic_api_key": "key"}, "URL"),
        ({"provider": "anthropic", "anthropic_base_url": "", "anthropic_api_key": ""}, "URL"),
        ({"provider": "anthropic", "anthropic_api_key": ""}, "token"),
    ],
)
def test_case_5_without_a_model(site: Callable[..., Site], settings: dict[str, str], named: str) -> None:
    ana = site(**settings).ana
    before = row_counts()

    for method, path in BEHIND + HOPELESS:
        response = ana.request(method, path)
        assert (response.status_code, list(response.json)) == (409, ["detail"]), path
        assert {word for word in ("URL", "token") if word in response.json["detail"]} == {named}
    assert ana.post(STREAM, json={"input": "hello"}).status_code == 409
    assert row_counts() == before
    assert ana.get(USAGE).status_code == 200


def test_the_role_is_looked_at_before_the_model(site: Callable[..., Site]) -> None:
    limited = site(ai_assistant_enabled_roles="staff", provider="none")

    assert [client.get(THREADS).status_code for client in (limited.ana, limited.stan)] == [403, 409]
