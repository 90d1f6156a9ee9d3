"""What is not believed: answers that were not asked for, tokens that do not hold, providers that are somebody else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from sqlalchemy import select

from chatapp.db import release, session
from chatapp.models import Identity
from chatapp.oidc import directory
from chatapp.web.pages import elsewhere, single_sign_on
from tests.oidc.running import BACK, GO, ON_ONE_DATABASE, Provider, way_back
from tests.oidc.test_signing_in import ANA, reason, visit_once
from tests.web.pages.visitor import Visitor

Sites = Callable[..., Callable[[], Visitor]]
WELL_KNOWN = "/.well-known/openid-configuration"


def nobody_is_there() -> bool:
    release()
    return session.scalar(select(Identity)) is None


@ON_ONE_DATABASE
def test_an_answer_belongs_to_the_browser_that_asked_and_works_once(
    make_site: Sites, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = make_site()
    ana, mallory = visit(), visit()
    hers = way_back(provider, ana)
    mallory.get(GO)
    for browser, address in (
        (mallory, hers),  # somebody else's answer, slipped into this browser
        (visit(), hers),
        (visit(), BACK),
        (visit(), f"{BACK}?state=&code=x&iss={provider.issuer}"),
        (ana, hers.replace("state=", "state=x")),
    ):
        assert "not begun in this browser" in reason(browser, address, 400)
    assert ana.get(hers).status_code == 302
    ana.post("/sign-out/")
    assert "not begun" in reason(ana, hers, 400)
    late = way_back(provider, ana)
    now = time.time()
    monkeypatch.setattr(elsewhere, "time", lambda: now + elsewhere.PATIENCE + 1)
    assert "too long ago" in reason(ana, late, 400)


@ON_ONE_DATABASE
def test_an_answer_of_another_provider_and_another_code_are_refused(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    for part, value, words in (
        ("iss", "https://evil.example", "does not prove"),
        ("iss", "", "does not prove"),
        ("code", "stolen", "did not let you in"),
    ):
        browser = visit()
        back = urlsplit(way_back(provider, browser))
        query = {name: values[0] for name, values in parse_qs(back.query).items()} | {part: value}
        address = f"{back.path}?" + "&".join(f"{name}={text}" for name, text in query.items() if text)
        assert words in reason(browser, address, 400)
    assert nobody_is_there()


@ON_ONE_DATABASE
def test_a_code_that_another_browser_began_with_is_worth_nothing(make_site: Sites, provider: Provider) -> None:
    """The code is bound to the verifier of who began (RFC 7636)."""
    visit = make_site()
    ana, mallory = visit(), visit()
    hers, his = way_back(provider, ana), way_back(provider, mallory)
    code = parse_qs(urlsplit(hers).query)["code"][0]
    own = parse_qs(urlsplit(his).query)["code"][0]
    assert "did not let you in" in reason(mallory, his.replace(own, code), 400)


@ON_ONE_DATABASE
def test_a_token_that_does_not_hold_opens_nothing(make_site: Sites, provider: Provider) -> None:
    visit, now = make_site(oidc_staff_groups="admins"), int(time.time())
    lies: list[dict[str, Any]] = [
        {"part": True, "claims": {"sub": "root"}},  # the signature of something else
        {"alg": "none"},
        {"alg": "HS256"},  # signed with what every client knows
        {"claims": {"exp": now - 120, "iat": now - 3600}},
        {"claims": {"iat": now + 600}},
        {"claims": {"nbf": now + 600}},
        {"claims": {"exp": None}},
        {"claims": {"aud": "another"}},
        {"claims": {"aud": ["chat", "another"], "azp": "another"}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}},
        {"claims": {"sub": None}},
        {"claims": {"sub": ["root"]}},
        {"claims": {"at_hash": "another"}},
    ]
    for lie in lies:
        provider.wish(lie=lie, **ANA)
        browser = visit()
        assert "does not prove" in reason(browser, way_back(provider, browser), 400), lie
    assert nobody_is_there()


@ON_ONE_DATABASE
def test_clocks_may_differ_a_little(make_site: Sites, provider: Provider) -> None:
    visit, now = make_site(), int(time.time())
    for claims in ({"exp": now - 30, "iat": now - 300}, {"iat": now + 30}):
        provider.wish(lie={"claims": claims}, **ANA)
        visit_once(provider, visit)


@ON_ONE_DATABASE
def test_what_is_said_about_somebody_else_is_not_taken(make_site: Sites, provider: Provider) -> None:
    browser = make_site()()
    provider.wish(lie={"path": "/me", "body": {"sub": "root", "email": "root@corp-mail.eu"}})
    assert "does not prove" in reason(browser, way_back(provider, browser), 400)
    assert nobody_is_there()


@ON_ONE_DATABASE
def test_new_keys_are_fetched_once_and_old_ones_are_kept(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    provider.wish(**ANA)
    visit_once(provider, visit)
    visit_once(provider, visit)
    asked = provider.wish(**ANA)
    assert (asked.count("/jwks"), asked.count(WELL_KNOWN)) == (1, 1)
    provider.stop()
    provider.start()
    provider.wish(**ANA)
    visit_once(provider, visit)
    assert provider.wish(**ANA).count("/jwks") == 1


@ON_ONE_DATABASE
def test_a_provider_that_is_down_is_told_and_recovers(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    browser = visit()
    provider.stop()
    try:
        assert "cannot be reached" in reason(browser, GO, 502)
        provider.start()
        back = way_back(provider, browser)
        provider.stop()
        assert "cannot be reached" in reason(browser, back, 502)
        assert browser.get(GO).status_code == 302  # what it said of itself is remembered
    finally:
        provider.start()
    provider.wish(**ANA)
    visit_once(provider, visit)


@ON_ONE_DATABASE
def test_a_provider_is_what_it_says_it_is(make_site: Sites, provider: Provider) -> None:
    visit = make_site()
    good = {
        "issuer": provider.issuer,
        "authorization_endpoint": f"{provider.issuer}/auth",
        "token_endpoint": f"{provider.issuer}/token",
        "jwks_uri": f"{provider.issuer}/jwks",
    }
    for body in (
        good | {"issuer": "https://evil.example"},
        good | {"token_endpoint": "ftp://127.0.0.1/"},
        good | {"jwks_uri": None},
        good | {"authorization_endpoint": "javascript:alert(1)"},
        {},
        [],
        "x" * 2_000_000,
    ):
        directory._directories.clear()
        provider.wish(lie={"path": WELL_KNOWN, "body": body})
        assert "cannot be understood" in reason(visit(), GO, 502), str(body)[:80]


@ON_ONE_DATABASE
def test_other_private_addresses_than_the_issuers_need_the_operators_word(make_site: Sites, provider: Provider) -> None:
    moved = {
        "issuer": provider.issuer,
        "authorization_endpoint": f"{provider.issuer}/auth",
        "token_endpoint": f"http://localhost:{provider.port}/token",
        "jwks_uri": f"{provider.issuer}/jwks",
        "authorization_response_iss_parameter_supported": True,
    }
    for allowed, status in (("", 502), ("localhost", 302)):
        visit = make_site(oidc_allowed_hosts=allowed)
        directory._directories.clear()
        provider.wish(lie={"path": WELL_KNOWN, "body": moved}, **ANA)
        browser = visit()
        assert browser.get(way_back(provider, browser)).status_code == status


@ON_ONE_DATABASE
def test_a_refusal_is_told_in_our_own_words(make_site: Sites, provider: Provider) -> None:
    browser = make_site()()
    provider.wish(refusal="access_denied")
    back = way_back(provider, browser)
    assert "access_denied" in back and "story" in back
    assert reason(browser, back, 400) == "The sign-in service did not let you in."


@ON_ONE_DATABASE
def test_no_code_token_or_secret_gets_into_the_log(
    make_site: Sites,
    provider: Provider,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visit = make_site(log_level="DEBUG")
    monkeypatch.setattr(single_sign_on, "logger", structlog.get_logger("not used before"))
    caplog.set_level("DEBUG")
    provider.wish(**ANA)
    good = visit()
    back = way_back(provider, good)
    assert good.get(back).status_code == 302
    provider.wish(lie={"alg": "none"}, **ANA)
    bad = visit()
    forged = way_back(provider, bad)
    reason(bad, forged, 400)
    written = capfd.readouterr()
    logged = written.out + written.err + caplog.text
    assert "id_token_" in logged
    for address in (back, forged):
        for name in ("code", "state"):
            assert parse_qs(urlsplit(address).query)[name][0] not in logged
    for secret in ("eyJ", "a client's secret", "ana@corp"):
        assert secret not in logged
