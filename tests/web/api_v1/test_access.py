"""Who asks, and how requests are refused: cases 1 to 9 of turns-api, and its sections 0 and 1."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from chatapp.core import accounts, tokens
from chatapp.db import now, session, transaction
from chatapp.models import ApiToken, User
from tests import people as folk
from tests.people import People
from tests.web.api_v1.client import RANDOM_ID, THREADS, Client, on_sqlite, problems
from tests.web.pages.visitor import Visitor

TOKENS = "/api/v1/access-tokens"


@pytest.fixture
def anonymous(app: Flask) -> Client:
    return Client(app)


def browser(app: Flask, people: People) -> tuple[Client, Visitor]:
    """Somebody who has signed in to the pages; a client that has only the cookie for the turns API."""
    visitor = Visitor(app)
    visitor.sign_in(people.ana)
    return Client(app, headers={"Cookie": f"vai_token={secret_of(visitor)}"}), visitor


def secret_of(visitor: Visitor) -> str | None:
    cookie = visitor.get_cookie("vai_token")
    if cookie:
        assert (cookie.http_only, cookie.same_site, cookie.path, cookie.secure) == (True, "Lax", "/", False)
    return cookie.value if cookie else None


def test_case_001_no_credential(anonymous: Client) -> None:
    response = anonymous.get(THREADS)

    assert (response.status_code, response.json) == (
        401,
        {"detail": "Not authenticated", "code": "not_authenticated"},
    )
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "Set-Cookie" not in response.headers


def test_case_002_a_secret_in_the_header(anonymous: Client, people: People) -> None:
    for scheme in ("Bearer", "bearer"):
        response = anonymous.get(THREADS, headers={"Authorization": f"{scheme} {people.ana.token}"})
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"


def test_case_003_the_scheme_of_the_other_api(anonymous: Client, people: People) -> None:
    for scheme in ("Token", "token", "TOKEN"):
        response = anonymous.get(THREADS, headers={"Authorization": f"{scheme} {people.ana.token}"})
        assert response.status_code == 200


def test_case_004_an_api_key(anonymous: Client, people: People) -> None:
    secret, _ = accounts.issue_token(people.ana.user, "server", None, "apiKey")

    assert anonymous.get(THREADS, headers={"X-API-Key": secret}).status_code == 200
    assert anonymous.get(THREADS, headers={"X-API-Key": people.ana.token}).status_code == 200


def test_case_005_a_browser_that_has_signed_in(app: Flask, people: People) -> None:
    client, _ = browser(app, people)

    assert client.get(THREADS).status_code == 200


def test_case_006_the_first_carrier_decides(app: Flask, people: People) -> None:
    client, _ = browser(app, people)
    secret, token = tokens.create(people.ana.user, "laptop", 30)
    tokens.revoke(people.ana.user, token.id)

    response = client.get(THREADS, headers={"Authorization": f"Bearer {secret}"})

    assert (response.status_code, response.json["code"]) == (401, "invalid_credentials")
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_case_007_an_expired_secret(anonymous: Client, people: People) -> None:
    secret, token = tokens.create(people.ana.user, "laptop", 1)
    with transaction():
        session.execute(update(ApiToken).where(ApiToken.id == token.id).values(expires_at=now() - timedelta(1)))

    for method, path in (("GET", THREADS), ("POST", THREADS), ("GET", "/api/v1/nowhere")):
        response = anonymous.request(method, path, headers={"Authorization": f"Bearer {secret}"})
        assert (response.status_code, response.json["code"]) == (401, "invalid_credentials")
        assert "Set-Cookie" not in response.headers


def test_case_008_another_site_makes_the_browser_send_it(app: Flask, people: People) -> None:
    client, _ = browser(app, people)
    elsewhere = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]

    for headers in elsewhere:
        response = client.post(THREADS, {}, headers=headers)
        assert (response.status_code, response.json["code"]) == (403, "csrf_failed")
        assert client.get(THREADS, headers=headers).json["items"] == []
    assert client.post(THREADS, {}, headers={"Origin": "http://localhost"}).status_code == 201


@on_sqlite
def test_programs_send_whatever_origin_they_like(ana: Client) -> None:
    assert ana.post(THREADS, {}, headers={"Origin": "https://evil.example"}).status_code == 201


def test_case_009_a_disabled_account(ana: Client, people: People) -> None:
    with transaction():
        session.execute(update(User).where(User.id == people.ana.id).values(is_active=False))

    response = ana.get(THREADS)

    assert (response.status_code, response.json["code"]) == (403, "account_disabled")


@on_sqlite
@pytest.mark.parametrize("settings", [{"ai_assistant_enabled": False}, {"ai_assistant_enabled_roles": "staff"}])
def test_the_assistant_is_not_for_everybody(make_app: Callable[..., Flask], settings: dict[str, object]) -> None:
    ana = Client(make_app(**settings), folk.settle().ana)

    assert (ana.get(THREADS).status_code, ana.get(THREADS).json["code"]) == (403, "chat_disabled")
    assert ana.get(TOKENS).status_code == 200


def test_malformed_credentials(anonymous: Client) -> None:
    for value in ("", "Bearer", "Basic YW5hOnNlY3JldA==", "Bearer nonsense", "Bearer \x00", "nonsense"):
        response = anonymous.get(THREADS, headers={"Authorization": value})
        assert (response.status_code, response.json["code"]) == (401, "invalid_credentials"), value


def test_the_cookie_takes_only_secrets_of_browsers(app: Flask, people: People) -> None:
    client = Client(app, headers={"Cookie": f"vai_token={people.ana.token}"})

    assert client.get(THREADS).status_code == 401


def test_a_browser_that_signs_out_has_no_secret_any_more(app: Flask, people: People) -> None:
    client, visitor = browser(app, people)
    assert client.get(THREADS).status_code == 200

    visitor.post("/sign-out/")

    assert client.get(THREADS).status_code == 401
    assert secret_of(visitor) is None


@on_sqlite
def test_a_new_password_ends_every_browser(app: Flask, people: People) -> None:
    client, _ = browser(app, people)

    accounts.change_password(people.ana.user, folk.PASSWORD, "another good password")

    assert client.get(THREADS).status_code == 401


def test_a_browser_is_forgotten_after_two_weeks_without_use(app: Flask, people: People) -> None:
    client, _ = browser(app, people)
    client.get(THREADS)
    of_browsers = update(ApiToken).where(ApiToken.kind == accounts.SESSION)
    with transaction():
        session.execute(of_browsers.values(last_used_at=now() - timedelta(days=13), expires_at=now() + timedelta(1)))
    assert client.get(THREADS).status_code == 200
    session.remove()
    expires_at = session.scalars(select(ApiToken.expires_at).where(ApiToken.kind == accounts.SESSION)).one()
    assert expires_at and expires_at > now() + timedelta(days=13)

    with transaction():
        session.execute(of_browsers.values(expires_at=now()))
    assert client.get(THREADS).status_code == 401


def test_access_tokens_are_made_listed_and_revoked(ana: Client, ben: Client, anonymous: Client) -> None:
    made = ana.post(TOKENS, {"name": "  laptop ", "expiresInDays": 7})

    assert made.status_code == 201
    token, secret = made.json["token"], made.json["plaintext"]
    assert (token["name"], token["tokenType"], token["revokedAt"]) == ("laptop", "pat", None)
    assert secret.startswith(token["tokenPrefix"])
    assert set(token) == {
        "id", "name", "tokenPrefix", "tokenType", "createdAt", "expiresAt", "lastUsedAt", "revokedAt",
    }  # fmt: skip
    bearer = {"Authorization": f"Bearer {secret}"}
    assert anonymous.get(TOKENS, headers=bearer).json["items"][0]["id"] == token["id"]
    assert ben.delete(f"{TOKENS}/{token['id']}").json["code"] == "token_not_found"

    assert [ana.delete(f"{TOKENS}/{token['id']}").status_code for _ in range(2)] == [204, 204]
    assert anonymous.get(TOKENS, headers=bearer).status_code == 401
    assert token["id"] not in [item["id"] for item in ana.get(TOKENS).json["items"]]
    listed = ana.get(TOKENS, query_string={"includeRevoked": "true", "limit": 1}).json
    assert listed["items"][0]["revokedAt"] and listed["nextCursor"]
    rest = ana.get(TOKENS, query_string={"includeRevoked": "true", "cursor": listed["nextCursor"]}).json
    assert [item["name"] for item in rest["items"]] == ["tests"] and rest["nextCursor"] is None


@on_sqlite
def test_every_failing_field_is_told_at_once(ana: Client) -> None:
    assert problems(ana.post(TOKENS, {"name": " ", "expiresInDays": 366})) == [
        (["body", "name"], "string_too_short"),
        (["body", "expiresInDays"], "less_than_equal"),
    ]
    assert problems(ana.post(TOKENS, {"name": 5, "expiresInDays": "7"})) == [
        (["body", "name"], "string_type"),
        (["body", "expiresInDays"], "int_type"),
    ]
    assert problems(ana.post(TOKENS, {"expiresInDays": True})) == [
        (["body", "name"], "missing"),
        (["body", "expiresInDays"], "int_type"),
    ]
    assert problems(ana.get(f"{THREADS}/x/messages?limit=0&order=up&includeSuperseded=perhaps")) == [
        (["path", "thread_id"], "uuid_parsing"),
        (["query", "limit"], "greater_than_equal"),
        (["query", "order"], "enum"),
        (["query", "includeSuperseded"], "bool_parsing"),
    ]


def test_bodies_that_cannot_be_read(ana: Client) -> None:
    deep = b'{"metadata":' + b'{"a":' * 500 + b"1" + b"}" * 501
    wrong = {
        b"{": (["body", 1], "json_invalid"),
        b'{"title": nan}': (["body", 10], "json_invalid"),
        b"[]": (["body"], "dict_type"),
        b"null": (["body"], "dict_type"),
        b'"text"': (["body"], "dict_type"),
        b"\xff": (["body", 0], "json_invalid"),
        b"[" * 5000: (["body", 1025], "json_invalid"),
        b'{"title": "a\\u0000b"}': (["body", "title"], "value_error"),
        b'{"metadata": {"a": "\\u0000"}}': (["body", "metadata"], "value_error"),
        deep: (["body", "metadata"], "value_error"),
    }
    for data, problem in wrong.items():
        response = ana.request("POST", THREADS, data=data, content_type="application/json")
        assert problems(response) == [problem]


@on_sqlite
def test_size_and_type_of_a_body_come_before_its_content(ana: Client) -> None:
    plain = ana.request("POST", f"{THREADS}/x/feedback", data="{}", content_type="text/plain")
    assert (plain.status_code, plain.json["code"]) == (415, "unsupported_media_type")

    large = ana.request("POST", THREADS, data=b" " * (1024 * 1024 + 1), content_type="application/json")
    assert (large.status_code, large.json["code"]) == (413, "payload_too_large")


@on_sqlite
def test_an_empty_body_is_an_empty_object(ana: Client) -> None:
    assert ana.request("POST", THREADS).status_code == 201


@on_sqlite
def test_what_nobody_knows_is_ignored_and_null_is_nothing(ana: Client) -> None:
    response = ana.post(f"{THREADS}?colour=red", {"colour": "red", "title": None, "metadata": None})

    assert (response.status_code, response.json["metadata"]) == (201, {})


@on_sqlite
def test_unknown_paths_and_methods(ana: Client) -> None:
    for path in (f"{THREADS}/", "/api/v1/nowhere", "/api/v1", f"{THREADS}/{RANDOM_ID}/"):
        response = ana.get(path)
        assert (response.status_code, response.json["code"]) == (404, "not_found"), path
    response = ana.request("PUT", THREADS)
    assert (response.status_code, response.json["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@on_sqlite
def test_ids_are_read_in_any_spelling(ana: Client, thread: str) -> None:
    for spelling in (thread.upper(), thread.replace("-", ""), thread.replace("-", "").upper()):
        assert ana.get(f"{THREADS}/{spelling}").json["id"] == thread
    for wrong in (f"{{{thread}}}", f"urn:uuid:{thread}", thread[:-1], "1"):
        assert problems(ana.get(f"{THREADS}/{wrong}")) == [(["path", "thread_id"], "uuid_parsing")]


@on_sqlite
def test_a_defect_tells_no_details(ana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("chatapp.core.own_threads.page", broken)

    response = ana.get(THREADS)

    assert (response.status_code, response.json) == (
        500,
        {"detail": "Internal server error", "code": "internal_error"},
    )
