"""The second step of signing in: a code from an app, or a recovery code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from chatapp import config
from chatapp.core import accounts, browsers, password_links, sealing, second_factors, throttling
from chatapp.db import now, release, session
from chatapp.errors import Invalid, OnlyReads, Unauthenticated
from chatapp.models import AuditRecord, RecoveryCode, SecondFactor
from chatapp.values import Proof
from chatapp.web.auth import SESSION_COOKIE
from tests.people import PASSWORD, People
from tests.stream.asking import at_once
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Visitor

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CODE, SET_UP, ACCOUNT = "/sign-in/code/", "/sign-in/set-up/", "/account/two-step/"


class Clock:
    """The time by which codes are judged."""

    def __init__(self) -> None:
        self.moment = now()

    def __call__(self) -> datetime:
        return self.moment

    def next_step(self) -> None:
        self.moment += timedelta(seconds=30)


class Phone:
    """An app that shows codes."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.secret = clock, ""

    def scan(self, browser: Visitor, path: str) -> str:
        """What the page's form has to send back."""
        page = browser.page(path)
        self.secret = page.find("code", class_="totp-key").text.replace(" ", "")
        return page.find("input", name="sealed").attributes["value"]

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self._clock(), counter_offset=steps)

    def next_code(self) -> str:
        self._clock.next_step()
        return self.code()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(second_factors, "now", clock)
    return clock


@pytest.fixture
def phone(clock: Clock) -> Phone:
    return Phone(clock)


def set_up(browser: Visitor, phone: Phone) -> list[str]:
    """Recovery codes."""
    sealed = phone.scan(browser, ACCOUNT)
    response = browser.post(ACCOUNT, data={"sealed": sealed, "code": phone.code(), "current": PASSWORD})
    assert response.status_code == 200, response.text
    return parse(response.text).find("pre").text.split()


def enter(browser: Visitor, **form: str) -> TestResponse:
    return browser.post("/sign-in/", data={"username": "ana", "password": PASSWORD} | form)


def is_in(browser: Visitor) -> bool:
    return browser.get("/account/").status_code == 200


def audited() -> list[str]:
    release()
    return list(session.scalars(select(AuditRecord.event).order_by(AuditRecord.number)))


def test_who_has_set_it_up_is_asked_for_a_code_after_the_password(
    ana: Visitor, anybody: Visitor, people: People, phone: Phone
) -> None:
    set_up(ana, phone)
    assert is_in(ana)
    response = enter(anybody, next="/account/?tokens")
    assert response.location == CODE
    assert anybody.get_cookie(SESSION_COOKIE) is None
    assert not is_in(anybody)
    assert anybody.page(CODE).find(id="code").attributes["autocomplete"] == "one-time-code"
    code = phone.next_code()
    wrong = anybody.post(CODE, data={"code": "000000" if code != "000000" else "000001"})
    assert wrong.status_code == 400 and "not right" in parse(wrong.text).find(role="alert").text
    assert anybody.post(CODE, data={"code": f"{code[:3]} {code[3:]}"}).location == "/account/?tokens"
    assert is_in(anybody)
    assert audited() == ["second_factor_on"]


