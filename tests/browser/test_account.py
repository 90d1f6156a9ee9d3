"""The account page, shared conversations and exports in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.test_layout import PHONE, SCREENSHOTS, SIZES
from tests.people import PASSWORD
from tests.servers import AppServer

WIDTHS = "() => [document.documentElement.scrollWidth, innerWidth]"


@pytest.fixture(scope="module")
def site(start_server: Callable[..., AppServer]) -> AppServer:
    """A site on which whoever has a link reads, and on which nobody else changes ana's theme."""
    return settled(start_server(SHARING="anyone"))


@pytest.fixture
def mine(as_ana: Callable[..., Chat], site: AppServer) -> Page:
    """A conversation of ana with a diagram, code and a formula."""
    chat = as_ana(site)
    chat.send("Draw a diagram of a login flow").ended()
    chat.send("Write a Python function that adds two numbers").ended()
    return chat.page


def fits(page: Page) -> None:
    wide, window = page.evaluate(WIDTHS)
    assert wide <= window


def share(page: Page, **fields: str) -> str:
    """Through the menu of the conversation; the address of the new link."""
    page.get_by_role("navigation", name="Conversations").get_by_role("button", name="Options").first.click()
    page.get_by_role("menuitem", name="Share or export").click()
    for label, text in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(text)
    page.get_by_role("button", name="Make a link").click()
    return page.locator("#new-link code").inner_text()


def test_a_theme_is_there_before_any_script(as_ana: Callable[..., Chat], site: AppServer) -> None:
    page = as_ana(site, color_scheme="light").page
    page.get_by_role("link", name="Account").click()
    page.get_by_role("radio", name="Dark").check()
    page.get_by_label("Language of dates").select_option(label="Français")
    page.get_by_role("button", name="Save appearance").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/chat/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(31, 30, 29)"
    page.goto("/account/")
    page.get_by_role("radio", name="As the system").check()
    page.get_by_role("button", name="Save appearance").click()
    expect(page.locator("html:not([data-theme])")).to_have_count(1)


def test_two_steps_to_sign_in(window: Callable[..., BrowserContext], site: AppServer) -> None:
    site.flask("user", "create", "bea", "--password", PASSWORD)
    page = window(site, **PHONE, permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto("/account/")
    enter(page)
    page.get_by_role("link", name="Set up").click()
    assert page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth === image.width")
    fits(page)
    app = pyotp.TOTP(page.locator("code.totp-key").inner_text().replace(" ", ""))
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("The code that the app shows now").fill(app.now())
    page.get_by_role("button", name="Turn on").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#status")).to_have_text("Copied")
    codes = page.evaluate("navigator.clipboard.readText()").split()
    assert len(codes) == 10
    other = window(site, **PHONE).new_page()
    other.goto("/account/")
    enter(other)
    expect(other.get_by_label("Code from your app")).to_be_focused()
    other.get_by_text("I do not have the app here").click()
    other.get_by_label("One of your recovery codes").fill(codes[0])
    other.get_by_role("button", name="Sign in with this code").click()
    sessions = other.get_by_role("region", name="Where you are signed in")
    expect(sessions.get_by_text("Chrome on Linux")).to_have_count(2)
    fits(other)
    sessions.get_by_role("button", name="Sign out everywhere else").click()
    expect(sessions.get_by_text("Chrome on Linux")).to_have_count(1)
    page.goto("/account/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def enter(page: Page) -> None:
    page.get_by_label("User name").fill("bea")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_token_is_shown_once(as_ana: Callable[..., Chat], site: AppServer) -> None:
    page = as_ana(site, permissions=["clipboard-read", "clipboard-write"]).open("/account/").page
    page.get_by_label("What is the new token for?").fill("Nightly")
    page.get_by_role("button", name="Create token").click()
    secret = page.locator("#new-token code").inner_text()
    page.locator("#new-token").get_by_role("button", name="Copy").click()
    expect(page.locator("#status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    asked = page.request.get("/api/chat-threads/", headers={"Authorization": f"Token {secret}"})
    assert asked.ok
    page.goto("/account/")
    expect(page.locator("body")).not_to_contain_text(secret)
    page.get_by_role("button", name="Revoke Nightly").click()
    expect(page.get_by_text("The token no longer opens anything.")).to_be_visible()
    assert page.request.get("/api/chat-threads/", headers={"Authorization": f"Token {secret}"}).status == 401


def test_a_link_opens_in_another_browser_until_it_is_revoked(
    mine: Page, window: Callable[..., BrowserContext], site: AppServer, console: Any
) -> None:
    console.expected = ("404",)
    address = share(mine, Show_my_name="Ana A.")
    other = window(site, **PHONE).new_page()
    other.goto(address)
    expect(other.get_by_role("article")).to_have_count(4)
    expect(other.get_by_text("Shared by Ana A.")).to_be_visible()
    expect(other.locator("mermaid-diagram iframe").content_frame.locator("svg").first).to_be_visible()
    other.get_by_role("button", name="Wrap").click()
    expect(other.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "true")
    fits(other)
    mine.get_by_role("button", name="Revoke").first.click()
    expect(mine.get_by_text("The link no longer opens anything.")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Not found")).to_be_visible()


def test_a_printed_page_has_every_diagram_drawn(mine: Page) -> None:
    mine.goto(mine.url + "print/")
    expect(mine.get_by_role("button", name="Print")).to_be_visible()
    expect(mine.locator("mermaid-diagram iframe").content_frame.locator("svg").first).to_be_attached()
    mine.emulate_media(media="print")
    expect(mine.get_by_role("button", name="Copy").first).to_be_hidden()
    expect(mine.get_by_role("link", name="Back to the conversation")).to_be_hidden()
    assert mine.pdf().startswith(b"%PDF")


def test_a_file_is_the_same_from_a_disk(mine: Page, window: Callable[..., BrowserContext], site: AppServer) -> None:
    requests: list[str] = []
    share(mine)
    with mine.expect_download() as download:
        mine.get_by_role("link", name="Web page").click()
    page = window(site).new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.goto(Path(download.value.path()).rename(Path(download.value.path()).with_suffix(".html")).as_uri())
    expect(page.get_by_role("article")).to_have_count(4)
    expect(page.locator(".block-code .k").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.bubble')).whiteSpace") == "pre-wrap"
    assert len(requests) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_beside_the_chat_look_right(as_ana: Callable[..., Chat], site: AppServer, size: str, scheme: str) -> None:
    chat = as_ana(site, color_scheme=scheme, **SIZES[size])
    chat.send("Write a Python function that adds two numbers").ended()
    thread = chat.page.url
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name, address in (("account", "/account/"), ("share", f"{thread}share/"), ("print", f"{thread}print/")):
        chat.page.goto(address)
        fits(chat.page)
        chat.page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}.png", full_page=True)
