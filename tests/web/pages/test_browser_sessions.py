"""The sessions of browsers: kept by the server, listed on the account page, ended one by one or together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from chatapp.core import accounts, browsers
from chatapp.core import people as admin
from chatapp.db import db, now, release, session, transaction
from chatapp.models import ApiToken, AuditRecord, User
from chatapp.web.auth import SESSION_COOKIE
from tests.people import PASSWORD, People
from tests.web.pages.visitor import HTMX, Visitor

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
IPHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1"}
ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def enter(browser: Visitor, name: str = "ana", **arguments: Any) -> TestResponse:
    return browser.post("/sign-in/", data={"username": name, "password": PASSWORD}, **arguments)


def secret(browser: Visitor) -> str:
    cookie = browser.get_cookie(SESSION_COOKIE)
    return cookie.value if cookie else ""


def change(browser: Visitor, **values: object) -> None:
    with transaction():
        mine = ApiToken.hash == accounts.digest(secret(browser))
        session.execute(update(ApiToken).where(mine).values(**values))
    release()


def is_in(browser: Visitor) -> bool:
    return browser.get("/account/").status_code == 200


def test_no_answer_sets_the_cookie_again_so_none_brings_an_ended_session_back(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    kept = secret(ana)
    for path in ("/chat/", f"/chat/{asked.thread_id}/", "/account/", f"/chat/turns/{asked.turn_id}/events"):
        assert "Set-Cookie" not in ana.get(path).headers, path
    assert "Set-Cookie" not in ana.send("Again", thread_id=str(asked.thread_id)).headers
    ana.post("/account/profile/", data={"full_name": "Ana", "email": ""})
    ana.post("/sign-out/")
    ana.set_cookie(SESSION_COOKIE, kept)
    assert not is_in(ana)


def test_the_cookie_by_which_another_program_on_this_machine_remembers_people_signs_nobody_out(ana: Visitor) -> None:
    ana.set_cookie("remember_token", "7|0123")
    assert ana.get("/chat/").status_code == 200
    assert ana.post("/sign-out/").headers.getlist("Set-Cookie") == [
        f"{SESSION_COOKIE}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
    ]


def test_signing_in_makes_a_new_secret_and_the_one_before_opens_nothing(visit: Callable[[], Visitor]) -> None:
    accounts.create_user("ana", PASSWORD)
    browser = visit()
    enter(browser)
    before = secret(browser)
    enter(browser)
    thief = visit()
    thief.set_cookie(SESSION_COOKIE, before)
    assert secret(browser) != before
    assert is_in(browser) and not is_in(thief)


def test_somebody_sees_where_they_are_signed_in_and_signs_out_there(
    visit: Callable[[], Visitor], people: People
) -> None:
    desk, phone, lost = visit(), visit(), visit()
    enter(desk, headers=FIREFOX)
    enter(phone, headers=IPHONE, environ_base={"REMOTE_ADDR": "2001:db8::7"})
    enter(lost)
    listed = desk.page("/account/").find(id="sessions")
    assert [entry.find("strong").text for entry in listed.all("li")] == [
        "Firefox on Linux",
        "Browser",
        "Safari on iPhone",
    ]
    assert ["This browser" in entry.text for entry in listed.all("li")] == [True, False, False]
    assert "2001:db8::7" in listed.all("li")[2].text
    assert desk.post(listed.all("li")[1].find("form").attributes["action"]).status_code == 303
    assert [is_in(browser) for browser in (desk, phone, lost)] == [True, True, False]
    desk.post(listed.all("form")[-1].attributes["action"])
    assert [is_in(browser) for browser in (desk, phone)] == [True, False]
    assert len(desk.page("/account/").find(id="sessions").all("form")) == 0
    assert accounts.user_of_token(people.ana.token).id == people.ana.id
    release()
    events = session.scalars(select(AuditRecord.event).order_by(AuditRecord.number)).all()
    assert events == ["session_ended", "other_sessions_ended"]


def test_sessions_of_others_and_tokens_are_not_ended_here(ana: Visitor, ben: Visitor, people: People) -> None:
    (theirs,) = browsers.of_user(people.ben.user)
    token = session.scalars(select(ApiToken.id).where(ApiToken.kind == accounts.PERSONAL)).first()
    for session_id in (theirs.id, token):
        assert ana.post(f"/account/sessions/{session_id}/end/").status_code == 404
    ana.post("/account/sessions/end-others/")
    assert is_in(ben)
    assert accounts.user_of_token(people.ben.token)


@pytest.mark.parametrize(
    "close",
    [
        lambda stan, ana: admin.sign_out(stan, ana.id),
        lambda stan, ana: admin.require_new_password(stan, ana.id),
        lambda stan, ana: admin.change_roles(stan, ana.id, staff=False, support=True),
        lambda stan, ana: admin.disable(stan, ana.id),
        lambda stan, ana: accounts.change_password(ana, PASSWORD, "another long secret"),
    ],
    ids=["sign-out", "new-password-required", "role", "disabled", "password"],
)
@ON_ONE_DATABASE
def test_what_changes_who_somebody_is_ends_their_sessions_at_once(
    ana: Visitor, people: People, close: Callable[[User, User], None]
) -> None:
    kept = secret(ana)
    close(people.stan.user, people.ana.user)
    release()
    assert not is_in(ana)
    assert ana.get("/api/v1/chat/threads").status_code == 401
    ana.set_cookie(SESSION_COOKIE, kept)
    assert not is_in(ana)


def test_a_session_ends_some_time_after_signing_in_however_busy_it_is(ana: Visitor, people: People) -> None:
    began = now() - timedelta(hours=2160) + timedelta(minutes=5)
    change(ana, created=began, last_used_at=now() - timedelta(minutes=2))
    assert is_in(ana)
    release()
    (mine,) = browsers.of_user(people.ana.user)
    assert mine.expires_at == began + timedelta(hours=2160)
    change(ana, expires_at=now())
    assert not is_in(ana)
    assert ana.sign_in(people.ana).location == "/chat/"
    assert is_in(ana)


@ON_ONE_DATABASE
def test_how_long_sessions_last_is_a_setting(make_app: Callable[..., Flask]) -> None:
    app = make_app(session_idle_hours=2, session_absolute_hours=3)
    user = accounts.create_user("ana", PASSWORD)
    browser = Visitor(app, app.response_class, use_cookies=True)
    enter(browser)
    (mine,) = browsers.of_user(user)
    assert mine.expires_at and timedelta(minutes=115) < mine.expires_at - now() <= timedelta(hours=2)
    change(browser, created=now() - timedelta(hours=2))
    assert is_in(browser)
    (mine,) = browsers.of_user(user)
    assert mine.expires_at and mine.expires_at < now() + timedelta(hours=1, minutes=1)


def test_a_visit_costs_one_query_and_is_noted_once_a_minute(app: Flask, ana: Visitor) -> None:
    ana.get("/account/")
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    ana.get("/chat/threads/?thread=", headers=HTMX)
    about_people = [text for text in statements if "FROM api_tokens" in text or "FROM users" in text]
    assert len(about_people) == 1
    assert not [text for text in statements if text.startswith("UPDATE")]
    change(ana, last_used_at=now() - timedelta(seconds=61))
    statements.clear()
    ana.get("/chat/threads/?thread=", headers=HTMX, environ_base={"REMOTE_ADDR": "198.51.100.9"})
    assert len([text for text in statements if text.startswith("UPDATE api_tokens")]) == 1
    release()
    assert session.scalars(select(ApiToken.address).where(ApiToken.kind == accounts.SESSION)).one() == "198.51.100.9"


def test_only_the_hash_of_a_secret_is_stored_and_ended_sessions_are_forgotten(
    ana: Visitor, ben: Visitor, people: People
) -> None:
    rows = [str(vars(row)) for row in session.scalars(select(ApiToken))]
    assert not [row for row in rows if secret(ana) in row]
    third = browsers.open_session(people.ben.user)
    browsers.close_session(third)
    change(ana, expires_at=now())
    assert browsers.delete_ended() == 2
    assert is_in(ben) and accounts.user_of_token(people.ana.token)
    assert browsers.delete_ended() == 0
