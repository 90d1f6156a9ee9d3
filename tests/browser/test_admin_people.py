"""An administrator invites somebody, looks after them, and somebody else comes from a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.console import Console
from tests.browser.test_accessibility import has_no_violation
from tests.browser.test_account import fits
from tests.browser.test_layout import PHONE
from tests.oidc.running import SECRET, Provider
from tests.servers import AppServer

DARK: dict[str, Any] = PHONE | {"color_scheme": "dark", "bypass_csp": True}
NEW = "a longer secret"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def site(start_server: Callable[..., AppServer], provider: Provider) -> AppServer:
    """A site where people sign in with passwords and at the provider."""
    named = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": "chat", "OIDC_CLIENT_SECRET": SECRET}
    server = settled(start_server(**named, OIDC_SUPPORT_GROUPS="helpers", OIDC_LABEL="Example ID"))
    provider.site = server.url
    provider.start()
    provider.wish("eve-1", preferred_username="eve", name="Eve Elm", groups=["helpers"])
    return server


def test_somebody_is_invited_and_looked_after(
    as_ana: Callable[..., Chat], window: Callable[..., BrowserContext], console: Console, site: AppServer
) -> None:
    console.expected = ("400 (BAD REQUEST)",)
    page = as_ana(site, viewport={"width": 1280, "height": 860}, bypass_csp=True).open("/admin/people/").page
    page.get_by_role("button", name="Invite by a link").click()
    expect(page.get_by_text("Here will stand the invitations")).to_be_visible()
    page.get_by_label("Whom do you invite?").fill("Dora from sales")
    page.get_by_role("radio", name="Support").check()
    page.get_by_role("button", name="Make an invitation").click()
    has_no_violation(page, "admin-invitations")
    dora = window(site, **DARK).new_page()
    dora.goto(page.locator("#new-link code").inner_text())
    has_no_violation(dora, "invitation")
    dora.get_by_label("User name").fill("dora")
    dora.get_by_label("Full name").fill("Dora " + "Drachenzähmerin" * 5)
    dora.get_by_label("Password").fill(NEW)
    dora.get_by_role("button", name="Create my account").click()
    expect(dora.get_by_role("button", name="I understand")).to_be_visible()
    looked_after(page, dora)
    for address in ("/admin/people/", "/admin/people/new/", page.url.partition("#")[0].removeprefix(site.url)):
        phone = as_ana(site, **DARK).open(address).page
        fits(phone)
        has_no_violation(phone, f"admin-people-phone-{len(address)}")


def looked_after(page: Page, dora: Page) -> None:
    """From the list to her page; what is done there holds in her browser."""
    page.goto("/admin/people/")
    page.get_by_label("Name or email").fill("drachen")
    page.get_by_label("Name or email").press("Enter")
    expect(page.get_by_text("1 person")).to_be_visible()
    has_no_violation(page, "admin-people")
    page.get_by_role("link", name="Dora").click()
    page.get_by_label("A day").fill("-5")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_label("A day")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("A day").fill("1000")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_role("status").first).to_contain_text("limits")
    page.get_by_role("radio", name="Staff").check()
    page.get_by_role("button", name="Save role").click()
    dora.goto("/admin/people/")  # what she may do has changed: she signs in again
    dora.get_by_label("User name").fill("dora")
    dora.get_by_label("Password").fill(NEW)
    dora.get_by_role("button", name="Sign in").click()
    expect(dora.get_by_role("heading", name="People")).to_be_visible()
    page.get_by_role("button", name="Make a link").click()
    has_no_violation(page, "admin-person")
    dora.goto(page.locator("#new-link code").inner_text())
    has_no_violation(dora, "choose-password")
    dora.get_by_label("New password", exact=True).fill(NEW + "!")
    dora.get_by_label("New password again").fill(NEW + "!")
    dora.get_by_role("button", name="Save and sign in").click()
    expect(dora.get_by_role("button", name="I understand")).to_be_visible()
    page.get_by_text("Disable this account…").click()
    page.get_by_role("button", name="Disable dora").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Disabled")
    dora.goto("/chat/")
    expect(dora.get_by_role("heading", name="Sign in")).to_be_visible()


def test_somebody_comes_from_the_provider_and_goes_back(
    window: Callable[..., BrowserContext], console: Console, site: AppServer, provider: Provider
) -> None:
    of_the_provider = ("ERR_NAME_NOT_RESOLVED", "404 (Not Found)")  # its font and its icon
    console.expected = ("400 (BAD REQUEST)", *of_the_provider)
    page = window(site, **DARK).new_page()
    page.goto("/sign-in/")
    has_no_violation(page, "sign-in-provider")
    page.get_by_role("link", name="Continue with Example ID").click()
    page.get_by_role("button", name="I understand").click()
    page.goto("/account/")
    expect(page.get_by_text("You sign in with Example ID.")).to_be_visible()
    has_no_violation(page, "account-provider")
    page.goto("/chat/")
    page.get_by_role("button", name="Open sidebar").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{site.url}/sign-in/")
    assert "/session/end/confirm" in provider.wish()
    page.goto("/sign-in/provider/back/?state=forged")
    has_no_violation(page, "sign-in-failed")
    expect(page.get_by_role("alert")).to_contain_text("not begun in this browser")
