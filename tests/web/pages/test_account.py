"""The account page: profile, looks, password, tokens, and leaving."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import orjson
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from chatapp.core import accounts, leaving, sharing, tokens, turns
from chatapp.db import Base, new_id, now, release, session, transaction
from chatapp.errors import Unauthenticated
from chatapp.models import AuditRecord, User
from tests.people import PASSWORD, People
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import Visitor

NEW = "a longer secret"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


def save(browser: Visitor, part: str, **form: object) -> Element:
    """Send a form of the page; the page that follows."""
    response = browser.post(f"/account/{part}/", data=form, follow_redirects=True)
    return parse(response.text)


def refusal(browser: Visitor, part: str, field: str, **form: object) -> str:
    response = browser.post(f"/account/{part}/", data=form)
    assert response.status_code == 400
    page = parse(response.text)
    assert page.find("input", id=field).attributes["aria-invalid"] == "true"
    return page.find(id=f"{field}-note").text


def test_the_profile_is_kept(ana: Visitor) -> None:
    save(ana, "profile", full_name="  Anastasia <b>  Almond ", email="ana@example.org")
    page = ana.page("/account/")
    assert page.find("input", id="full_name").attributes["value"] == "Anastasia <b> Almond"
    assert page.find("input", id="email").attributes["value"] == "ana@example.org"
    assert "Anastasia <b> Almond" in ana.page("/chat/").find(class_="account-name").text


def test_what_is_no_address_is_refused(ana: Visitor) -> None:
    for email in ["ana", "a b@example.org", "@", f"a@{'x' * 300}"]:
        assert "e-mail" in refusal(ana, "profile", "email", full_name="Ana", email=email)


def test_the_theme_is_in_the_page_from_its_first_byte(ana: Visitor, ben: Visitor) -> None:
    def theme(browser: Visitor) -> str | None:
        return browser.page("/chat/").find("html").attributes.get("data-theme")

    assert theme(ana) is None
    save(ana, "preferences", theme="dark", locale="de", timezone="Europe/Tallinn")
    assert theme(ana) == "dark"
    assert theme(ben) is None
    page = ana.page("/account/")
    assert page.find("meta", name="color-scheme").attributes["content"] == "dark"
    assert [meta.attributes["content"] for meta in page.all("meta", name="theme-color")] == ["#1f1e1d"]
    save(ana, "preferences", theme="system", locale="de", timezone="")
    assert theme(ana) is None


def test_dates_are_written_in_the_chosen_language_and_zone(ana: Visitor, people: People) -> None:
    save(ana, "preferences", theme="system", locale="de", timezone="Pacific/Kiritimati")
    made = ana.page("/account/").find(id="tokens").all("time")[0]
    assert made.attributes["lang"] == "de"
    assert made.attributes["datetime"].endswith("Z")
    assert "." in made.text.partition(",")[0]


def test_preferences_that_do_not_exist_are_refused(ana: Visitor, people: People) -> None:
    good = {"theme": "dark", "locale": "en", "timezone": ""}
    for bad in ({"theme": "pink"}, {"locale": "xx"}, {"timezone": "Mars/Phobos"}, {"timezone": "../../etc/passwd"}):
        assert ana.post("/account/preferences/", data=good | bad).status_code == 400
    assert ana.post("/account/preferences/").status_code == 400
    assert people.ana.user.theme == "system"


def test_the_model_is_told_the_time_of_the_chosen_zone(ana: Visitor, people: People) -> None:
    save(ana, "preferences", theme="system", locale="en", timezone="Asia/Tokyo")
    asked = ana.answer("What time is it?", timezone="Europe/Paris")
    turn = turns.get_own(people.ana.user, asked.turn_id)
    assert turn.settings["timezone"] == "Asia/Tokyo"


def test_a_new_password_signs_out_everywhere_else(
    ana: Visitor, ben: Visitor, people: People, visit: Callable[[], Visitor]
) -> None:
    phone = visit()
    phone.sign_in(people.ana)
    assert phone.get("/chat/").status_code == 200
    page = save(ana, "password", current=PASSWORD, new=NEW, repeated=NEW)
    assert "signed out everywhere else" in page.find(role="status", class_="form-done").text
    assert ana.get("/chat/").status_code == 200
    assert phone.get("/chat/").status_code == 302
    assert ben.get("/chat/").status_code == 200
    assert phone.sign_in(people.ana).status_code == 400
    assert phone.post("/sign-in/", data={"username": "ana", "password": NEW}).status_code == 302
    assert accounts.user_of_token(people.ana.token).id == people.ana.id


def test_a_password_is_not_changed_by_mistake(ana: Visitor, people: People) -> None:
    for field, (current, new, repeated) in (
        ("current", ("wrong", NEW, NEW)),
        ("current", ("", NEW, NEW)),
        ("new", (PASSWORD, "short", "short")),
        ("repeated", (PASSWORD, NEW, NEW + "x")),
    ):
        form = {"current": current, "new": new, "repeated": repeated}
        refusal(ana, "password", field, **form)
        assert PASSWORD not in ana.post("/account/password/", data=form).text
    release()
    assert accounts.authenticate("ana", PASSWORD)


def test_a_token_is_shown_once_and_works_until_it_is_revoked(ana: Visitor, people: People) -> None:
    response = ana.post("/account/tokens/", data={"token_name": "Nightly <script>", "token_days": "30"})
    secret = parse(response.text).find(id="new-token").find("code").text
    assert accounts.user_of_token(secret).id == people.ana.id
    page = ana.get("/account/").text
    assert secret not in page
    entry = next(li for li in parse(page).find(id="tokens").all("li") if "Nightly" in li.text)
    ana.post(entry.find("form").attributes["action"])
    release()
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(secret)
    assert "Nightly" not in ana.get("/account/").text


def test_a_token_may_be_one_that_only_reads(ana: Visitor, people: People) -> None:
    for scope, mark in (("read", True), ("all", False), ("more", False)):
        form = {"token_name": f"for {scope}", "token_days": "7", "token_scope": scope}
        secret = parse(ana.post("/account/tokens/", data=form).text).find(id="new-token").find("code").text
        entry = next(li for li in ana.page("/account/").find(id="tokens").all("li") if f"for {scope}" in li.text)
        assert ("Only reads" in entry.text) is mark
        answer = ana.post("/api/chat-threads/", headers={"Authorization": f"Token {secret}"}, json={})
        assert (answer.status_code == 403) is mark


def test_a_token_needs_a_name_and_one_of_the_times(ana: Visitor, people: People) -> None:
    assert "what the token is for" in refusal(ana, "tokens", "token_name", token_name=" ", token_days=30)
    assert ana.post("/account/tokens/", data={"token_name": "x", "token_days": "31"}).status_code == 400
    assert len(tokens.of_user(people.ana.user)) == 1


def test_nobody_revokes_what_is_not_theirs(ben: Visitor, ana: Visitor, people: People) -> None:
    asked = ana.answer("Mine")
    sharing.create(people.ana.user, asked.thread_id, 30)
    (token,), (link,) = tokens.of_user(people.ana.user), sharing.of_user(people.ana.user)
    for person in (people.ben, people.stan, people.sue):
        ben.sign_in(person)
        for address in (f"/account/tokens/{token.id}/revoke/", f"/account/links/{link.id}/revoke/"):
            assert ben.post(address).status_code == 404
            assert ben.post(address.replace(str(token.id), str(new_id()))).status_code == 404
    release()
    assert tokens.of_user(people.ana.user)
    assert sharing.of_user(people.ana.user)


def test_everything_of_ones_own_is_in_the_archive(ana: Visitor, ben: Visitor, people: People) -> None:
    asked = ana.answer("Plans for: ../../etc")
    ana.answer("Once more", thread_id=asked.thread_id)
    ben.answer("Bens thoughts")
    archive = read_archive(ana)
    folders = ["account.json", "conversations", "conversations", "readings.json"]
    assert sorted(name.partition("/")[0] for name in archive) == folders
    account = orjson.loads(archive["account.json"])
    assert (account["username"], [token["name"] for token in account["api_tokens"]]) == ("ana", ["tests"])
    (name,) = (name for name in archive if name.endswith(".json") and "/" in name)
    assert ".." not in name and name.count("/") == 1
    assert [m["content"] for m in orjson.loads(archive[name])["messages"]][::2] == ["Plans for: ../../etc", "Once more"]
    everything = b"".join(archive.values()).decode()
    assert "Bens" not in everything
    assert people.ana.token not in everything
    for hidden in (people.ana.user.password_hash, "injection", "severity", "hash"):
        assert hidden not in everything


def read_archive(browser: Visitor) -> dict[str, bytes]:
    response = browser.get("/account/export.zip")
    assert response.headers["Content-Disposition"].startswith("attachment; filename=chat-ana-")
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def delete_account(browser: Visitor, username: str = "ana", password: str = PASSWORD) -> tuple[int, str]:
    response = browser.post("/account/delete/", data={"delete_username": username, "delete_password": password})
    return response.status_code, response.text


def test_an_account_is_deleted_with_all_that_belongs_to_it(ana: Visitor, ben: Visitor, people: People) -> None:
    sharing.create(people.ana.user, ana.answer("Deleted soon").thread_id, 30)
    ana.ask("/slow 200")
    ben.answer("Stays")
    assert delete_account(ana)[0] == 200
    assert ana.get("/chat/").status_code == 302
    assert accounts.authenticate("ana", PASSWORD) is None
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(people.ana.token)
    release()
    assert rows_about(people.ana.id) == {}
    assert session.scalar(select(func.count()).select_from(User)) == 3
    assert "Stays" in ben.get("/chat/").text
    assert session.scalar(select(AuditRecord).where(AuditRecord.event == "account_deleted"))


def rows_about(user_id: object) -> dict[str, int]:
    """Rows of every table that names its user."""
    found = {}
    for table in Base.metadata.sorted_tables:
        if "user_id" in table.c:
            found[table.name] = session.scalar(select(func.count()).where(table.c.user_id == user_id)) or 0
    return {name: count for name, count in found.items() if count}


def test_an_account_is_not_deleted_by_mistake(ana: Visitor) -> None:
    for username, password in (("ben", PASSWORD), ("", PASSWORD), ("ana", "wrong"), ("ana", ""), ("ben", "wrong")):
        assert delete_account(ana, username, password)[0] == 400
        assert ana.get("/chat/").status_code == 200


def test_the_last_administrator_stays(ana: Visitor, people: People) -> None:
    ana.sign_in(people.stan)
    assert "last administrator" in ana.page("/account/").find(id="delete").text
    assert delete_account(ana, "stan")[0] == 400
    with transaction():
        session.get_one(User, people.ben.id).is_staff = True
    assert delete_account(ana, "stan")[0] == 200
    release()
    assert session.get(User, people.stan.id) is None


def test_the_daily_work_finishes_what_was_interrupted(app: Flask, ana: Visitor, people: People) -> None:
    ana.answer("Half deleted")
    with transaction():
        user = people.ana.user
        user.is_active, user.deleted_at = False, now()
    assert leaving.finish() == 1
    release()
    assert rows_about(people.ana.id) == {}
