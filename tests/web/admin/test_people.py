"""The pages of people, and what their links open."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from argon2 import PasswordHasher
from flask import Flask

from chatapp.core import accounts, invitations, profiles, quotas, tokens
from chatapp.core import people as admin
from chatapp.db import release
from tests.people import PASSWORD, People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Visitor

NEW = "a longer secret"
# For what no database decides: once is enough.
ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def visit(app: Flask) -> Callable[[], Visitor]:
    return lambda: Visitor(app, app.response_class, use_cookies=True)


@pytest.fixture
def stan(visit: Callable[[], Visitor], people: People) -> Visitor:
    browser = visit()
    browser.sign_in(people.stan)
    return browser


def shown(browser: Visitor, address: str) -> list[str]:
    return [row.find("th").find("small").text for row in browser.page(address).find("tbody").all("tr")]


def test_the_list_is_filtered_and_paged(stan: Visitor, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatapp.web.admin import people as pages

    assert shown(stan, "/admin/people/") == ["ana", "ben", "stan", "sue"]
    assert shown(stan, "/admin/people/?q=birch&role=regular&state=active") == ["ben"]
    assert "Nobody here fits" in stan.page("/admin/people/?q=nobody&role=nonsense").text
    monkeypatch.setattr(pages, "PAGE", 3)
    following = stan.page("/admin/people/?q=corp").find("a", rel="next").attributes["href"]
    assert shown(stan, following) == ["sue"]
    assert shown(stan, stan.page(following).find("nav", class_="paging").find("a").attributes["href"])[0] == "ana"


@ON_ONE_DATABASE
def test_names_are_text(stan: Visitor, people: People) -> None:
    profiles.change(people.ana.user, "<b>Ana</b>", "")
    for address in ("/admin/people/?q=<script>", "/admin/people/", f"/admin/people/{people.ana.id}/"):
        page = stan.get(address).text
        assert "<b>Ana" not in page and '<script>"' not in page


def test_a_person_is_disabled_and_enabled_with_effect_on_the_next_request(
    stan: Visitor, visit: Callable[[], Visitor], people: People
) -> None:
    ana = visit()
    ana.sign_in(people.ana)
    assert ana.get("/chat/").status_code == 200
    page = f"/admin/people/{people.ana.id}/"
    stan.post(f"{page}disable/")
    assert ana.get("/chat/").status_code == 302
    assert "Disabled" in stan.page(page).find("h1").text
    stan.post(f"{page}enable/")
    assert ana.get("/chat/").status_code == 302
    ana.sign_in(people.ana)
    assert ana.get("/chat/").status_code == 200
    stan.post(f"{page}sign-out/")
    assert ana.get("/chat/").status_code == 302


@ON_ONE_DATABASE
def test_ones_own_account_shows_what_cannot_be_done(stan: Visitor, people: People) -> None:
    page = stan.page(f"/admin/people/{people.stan.id}/")
    assert "last administrator" in page.find(id="role").text
    assert not page.find(id="role").has("form")
    assert not page.find(id="state").has("details")
    assert stan.post(f"/admin/people/{people.stan.id}/disable/").status_code == 409
    assert stan.post(f"/admin/people/{people.stan.id}/role/", data={"role": "support"}).status_code == 409


@ON_ONE_DATABASE
def test_who_gives_the_role_away_is_led_out(stan: Visitor, people: People) -> None:
    stan.post(f"/admin/people/{people.ana.id}/role/", data={"role": "staff"})
    response = stan.post(f"/admin/people/{people.stan.id}/role/", data={"role": "everybody"})
    assert response.location == "/"
    assert stan.get("/admin/people/").status_code == 302
    stan.sign_in(people.stan)
    assert stan.get("/admin/people/").status_code == 404


def test_a_link_for_a_password_is_shown_once_and_leads_into_the_chat(
    stan: Visitor, visit: Callable[[], Visitor], people: People
) -> None:
    page = f"/admin/people/{people.ana.id}/"
    address = parse(stan.post(f"{page}password-link/").text).find(id="new-link").find("code").text
    assert address not in stan.get(page).text
    ana, path = visit(), urlsplit(address).path
    response = ana.get(path)
    assert (response.headers["Referrer-Policy"], response.headers["Cache-Control"]) == ("same-origin", "no-store")
    assert "The two passwords" in ana.post(path, data={"new": NEW, "repeated": "other"}).text
    assert ana.post(path, data={"new": "short", "repeated": "short"}).status_code == 400
    assert ana.post(path, data={"new": NEW, "repeated": NEW}).location == "/chat/"
    assert ana.page("/account/").find("input", name="full_name").attributes["value"] == "Ana Almond"
    spent = ana.get(path)
    assert (spent.status_code, parse(spent.text).find("h1").text) == (404, "This link opens nothing")
    assert ana.post(path, data={"new": NEW, "repeated": NEW}).status_code == 404
    stan.post(f"{page}password-link/")
    assert "opens anything" in stan.post(f"{page}password-link/revoke/", follow_redirects=True).text


@ON_ONE_DATABASE
def test_who_must_choose_another_password_gets_nowhere_before(
    stan: Visitor, visit: Callable[[], Visitor], people: People
) -> None:
    stan.post(f"/admin/people/{people.ana.id}/new-password/")
    ana = visit()
    path = ana.sign_in(people.ana).location
    assert path.startswith("/password/")
    assert ana.get("/chat/").status_code == 302
    refused = ana.post(path, data={"new": PASSWORD, "repeated": PASSWORD})
    assert "another password" in parse(refused.text).find(id="new-note").text
    assert ana.post(path, data={"new": NEW, "repeated": NEW}).location == "/chat/"
    assert ana.get("/chat/").status_code == 200


def test_a_person_is_added_with_a_first_password_or_without(stan: Visitor, visit: Callable[[], Visitor]) -> None:
    form = {"username": "carol", "full_name": "Carol", "email": "c@corp-mail.eu", "role": "support"}
    page = stan.post("/admin/people/new/", data=form, follow_redirects=True)
    assert "no password" in parse(page.text).find(id="password").text
    stan.post("/admin/people/new/", data={"username": "dave", "password": PASSWORD})
    carol, dave = accounts.find_user("carol"), accounts.find_user("dave")
    assert (carol.is_support, carol.is_staff, dave.is_support, dave.is_staff) == (True, False, False, False)
    entered = visit().post("/sign-in/", data={"username": "dave", "password": PASSWORD})
    assert entered.location.startswith("/password/")
    refused = stan.post("/admin/people/new/", data=form | {"email": "x"})
    assert refused.status_code == 400
    fields = parse(refused.text)
    assert fields.find(id="email-note").text == "That is not an e-mail address."
    assert fields.find("input", name="username").attributes["value"] == "carol"


def test_an_invitation_is_shown_once_and_makes_an_account(stan: Visitor, visit: Callable[[], Visitor]) -> None:
    made = stan.post("/admin/people/invitations/", data={"name": "Dora", "role": "staff", "days": "1"})
    path = urlsplit(parse(made.text).find(id="new-link").find("code").text).path
    listed = stan.page("/admin/people/invitations/")
    assert "Dora" in listed.text and path not in str(listed)
    dora = visit()
    assert "administer" in dora.page(path).text
    refused = dora.post(path, data={"username": "ANA", "password": NEW})
    assert "taken" in parse(refused.text).find(id="username-note").text
    assert dora.post(path, data={"username": "dora", "password": NEW}).location == "/chat/"
    assert dora.get("/admin/people/").status_code == 200
    assert dora.get(path).status_code == 404
    assert "nobody has used yet" in stan.page("/admin/people/invitations/").text


@ON_ONE_DATABASE
def test_an_invitation_is_revoked(stan: Visitor, visit: Callable[[], Visitor], people: People) -> None:
    token = invitations.create(people.stan.user, "Dora", 7)
    (form,) = (f for f in stan.page("/admin/people/invitations/").all("form") if "revoke" in str(f))
    stan.post(form.attributes["action"])
    assert visit().get(f"/invitations/{token}/").status_code == 404
    assert stan.post("/admin/people/invitations/", data={"name": " "}).status_code == 400


def test_tokens_are_named_without_their_secret_and_revoked(stan: Visitor, people: People) -> None:
    page = f"/admin/people/{people.ana.id}/"
    panel = stan.page(page).find(id="tokens")
    assert "tests" in panel.text and people.ana.token not in str(panel)
    stan.post(panel.find("form").attributes["action"])
    release()
    assert not tokens.of_user(people.ana.user)


@ON_ONE_DATABASE
def test_limits_are_set_and_refused_beside_their_field(stan: Visitor, people: People) -> None:
    page = f"/admin/people/{people.ana.id}/"
    stan.post(f"{page}limits/", data={"daily": "1000", "weekly": "-1", "monthly": ""})
    release()
    usage = quotas.usage(people.ana.user)
    assert [usage[period].limit for period in quotas.PERIODS] == [1000, -1, None]
    assert stan.page(page).find("input", id="daily").attributes["value"] == "1000"
    for wrong in ("-2", "many", str(2**63), "1.5"):
        refused = stan.post(f"{page}limits/", data={"daily": "1", "weekly": wrong, "monthly": ""})
        assert refused.status_code == 400
        assert "no limit" in parse(refused.text).find(id="weekly-note").text
    release()
    assert quotas.usage(people.ana.user)["daily"].limit == 1000


@ON_ONE_DATABASE
def test_a_site_whose_limits_are_misconfigured_says_so(make_app: Callable[..., Flask]) -> None:
    app = make_app(ai_assistant_token_limit_daily="many")
    root = accounts.create_user("root", PASSWORD, staff=True)
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.post("/sign-in/", data={"username": "root", "password": PASSWORD})
    assert "misconfigured" in browser.page(f"/admin/people/{root.id}/").find(role="alert").text


@ON_ONE_DATABASE
def test_when_somebody_was_here_is_shown(stan: Visitor, people: People) -> None:
    assert re.search(r"Last here\s+\w", stan.page(f"/admin/people/{people.stan.id}/").text)
    release()
    assert admin.get(people.stan.id).last_seen_at is not None
    assert "not yet" in stan.page(f"/admin/people/{people.ana.id}/").text
