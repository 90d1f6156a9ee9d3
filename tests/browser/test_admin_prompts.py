"""An administrator writes a system prompt, tries it, gives it to some, then to all, changes it and takes that back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.chat import Chat
from tests.browser.test_accessibility import has_no_violation
from tests.browser.test_account import fits
from tests.browser.test_layout import PHONE
from tests.servers import AppServer


def test_a_prompt_from_the_first_word_to_the_way_back(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, viewport={"width": 1280, "height": 860}, bypass_csp=True)
    page = chat.page
    page.goto("/admin/prompts/")
    page.get_by_role("button", name="Write a prompt").click()
    page.get_by_label("Name").fill("House style")
    page.get_by_label("Instructions").fill("You speak for {organization}.\nBe brief.\nKeep {this} as it is.")
    preview = page.get_by_role("region", name="What the model is told")
    expect(preview).to_contain_text("You speak for chatapp.")
    expect(preview).to_contain_text("is no placeholder")
    page.get_by_label("Role of the person who asks").select_option("support")
    expect(preview).to_contain_text("supports the users of this site")
    page.get_by_role("button", name="Save", exact=True).click()
    _is_told(page, "Nobody gets it yet")
    address = page.url.removeprefix(server.url)

    page.get_by_role("button", name="Try it in a chat of your own").click()
    expect(page.get_by_role("note").first).to_contain_text("This is a trial")
    chat.send("hello").says("You said: hello")
    has_no_violation(page)
    page.get_by_role("link", name="a version of a system prompt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("House style, version 1")
    tried = page.url.removeprefix(server.url)

    page.goto(address)
    page.get_by_label("Share of new conversations").fill("20")
    page.get_by_role("button", name="Set share").click()
    _is_told(page, "It gets 20 % of new conversations")
    page.get_by_role("button", name="Activate for everybody").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#use-title")).to_contain_text("Active")

    page.get_by_label("Instructions").fill(
        "You speak for {organization}.\nBe very brief.\nKeep {this} as it is.\nBe kind."
    )
    page.get_by_role("button", name="Save", exact=True).click()
    _is_told(page, "The prompt is saved.")
    has_no_violation(page, "admin-prompts-prompt")
    page.get_by_role("link", name="Changes in version 2").click()
    expect(page.locator("tr.added ins")).to_have_text(["very"])
    has_no_violation(page, "admin-prompts-compare")
    compared = page.url.removeprefix(server.url)
    page.get_by_role("link", name="Version 1").click()
    page.get_by_role("button", name="Roll back to this version").click()
    _is_told(page, "It says again what version 1 said")
    expect(page.get_by_label("Instructions")).to_have_value(
        "You speak for {organization}.\nBe brief.\nKeep {this} as it is."
    )

    dark: dict[str, Any] = PHONE | {"color_scheme": "dark", "bypass_csp": True}
    phone = as_ana(server, **dark).page
    for number, path in enumerate(("/admin/prompts/", address, tried, compared)):
        phone.goto(path)
        fits(phone)
        has_no_violation(phone, f"admin-prompts-dark-{number}")

    page.get_by_text("Delete this prompt…").click()
    page.get_by_role("button", name="Delete House style").click()
    _is_told(page, "The prompt is deleted.")


def _is_told(page: Page, words: str) -> None:
    expect(page.get_by_role("status").first).to_contain_text(words)
