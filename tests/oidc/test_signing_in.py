"""Signing in at a provider, from the button to the account, against oidc-provider in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import delete, select

from chatapp.core import accounts
from chatapp.core import people as admin
from chatapp.db import release, session, transaction
from chatapp.errors import Unauthenticated
from chatapp.models import AuditRecord, Identity, User
from tests import people as folk
from tests.oidc.running import BACK, GO, ON_ONE_DATABASE, Provider, way_back
from tests.people import PASSWORD
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Visitor

Sites = Callable[..., Callable[[], Visitor]]
GROUPS = {"oidc_staff_groups": "admins, root", "oidc_support_groups": "helpers"}
ANA = {"preferred_username": "ana@corp", "name": "Ana Almond", "email": "ana@corp-mail.eu", "email_verified": True}


def only(subject: str) -> User:
    """The account of a subject."""
    release()
    return session.scalars(select(Identity).where(Identity.subject == subject)).one().user


def reason(browser: Visitor, address: str, status: int) -> str:
    """Why nobody was let in."""
    response = browser.get(address)
    assert response.status_code == status, response.text
    page = parse(response.text)
    assert page.find("h1").text == "Not signed in"
    assert browser.get("/chat/").status_code == 302
    return page.find(role="alert").text


def test_a_stranger_gets_an_account_and_finds_it_again(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    accounts.create_user("stan", PASSWORD, staff=True)
    provider.wish(**ANA)
    browser = visit()
    page = browser.page("/sign-in/?next=/account/?tokens")
    link = page.find("a", class_="provider-link")
    assert link.text == "Continue with single sign-on"
    assert browser.get(way_back(provider, browser, link.attributes["href"])).location == "/account/?tokens"
    user = only("ana-1")
    assert (user.username, user.full_name, user.email) == ("ana@corp", "Ana Almond", "ana@corp-mail.eu")
    assert not (user.is_staff or user.is_support or accounts.authenticate("ana@corp", ""))
    provider.wish(**ANA | {"name": "Ana Apple", "email": "", "preferred_username": "other"})
    again = visit()
    again.get(way_back(provider, again))
    assert only("ana-1").id == user.id
    assert (only("ana-1").full_name, only("ana-1").email) == ("Ana Apple", "ana@corp-mail.eu")
    assert again.get(GO).location == "/chat/"


@ON_ONE_DATABASE
def test_several_tabs_with_long_addresses_fit_into_the_cookie(make_site: Sites, provider: Provider) -> None:
    browser = make_site()()
    provider.wish(**ANA)
    for number in range(5):
        back = way_back(provider, browser, f"{GO}?next=/chat/?q={str(number) * 480}")
    long = browser.get_cookie("chatapp_session")
    assert long and len(long.value) < 4000
    assert browser.get(back).location == f"/chat/?q={'4' * 480}"
    other = make_site()()
    assert other.get(way_back(provider, other, f"{GO}?next=/chat/?q={'x' * 600}")).location == "/chat/"


@ON_ONE_DATABASE
def test_what_is_asked_is_bound_to_this_browser_and_this_sign_in(make_site: Sites, provider: Provider) -> None:
    browser = make_site()()
    asked = [parse_qs(urlsplit(str(browser.get(GO).location)).query) for _ in range(2)]
    for query in asked:
        assert query["response_type"] == ["code"]
        assert query["code_challenge_method"] == ["S256"]
        assert query["redirect_uri"] == [f"http://localhost{BACK}"]
        assert "openid" in query["scope"][0].split()
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    assert "a client" not in str(asked)


def test_roles_follow_the_groups_at_every_sign_in(make_site: Sites, provider: Provider) -> None:
    visit = make_site(**GROUPS)
    accounts.create_user("stan", PASSWORD, staff=True)
    for groups, roles in (
        (["root", "x"], (True, False)),
        (["helpers"], (False, True)),
        ("helpers", (False, True)),
        (["Admins"], (False, False)),
        (["admins", "helpers"], (True, True)),
        ([], (False, False)),
        (None, (False, False)),
    ):
        provider.wish(**ANA, **({} if groups is None else {"groups": groups}))
        browser = visit()
        browser.get(way_back(provider, browser))
        user = only("ana-1")
        assert (user.is_staff, user.is_support) == roles, groups
    changes = session.scalars(select(AuditRecord).where(AuditRecord.event == "roles_changed")).all()
    assert [record.details["by"] for record in changes] == ["groups"] * 5


@ON_ONE_DATABASE
def test_without_groups_in_the_settings_roles_stay_as_they_are(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    provider.wish(**ANA, groups=["admins"])
    visit_once(provider, visit)
    user_id = only("ana-1").id
    with transaction():
        session.get_one(User, user_id).is_support = True
    visit_once(provider, visit)
    assert (only("ana-1").is_staff, only("ana-1").is_support) == (False, True)


def visit_once(provider: Provider, visit: Callable[[], Visitor]) -> Visitor:
    browser = visit()
    assert browser.get(way_back(provider, browser)).status_code == 302
    return browser


def test_the_last_administrator_keeps_the_role_that_the_groups_take(make_site: Sites, provider: Provider) -> None:
    visit = make_site(**GROUPS)
    provider.wish(**ANA, groups=["admins"])
    visit_once(provider, visit)
    provider.wish(**ANA)
    visit_once(provider, visit)
    assert only("ana-1").is_staff


@ON_ONE_DATABASE
def test_only_members_of_needed_groups_get_in(make_site: Sites, provider: Provider) -> None:
    visit = make_site(oidc_required_groups="staff, guests", oidc_groups_claim="groups.here")
    provider.wish(**ANA, groups={"here": ["others"]})
    browser = visit()
    assert "not among those" in reason(browser, way_back(provider, browser), 403)
    assert session.scalar(select(User)) is None
    provider.wish(**ANA, groups={"here": ["guests"]})
    visit_once(provider, visit)


@ON_ONE_DATABASE
def test_strangers_stay_out_where_accounts_are_made_by_administrators(make_site: Sites, provider: Provider) -> None:
    browser = make_site(oidc_creates_people=False)()
    provider.wish(**ANA)
    assert "no account here" in reason(browser, way_back(provider, browser), 403)


def test_names_and_addresses_open_nobodys_account(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    people = folk.settle()
    provider.wish(preferred_username="Ana", email="ana@corp-mail.eu", email_verified=True, name="Not Ana")
    visit_once(provider, visit)
    assert only("ana-1").username == "Ana-2"
    assert only("ana-1").id != people.ana.id
    provider.wish("ana-2", preferred_username="<Ana> Ü\u0000/..", email="nonsense", name="x" * 300)
    visit_once(provider, visit)
    assert (only("ana-2").username, only("ana-2").full_name, only("ana-2").email) == ("Ana-Ü-..", "", "")
    provider.wish("ana-3")
    visit_once(provider, visit)
    assert only("ana-3").username == "person"


def test_a_verified_address_opens_its_account_where_that_is_wanted_and_closes_all_other_ways(
    make_site: Sites, provider: Provider
) -> None:
    visit = make_site(oidc_trusts_email=True)
    people = folk.settle()
    ana = visit()
    ana.sign_in(people.ana)
    provider.wish(**ANA | {"email_verified": False})
    visit_once(provider, visit)
    stranger = only("ana-1")
    assert stranger.id != people.ana.id
    provider.wish("ana-2", **ANA | {"email": "ANA@corp-mail.eu"})
    with transaction():
        session.execute(delete(User).where(User.id == stranger.id))
    visit_once(provider, visit)
    assert only("ana-2").id == people.ana.id
    assert accounts.authenticate("ana", PASSWORD) is None
    assert ana.get("/chat/").status_code == 302
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(people.ana.token)
    provider.wish("ana-3", **ANA)
    visit_once(provider, visit)
    assert only("ana-3").id != people.ana.id


def test_who_has_an_account_connects_it_from_inside(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    people = folk.settle()
    browser = visit()
    browser.sign_in(people.ana)
    provider.wish(**ANA)
    address = connecting(browser)
    back = urlsplit(provider.visit(address))
    assert browser.get(f"{back.path}?{back.query}").location == "/account/#password"
    assert only("ana-1").id == people.ana.id
    assert "You sign in with single sign-on" in browser.page("/account/").find(id="password").text
    assert accounts.authenticate("ana", PASSWORD)
    other = visit()
    other.sign_in(people.ben)
    back = urlsplit(provider.visit(connecting(other)))
    assert other.get(f"{back.path}?{back.query}").status_code == 409
    assert only("ana-1").id == people.ana.id


def connecting(browser: Visitor) -> str:
    page = parse(browser.post("/account/provider/").text)
    return page.find("a", class_="button").attributes["href"]


@ON_ONE_DATABASE
def test_nobody_connects_who_has_signed_out_meanwhile(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    people = folk.settle()
    browser = visit()
    browser.sign_in(people.ana)
    address = connecting(browser)
    browser.post("/sign-out/")
    back = urlsplit(provider.visit(address))
    assert "not begun in this browser" in reason(browser, f"{back.path}?{back.query}", 400)


def test_a_disabled_account_stays_closed(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    provider.wish(**ANA)
    browser = visit_once(provider, visit)
    stan = accounts.create_user("stan", PASSWORD, staff=True)
    admin.disable(stan, only("ana-1").id)
    assert browser.get("/chat/").status_code == 302
    other = visit()
    assert "disabled" in reason(other, way_back(provider, other), 400)


@ON_ONE_DATABASE
def test_who_signs_out_is_led_to_the_provider_to_do_it_there(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    provider.wish(**ANA)
    browser = visit_once(provider, visit)
    assert browser.get_cookie("chatapp_id_token", path="/sign-out/")
    page = parse(browser.post("/sign-out/").text)
    address = page.find("a", class_="button").attributes["href"]
    assert page.find("meta", http_equiv="refresh").attributes["content"] == f"0;url={address}"
    asked = parse_qs(urlsplit(address).query)
    assert asked["post_logout_redirect_uri"] == ["http://localhost/sign-in/"]
    assert asked["id_token_hint"][0].count(".") == 2
    assert "/session/end/confirm" in provider.visit(address)
    assert browser.get_cookie("chatapp_id_token", path="/sign-out/") is None
    assert browser.get("/chat/").status_code == 302
    folk.settle()
    browser.post("/sign-in/", data={"username": "ana", "password": PASSWORD})
    assert browser.post("/sign-out/").location == "/sign-in/"


@ON_ONE_DATABASE
def test_passwords_can_be_switched_off(make_site: Sites, provider: Provider) -> None:
    visit = make_site(password_sign_in=False, oidc_staff_groups="admins", oidc_label="Corp <ID>")
    browser = visit()
    assert browser.get("/first-administrator/").location == "/sign-in/"
    page = browser.page("/sign-in/")
    assert page.find("a", class_="provider-link").text == "Continue with Corp <ID>"
    assert not page.has("form")
    accounts.create_user("stan", PASSWORD, staff=True)
    assert browser.post("/sign-in/", data={"username": "stan", "password": PASSWORD}).status_code == 403
    provider.wish(**ANA, groups=["admins"])
    visit_once(provider, lambda: browser)
    assert browser.get("/admin/people/").status_code == 200
    assert not browser.page("/account/").find(id="password").has("input")
    assert browser.post("/account/delete/", data={"delete_username": "ana@corp"}).status_code == 200


@ON_ONE_DATABASE
def test_a_site_without_a_provider_has_no_such_pages(make_site: Sites) -> None:
    visit = make_site(oidc_issuer="")
    folk.settle()
    assert not visit().page("/sign-in/").has("a", class_="provider-link")
    for address in (GO, BACK):
        assert visit().get(address).status_code == 404


@ON_ONE_DATABASE
def test_a_client_without_a_secret_proves_itself_by_the_challenge_alone(make_site: Sites, provider: Provider) -> None:
    visit = make_site(oidc_client_id="public", oidc_client_secret="")
    provider.wish(**ANA)
    visit_once(provider, visit)
    assert only("ana-1").username == "ana@corp"