@ON_ONE_DATABASE
def test_setting_it_up_takes_the_password_and_a_code_and_signs_out_everywhere_else(
    ana: Visitor, anybody: Visitor, people: People, phone: Phone
) -> None:
    anybody.sign_in(people.ana)
    sealed = phone.scan(ana, ACCOUNT)
    for field, form in {
        "current": {"current": "wrong", "code": phone.code()},
        "code": {"current": PASSWORD, "code": phone.code(5)},
    }.items():
        response = ana.post(ACCOUNT, data={"sealed": sealed} | form)
        assert response.status_code == 400
        page = parse(response.text)
        assert page.find(id=field).attributes["aria-invalid"] == "true"
        assert page.find("input", name="sealed").attributes["value"] == sealed
    for made_up in ("", "x", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"):
        assert ana.post(ACCOUNT, data={"sealed": made_up, "code": "000000", "current": PASSWORD}).status_code == 400
    assert second_factors.of_user(people.ana.user) is None
    response = ana.post(ACCOUNT, data={"sealed": sealed, "code": phone.code(), "current": PASSWORD})
    assert len(parse(response.text).find("pre").text.split()) == second_factors.RECOVERY_CODES
    assert is_in(ana) and not is_in(anybody)


@ON_ONE_DATABASE
def test_the_picture_is_what_apps_read_and_the_policy_allows_it(ana: Visitor, phone: Phone) -> None:
    phone.scan(ana, ACCOUNT)
    page = ana.page(ACCOUNT)
    address = urlsplit(next(link for link in page.all("a") if "otpauth" in link.attributes["href"]).attributes["href"])
    said = parse_qs(address.query)
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/chatapp:ana")
    assert (said["issuer"], len(said["secret"][0])) == (["chatapp"], 32)
    picture = page.find("img", class_="qr").attributes
    assert picture["src"].startswith("data:image/svg+xml") and "style" not in picture["src"]


def test_a_code_counts_once_and_a_step_early_or_late(ana: Visitor, people: People, phone: Phone, clock: Clock) -> None:
    set_up(ana, phone)
    user = people.ana.user
    with pytest.raises(Invalid):
        second_factors.check(user, phone.code())  # which has turned it on
    clock.next_step()
    second_factors.check(user, phone.code())
    clock.moment += timedelta(seconds=120)
    for steps, is_right in ((-2, False), (2, False), (-1, True), (-1, False), (0, True), (1, True), (0, False)):
        if is_right:
            second_factors.check(user, phone.code(steps))
        else:
            with pytest.raises(Invalid):
                second_factors.check(user, phone.code(steps))


def test_of_many_who_send_the_same_code_at_once_one_gets_in(
    app: Flask, ana: Visitor, people: People, phone: Phone
) -> None:
    recovery = set_up(ana, phone)[0]
    for code in (phone.next_code(), recovery):
        outcomes = at_once(app, *[lambda code=code: second_factors.check(people.ana.user, code)] * 4)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Invalid"] * 3 + ["NoneType"]


def test_a_recovery_code_opens_once_however_it_is_typed(
    ana: Visitor, visit: Callable[[], Visitor], people: People, phone: Phone
) -> None:
    codes = set_up(ana, phone)
    assert len(set(codes)) == 10 and all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", code) for code in codes)
    for number, code in enumerate(codes[:8]):
        browser = visit()
        enter(browser)
        response = browser.post(CODE, data={"code": code.upper().replace("-", " ")})
        assert response.location == ("/chat/" if number < 7 else "/account/#two-step")
    assert "2 recovery codes are left" in browser.page("/account/").find(role="status", class_="form-done").text
    again = visit()
    enter(again)
    assert again.post(CODE, data={"code": codes[0]}).status_code == 400
    assert audited().count("recovery_code_used") == 8


def test_recovery_codes_of_others_open_nothing(ana: Visitor, ben: Visitor, people: People, clock: Clock) -> None:
    codes = set_up(ana, Phone(clock))
    set_up(ben, Phone(clock))
    with pytest.raises(Invalid):
        second_factors.check(people.ben.user, codes[0])


def test_guessing_codes_is_refused_after_a_while_from_everywhere(
    ana: Visitor, visit: Callable[[], Visitor], people: People, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "MOST_PROOFS", 2)
    set_up(ana, phone)
    for number in range(2):
        browser = visit()
        enter(browser)
        form, place = {"code": "12345"}, {"REMOTE_ADDR": f"198.51.100.{number}"}
        assert browser.post(CODE, data=form, environ_base=place).status_code == 400
    response = browser.post(CODE, data={"code": phone.next_code()})
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= throttling.WINDOW.total_seconds()
    assert not is_in(browser)


@ON_ONE_DATABASE
def test_half_a_sign_in_opens_nothing_and_ends_with_time_and_password(
    ana: Visitor, anybody: Visitor, people: People, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anybody.get(CODE).location == anybody.get(SET_UP).location == "/sign-in/"
    for path in (CODE, SET_UP):
        assert anybody.post(path, data={"code": "000000"}).location == "/sign-in/"
    set_up(ana, phone)
    enter(anybody)
    for path in ("/chat/", "/account/", "/api/v1/chat/threads"):
        assert anybody.get(path).status_code in (302, 401)
    assert anybody.get(SET_UP).location == CODE
    sealed = Phone(Clock()).scan(ana, ACCOUNT)
    other = pyotp.TOTP(second_factors.secret_of(people.ana.user, sealed))
    replaced = anybody.post(SET_UP, data={"sealed": sealed, "code": other.at(second_factors.now())})
    assert replaced.status_code == 400 and not is_in(anybody)
    monkeypatch.setattr("chatapp.web.pages.halfway.PATIENCE", -1)
    assert anybody.post(CODE, data={"code": phone.next_code()}).location == "/sign-in/"
    monkeypatch.undo()
    accounts.change_password(people.ana.user, PASSWORD, "another long secret")
    assert anybody.get(CODE).location == "/sign-in/"


@ON_ONE_DATABASE
def test_a_link_for_a_password_does_not_get_around_it(
    ana: Visitor, anybody: Visitor, people: People, phone: Phone
) -> None:
    set_up(ana, phone)
    token = password_links.create(people.stan.user, people.ana.user)
    form = {"new": "another long secret", "repeated": "another long secret"}
    assert anybody.post(f"/password/{token}/", data=form).location == CODE
    assert not is_in(anybody)
    assert anybody.post(CODE, data={"code": phone.next_code()}).location == "/chat/"
    assert is_in(anybody)


@ON_ONE_DATABASE
def test_another_app_takes_a_code_of_the_one_before(ana: Visitor, people: People, phone: Phone, clock: Clock) -> None:
    set_up(ana, phone)
    other = Phone(clock)
    sealed = other.scan(ana, ACCOUNT)
    form = {"sealed": sealed, "current": PASSWORD}
    assert ana.post(ACCOUNT, data=form | {"code": other.code()}).status_code == 400
    old = phone.next_code()
    assert ana.post(ACCOUNT, data=form | {"code": other.code(), "old_code": old}).status_code == 200
    with pytest.raises(Invalid):
        second_factors.check(people.ana.user, phone.next_code())
    second_factors.check(people.ana.user, other.code())


def test_recovery_codes_are_renewed_and_it_is_turned_off_with_a_code(
    ana: Visitor, anybody: Visitor, people: People, phone: Phone
) -> None:
    old = set_up(ana, phone)
    for path in ("recovery-codes/", "off/"):
        assert ana.post(f"{ACCOUNT}{path}", data={"code": "000000"}).status_code == 400
    response = ana.post(f"{ACCOUNT}recovery-codes/", data={"code": phone.next_code()})
    new = parse(response.text).find("pre").text.split()
    with pytest.raises(Invalid):
        second_factors.check(people.ana.user, old[0])
    assert ana.post(f"{ACCOUNT}off/", data={"code": new[0]}).location == "/account/#two-step"
    assert enter(anybody).location == "/chat/"
    release()
    assert not session.scalars(select(RecoveryCode)).all()
    assert audited()[-2:] == ["recovery_code_used", "second_factor_off"]


@ON_ONE_DATABASE
def test_an_administrator_resets_it(
    ana: Visitor, anybody: Visitor, visit: Callable[[], Visitor], people: People, phone: Phone
) -> None:
    set_up(ana, phone)
    stan = visit()
    stan.sign_in(people.stan)
    page = stan.page(f"/admin/people/{people.ana.id}/")
    forms = [form.attributes["action"] for form in page.find(id="password").all("form")]
    assert stan.post(forms[-1]).status_code == 303
    assert not is_in(ana)
    assert enter(anybody).location == "/chat/"
    assert audited() == ["second_factor_on", "second_factor_off"]


@ON_ONE_DATABASE
def test_an_operator_resets_it_on_the_command_line(
    app: Flask, ana: Visitor, anybody: Visitor, people: People, phone: Phone
) -> None:
    set_up(ana, phone)
    run = app.test_cli_runner().invoke
    assert run(args=["user", "reset-two-step", "nobody"]).exit_code == 1
    assert run(args=["user", "reset-two-step", "ana"]).exit_code == 0
    release()
    assert not is_in(ana)
    assert enter(anybody).location == "/chat/"
    secret = run(args=["token", "create", "ana", "--read-only"]).output.split()[-1]
    with pytest.raises(OnlyReads):
        accounts.user_of_token(secret, writes=True)


@ON_ONE_DATABASE
def test_nobody_unseals_what_is_somebody_elses(ana: Visitor, ben: Visitor, people: People, phone: Phone) -> None:
    set_up(ana, phone)
    mine = second_factors.of_user(people.ana.user)
    assert mine
    for sealed in (mine.secret, sealing.seal("a token of a service"), second_factors.propose(people.ana.user)):
        response = ben.post(ACCOUNT, data={"sealed": sealed, "code": phone.next_code(), "current": PASSWORD})
        assert response.status_code == 400
        shown = parse(response.text).find("code", class_="totp-key").text.replace(" ", "")
        assert shown != phone.secret and "token" not in shown and len(shown) == 32
    assert second_factors.of_user(people.ben.user) is None


def test_only_hashes_and_a_sealed_secret_are_stored(ana: Visitor, phone: Phone) -> None:
    codes = set_up(ana, phone)
    stored = str([vars(row) for model in (SecondFactor, RecoveryCode) for row in session.scalars(select(model))])
    for secret in (phone.secret, *codes, *(code.replace("-", "") for code in codes)):
        assert secret not in stored


@ON_ONE_DATABASE
def test_another_key_of_the_site_leaves_recovery_codes(
    ana: Visitor, people: People, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = set_up(ana, phone)
    monkeypatch.setattr(config, "_current", replace(config.current(), secret_key="another"))
    with pytest.raises(Invalid):
        second_factors.check(people.ana.user, phone.next_code())
    second_factors.check(people.ana.user, codes[0])


@ON_ONE_DATABASE
@pytest.mark.parametrize("wanted", ["staff", "all"])
def test_where_it_is_asked_for_a_password_alone_opens_nothing(
    make_app: Callable[..., Flask], phone: Phone, wanted: str
) -> None:
    app = make_app(require_totp=wanted)
    accounts.create_user("ana", PASSWORD, staff=wanted == "staff")
    accounts.create_user("rob", PASSWORD)
    browser, other = (Visitor(app, app.response_class, use_cookies=True) for _ in range(2))
    assert enter(browser).location == SET_UP
    assert not is_in(browser)
    sealed = phone.scan(browser, SET_UP)
    response = browser.post(SET_UP, data={"sealed": sealed, "code": phone.code()})
    assert parse(response.text).find("a", class_="button").attributes["href"] == "/chat/"
    assert is_in(browser)
    assert browser.post(f"{ACCOUNT}off/", data={"code": phone.next_code()}).status_code == 400
    assert not parse(browser.get("/account/").text).find(id="two-step").has("button", formaction=f"{ACCOUNT}off/")
    entered = other.post("/sign-in/", data={"username": "rob", "password": PASSWORD})
    assert entered.location == (SET_UP if wanted == "all" else "/chat/")


@ON_ONE_DATABASE
def test_sessions_that_a_password_began_end_when_codes_are_asked_for(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person, ended in ((people.ana, set()), (people.sue, {Proof.PASSWORD}), (people.stan, {Proof.PASSWORD})):
        monkeypatch.setattr(config, "_current", replace(config.current(), require_totp="off"))
        secrets = {proof: browsers.open_session(person.user, proof=proof) for proof in Proof}
        assert {proof for proof in Proof if opens(secrets[proof])} == set(Proof)
        monkeypatch.setattr(config, "_current", replace(config.current(), require_totp="staff"))
        assert {proof for proof in Proof if not opens(secrets[proof])} == ended
        assert opens(person.token)


def opens(secret: str) -> bool:
    try:
        return bool(accounts.user_of_token(secret))
    except Unauthenticated:
        return False
