"""Who gets in, and what becomes of requests that no endpoint answers."""

from __future__ import annotations

import pytest
from flask import Flask

from chatapp.core import sessions, threads
from chatapp.db import session, transaction
from chatapp.models import User
from tests.people import People
from tests.web.api.client import MESSAGES, STREAM, THREADS, Client

NOBODYS = "01890000-0000-7000-8000-000000000001"
SESSIONS = "/api/chat-sessions/"
PROMPTS = "/api/chat-system-prompts/"
SOME_THREAD = f"{THREADS}{NOBODYS}/"
ENDPOINTS = [
    ("GET", SESSIONS),
    ("GET", f"{SESSIONS}current/"),
    ("GET", f"{SESSIONS}{NOBODYS}/"),
    ("GET", THREADS),
    ("GET", f"{THREADS}stats/"),
    ("GET", SOME_THREAD),
    ("POST", f"{SOME_THREAD}archive/"),
    ("POST", f"{SOME_THREAD}unarchive/"),
    ("POST", f"{SOME_THREAD}cancel/"),
    ("GET", MESSAGES),
    ("POST", f"{MESSAGES}{NOBODYS}/feedback/"),
    ("POST", STREAM),
    ("GET", PROMPTS),
    ("HEAD", PROMPTS),
    ("POST", PROMPTS),
    *((method, f"{PROMPTS}{NOBODYS}/") for method in ("GET", "PUT", "PATCH", "DELETE")),
    ("POST", f"{PROMPTS}{NOBODYS}/activate/"),
    ("POST", f"{PROMPTS}{NOBODYS}/deactivate/"),
    ("GET", "/api/chat-quota/usage/"),
    ("POST", "/api/chat-quota/set_quota/"),
    ("POST", THREADS),
    ("DELETE", f"{SESSIONS}current/"),
]


def test_case_1_without_a_token_nobody_gets_in(anonymous: Client) -> None:
    for method, path in ENDPOINTS:
        response = anonymous.request(method, path)
        assert response.status_code == 401, path
        assert response.headers["WWW-Authenticate"] == "Token"
        if method != "HEAD":
            assert response.json == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize("given", ["Token cha_wrong", "Token", "token a=b", "Token a b"])
def test_a_bad_token_is_named_as_such(anonymous: Client, given: str) -> None:
    response = anonymous.get(THREADS, headers={"Authorization": given})

    assert (response.status_code, response.json) == (401, {"detail": "Invalid token."})
    assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("given", ["Bearer {}", "{}", "Basic Zm9vOmJhcg=="])
def test_other_schemes_are_no_credentials(anonymous: Client, people: People, given: str) -> None:
    response = anonymous.get(THREADS, headers={"Authorization": given.format(people.ana.token)})

    assert response.json == {"detail": "Authentication credentials were not provided."}


def test_the_scheme_is_read_in_any_case(anonymous: Client, people: People) -> None:
    assert anonymous.get(THREADS, headers={"Authorization": f"tOKEN {people.ana.token}"}).status_code == 200


def test_a_disabled_account_is_told(ana: Client, people: People) -> None:
    with transaction():
        session.get_one(User, people.ana.id).is_active = False

    response = ana.get(THREADS)

    assert (response.status_code, response.json) == (401, {"detail": "User inactive or deleted."})


def test_unknown_paths_answer_in_json(ana: Client, anonymous: Client) -> None:
    for client in (ana, anonymous):
        for path in ("/api/nonsense/", "/api/"):
            response = client.get(path)
            assert (response.status_code, response.json) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("path", [f"{THREADS}not-a-uuid/", f"{THREADS}{'0' * 31}/", f"{MESSAGES}%00/"])
def test_paths_that_hold_no_identifier(ana: Client, anonymous: Client, path: str) -> None:
    response = ana.get(path)

    assert (response.status_code, response.json) == (404, {"detail": "Not found."})
    assert anonymous.get(path).status_code == 401


def test_other_parts_of_the_site_keep_their_own_errors(ana: Client) -> None:
    assert ana.get("/nonsense/").mimetype == "text/html"
    assert ana.get("/api/v1/nonsense").json != {"detail": "Not found."}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_case_34_threads_and_sessions_are_not_written_directly(ana: Client, people: People, method: str) -> None:
    thread = threads.create(people.ana.user)
    of_threads = (THREADS, f"{THREADS}{thread.id}/", f"{THREADS}{thread.id.hex}/", f"{THREADS}stats/")

    for path in (*of_threads, SESSIONS, f"{SESSIONS}{thread.session_id}/", f"{SESSIONS}current/"):
        response = ana.request(method, path, json={"name": "x"})
        assert (response.status_code, response.json) == (405, {"detail": f'Method "{method}" not allowed.'})
        assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_case_43_a_message_has_no_detail_endpoint(ana: Client, method: str) -> None:
    response = ana.request(method, f"{MESSAGES}{NOBODYS}/")

    assert (response.status_code, response.json) == (405, {"detail": f'Method "{method}" not allowed.'})


def test_reading_the_stream_endpoint_is_not_allowed(ana: Client) -> None:
    assert ana.get(STREAM).status_code == 405


def test_a_wrong_method_without_a_token_is_401(anonymous: Client) -> None:
    assert anonymous.request("DELETE", THREADS).status_code == 401


@pytest.mark.parametrize("path", [THREADS, STREAM, f"{MESSAGES}{NOBODYS}/"])
def test_options_are_allowed(ana: Client, path: str) -> None:
    assert ana.request("OPTIONS", path).status_code == 200


def test_paths_work_without_the_trailing_slash(ana: Client) -> None:
    assert ana.get("/api/chat-threads").json == []
    assert ana.post("/api/chat/stream", json={}).json == {"input": ["This field is required."]}


def test_an_unexpected_error_tells_nothing(app: Flask, ana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(sessions, "own", broken)

    response = ana.get("/api/chat-sessions/current/")

    assert response.status_code == 500
    assert list(response.json) == ["detail"]
    assert "secret" not in response.text
