from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from chatapp.core import accounts
from chatapp.db import release, session
from chatapp.models import User
from chatapp.web.auth import first_visit_code
from tests.people import People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Visitor

PAGE = "/first-administrator/"
FORM = {"username": "root", "full_name": "Rut Root", "email": "rut@corp-mail.eu", "password": "long enough"}
ELSEWHERE: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}


def users() -> list[User]:
    release()
    return list(session.scalars(select(User)))


@pytest.mark.parametrize("path", ["/chat/", "/sign-in/"])
def test_an_empty_installation_leads_there(anybody: Visitor, path: str) -> None:
    response = anybody.get(path, follow_redirects=True)
    assert response.request.path == PAGE


def test_a_visitor_on_the_same_machine_needs_no_code(anybody: Visitor) -> None:
    assert not anybody.page(PAGE).has("input", name="code")
    response = anybody.post(PAGE, data=FORM)
    assert response.location == "/chat/"
    (user,) = users()
    assert (user.username, user.full_name, user.email, user.is_staff) == ("root", "Rut Root", "rut@corp-mail.eu", True)
    assert anybody.get("/chat/").status_code == 200


def test_a_visitor_from_elsewhere_needs_the_code(anybody: Visitor) -> None:
    assert anybody.page(PAGE, **ELSEWHERE).has("input", name="code")
    assert anybody.post(PAGE, data=FORM | {"code": first_visit_code()}, **ELSEWHERE).location == "/chat/"
    assert len(users()) == 1


@pytest.mark.parametrize("code", ["", "000000000000", "ключ", "é" * 12])
def test_a_wrong_code_creates_nobody(anybody: Visitor, code: str) -> None:
    response = anybody.post(PAGE, data=FORM | {"code": code}, **ELSEWHERE)
    assert response.status_code == 400
    page = parse(response.text)
    assert "code" in page.find(role="alert").text
    assert page.find("input", name="username").attributes["value"] == "root"
    assert users() == []


def test_the_code_is_not_on_the_page(anybody: Visitor) -> None:
    assert first_visit_code() not in anybody.get(PAGE, **ELSEWHERE).text


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Host": "localhost"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "rebound.example"},
    ],
)
def test_a_request_through_a_proxy_or_another_name_is_not_local(anybody: Visitor, headers: dict[str, str]) -> None:
    assert parse(anybody.get(PAGE, headers=headers).text).has("input", name="code")
    assert anybody.post(PAGE, data=FORM, headers=headers).status_code == 400
    assert users() == []


def test_a_forwarded_address_does_not_make_a_visitor_local(anybody: Visitor) -> None:
    assert anybody.post(PAGE, data=FORM, headers={"X-Forwarded-For": "127.0.0.1"}, **ELSEWHERE).status_code == 400
    assert users() == []


def test_it_is_gone_once_there_is_a_user(anybody: Visitor, people: People) -> None:
    assert anybody.get(PAGE).location == "/sign-in/"
    assert anybody.post(PAGE, data=FORM).location == "/sign-in/"
    assert len(users()) == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "short"}, "at least 8 characters"),
        ({"password": ""}, "at least 8 characters"),
        ({"username": ""}, "user name"),
        ({"username": "two words"}, "user name"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(anybody: Visitor, wrong: dict[str, str], said: str) -> None:
    response = anybody.post(PAGE, data=FORM | wrong)
    assert response.status_code == 400
    page = parse(response.text)
    assert said in page.find(role="alert").text
    assert page.find("input", name="email").attributes["value"] == (FORM | wrong)["email"]
    assert "value" not in page.find("input", name="password").attributes
    assert users() == []


def test_what_no_database_can_store_is_left_out(anybody: Visitor) -> None:
    anybody.post(PAGE, data=FORM | {"username": "ro\x00ot", "full_name": "Rut\x00", "email": "\x00"})
    (user,) = users()
    assert (user.username, user.full_name, user.email) == ("root", "Rut", "")


def test_the_password_works_for_signing_in(anybody: Visitor) -> None:
    anybody.post(PAGE, data=FORM)
    assert accounts.authenticate("root", FORM["password"])
