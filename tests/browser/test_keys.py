"""Everything by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.servers import AppServer


def test_the_keys_do_what_the_dialog_says(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, permissions=["clipboard-read", "clipboard-write"])
    page, keys = chat.page, chat.page.keyboard
    chat.send("Rain in April").ended()
    first = page.url
    keys.press("Alt+Shift+N")
    expect(page).to_have_url(re.compile(r"/chat/$"))
    chat.send("/slow 1000").says("tick 2 ")
    second = page.url
    keys.press("Alt+Shift+S")
    chat.ended("cancelled")
    keys.press("Alt+Shift+C")
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("tick 1 tick 2")
    keys.press("Alt+Shift+J")
    expect(page).to_have_url(first)
    keys.press("Alt+Shift+K")
    expect(page).to_have_url(second)
    keys.press("Alt+Shift+F")
    expect(page.get_by_role("searchbox")).to_be_focused()
    keys.press("Alt+Shift+M")
    expect(chat.box).to_be_focused()
    expect(chat.box).to_have_attribute("aria-keyshortcuts", "Alt+Shift+M")
    page.get_by_role("button", name="Close sidebar").click()
    keys.press("Alt+Shift+F")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_dialog_lists_the_keys_and_turns_them_off(chat: Chat) -> None:
    page, dialog = chat.page, chat.page.get_by_role("dialog", name="Keyboard")
    page.keyboard.type("why?")
    expect(chat.box).to_have_value("why?")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Alt+Shift+H")
    expect(dialog.get_by_text("Previous conversation")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("main").focus()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
    expect(dialog.get_by_text("Previous conversation")).to_be_hidden()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("?")
    page.keyboard.press("Alt+Shift+M")
    expect(dialog).to_be_hidden()
    expect(chat.box).not_to_be_focused()
    expect(chat.box).not_to_have_attribute("aria-keyshortcuts", re.compile("."))
