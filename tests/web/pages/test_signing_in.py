from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from chatapp.core import throttling
from chatapp.db import session, transaction
from chatapp.models import User
from chatapp.web.auth import SESSION_COOKIE
from tests.people import PASSWORD, People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import HTMX, Visitor

FOREIGN = [
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\n//evil.example",
    "///evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "http://[",
    "chat",
]


def test_the_right_password_opens_the_chat(anybody: Visitor, people: People) -> None:
    assert anybody.sign_in(people.ana).location == "/chat/"
    assert "Ana Almond" in anybody.page("/chat/").text


def test_the_user_name_may_be_written_in_capitals(anybody: Visitor, people: People) -> None:
    assert anybody.post("/sign-in/", data={"username": " ANA ", "password": PASSWORD}).location == "/chat/"


@pytest.mark.parametrize(
    "form",
    [
        {"username": "ana", "password": "wrong"},
        {"username": "ana", "password": ""},
        {"username": "nobody", "password": PASSWORD},
        {"username": "", "password": ""},
        {"username": "ana\x00", "password": PASSWORD + "\x00"},
        {},
    ],
)
def test_a_wrong_name_or_password_is_refused_in_the_same_words(
    anybody: Visitor, people: People, form: dict[str, str]
) -> None:
    response = anybody.post("/sign-in/", data=form)
    assert response.status_code == 400
    page = parse(response.text)
    assert page.find(role="alert").text == "The user name or the password is not right."
    assert page.find("input", name="username").attributes["value"] == form.get("username", "").strip("\x00")
    assert anybody.get("/chat/").status_code == 302


def test_guessing_is_refused_after_a_while_whether_the_name_exists_or_not(
    anybody: Visitor, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "MOST_BY_BOTH", 2)
    for name in ("ana", "nobody"):
        form = {"username": name, "password": "wrong"}
        for _ in range(throttling.MOST_BY_BOTH):
            assert anybody.post("/sign-in/", data=form).status_code == 400
        response = anybody.post("/sign-in/", data=form)
        assert response.status_code == 429
        assert 0 < int(response.headers["Retry-After"]) <= throttling.WINDOW.total_seconds()
        assert "wait some minutes" in parse(response.text).find(role="alert").text
    assert anybody.sign_in(people.ana).status_code == 429
    assert anybody.sign_in(people.ben).status_code == 302


def test_a_disabled_account_cannot_sign_in_and_loses_its_session(
    ana: Visitor, anybody: Visitor, people: People
) -> None:
    with transaction():
        session.execute(update(User).where(User.id == people.ana.id).values(is_active=False))
    assert anybody.sign_in(people.ana).status_code == 400
    assert ana.get("/chat/").status_code == 302


def test_one_comes_back_to_the_page_one_wanted(anybody: Visitor, people: People) -> None:
    wanted = "/chat/?archived=1"
    address = anybody.get(wanted).location
    assert parse_qs(urlsplit(address).query)["next"] == [wanted]
    field = anybody.page(address).find("input", name="next")
    assert anybody.sign_in(people.ana, next=field.attributes["value"]).location == wanted


@pytest.mark.parametrize("target", FOREIGN)
def test_signing_in_never_leads_to_another_site(anybody: Visitor, people: People, target: str) -> None:
    assert anybody.sign_in(people.ana, next=target).location == "/chat/"
    assert anybody.get("/sign-in/", query_string={"next": target}).location == "/chat/"


def test_signing_out_ends_the_session(ana: Visitor) -> None:
    assert ana.post("/sign-out/").location == "/sign-in/"
    assert ana.get("/chat/").status_code == 302


def test_signing_out_is_not_a_link(ana: Visitor) -> None:
    assert ana.get("/sign-out/").status_code == 405
    assert ana.get("/chat/").status_code == 200


def test_signing_in_replaces_the_session_of_somebody_else(visit: Callable[[], Visitor], people: People) -> None:
    browser = visit()
    browser.sign_in(people.ana)
    browser.sign_in(people.ben)
    page = browser.page("/chat/")
    assert "Ben Birch" in page.text
    assert "Ana" not in page.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(anybody: Visitor, people: People) -> None:
    (cookie,) = anybody.sign_in(people.ana).headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    (safe,) = anybody.post(
        "/sign-in/", data={"username": "ana", "password": PASSWORD}, base_url="https://localhost"
    ).headers.getlist("Set-Cookie")
    assert "Secure" in safe


def test_a_forged_cookie_is_nobody(anybody: Visitor, people: People) -> None:
    for made_up in ("cha_" + "x" * 43, people.ana.token, "", "ä"):
        anybody.set_cookie(SESSION_COOKIE, made_up)
        assert anybody.get("/chat/").status_code == 302


def test_htmx_is_told_to_load_the_sign_in_page_as_a_page(anybody: Visitor, people: People) -> None:
    headers = HTMX | {"HX-Current-URL": "http://localhost/chat/?archived=1"}
    response = anybody.get("/chat/threads/?thread=", headers=headers)
    assert response.status_code == 200
    assert response.text == ""
    target = urlsplit(response.headers["HX-Redirect"])
    assert target.path == "/sign-in/"
    assert parse_qs(target.query)["next"] == ["/chat/?archived=1"]
