"""Automations in Chromium: saved from a conversation, inspected, run past a gate, and fit for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chat import Chat
from tests.browser.test_accessibility import DESKTOP, PHONE, has_no_violation
from tests.servers import AppServer

WORK = """/tool calculate {"expression": "19 * 3"}
/tool current_time
/tool rename_thread {"title": "Moon base"}"""
ALLOW = """async turn => {
  const path = `/api/v1/chat/turns/${turn}`;
  const told = await (await fetch(`${path}/stream`)).text();
  const body = JSON.stringify({ approvalId: /"approvalId":"([^"]+)"/.exec(told)[1], approved: true });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${path}/approvals`, { method: "POST", headers, body });
  return answer.status;
}"""


def saved(chat: Chat) -> Page:
    """The page of an automation that was made from the menu of a conversation."""
    page = chat.page
    chat.send(WORK)
    expect(chat.answer).to_have_attribute("data-turn-id", re.compile("."))
    turn = chat.answer.get_attribute("data-turn-id")
    assert page.evaluate(ALLOW, turn) == 200
    chat.ended()
    entry = page.locator(".thread[data-automatable]").first
    expect(entry).to_be_attached()
    entry.hover()
    entry.get_by_role("button", name="Options").click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Save as automation")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/automations/"))
    return page


def test_what_was_done_in_a_conversation_is_done_again(
    as_ana: Callable[..., Chat], window: Callable[..., BrowserContext], server: AppServer
) -> None:
    page = saved(Chat(window(server, bypass_csp=True, viewport=DESKTOP).new_page()).sign_in("ana"))
    expect(page.locator("mermaid-diagram iframe")).to_be_visible()
    page.get_by_role("button", name="Source").click()
    expect(page.locator(".mermaid-source")).to_contain_text("s1 --> s2")
    page.get_by_role("button", name="Source").click()
    has_no_violation(page, "automation-light")
    addresses = [page.url]

    page.get_by_role("button", name="Run…").click()
    page.get_by_label("Expression").fill("19 * 4")
    has_no_violation(page, "automation-form-light")
    addresses.append(page.url)
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_label("Reason").fill("as agreed")  # which comes without reloading
    expect(page.get_by_text("19 * 4 = 76")).to_be_visible()
    has_no_violation(page, "automation-gate-light")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("4 of 4 steps done")).to_be_visible()
    expect(page.locator("[data-changing]")).to_have_count(0)
    page.get_by_text("Data", exact=True).first.click()
    expect(page.get_by_text('"result": 76')).to_be_visible()
    expect(page.get_by_text("Reason: as agreed")).to_be_visible()
    has_no_violation(page, "automation-run-light")
    addresses += [page.url, "/automations/"]

    dark = as_ana(server, bypass_csp=True, viewport=PHONE, color_scheme="dark").page
    for address in addresses:
        dark.goto(address)
        has_no_violation(dark, f"automation-{addresses.index(address)}-dark")
        assert dark.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), address


def test_it_is_saved_and_run_without_scripts(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, java_script_enabled=False)
    page = chat.page
    chat.box.fill('/tool calculate {"expression": "2 + 3"}')
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Tool calculate returned")).to_be_visible()
    page.get_by_role("button", name="Options").first.click()
    page.get_by_role("button", name="Save as automation").click()
    page.get_by_role("button", name="Run…").click()
    page.get_by_label("Expression").fill("2 + 4")
    page.get_by_role("button", name="Run", exact=True).click()
    look = page.get_by_role("button", name="Look again")
    while not page.get_by_text("1 of 1 steps done").is_visible():
        look.click()
    expect(page.get_by_text("2 + 4 = 6")).to_be_visible()
