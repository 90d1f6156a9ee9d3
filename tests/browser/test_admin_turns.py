"""An administrator looks into turns: from an answer to its timeline, its replay, and its receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.test_accessibility import has_no_violation
from tests.browser.test_account import fits
from tests.browser.test_layout import PHONE
from tests.servers import AppServer

ANSWER = '/tool calculate {"expression": "1 + 1"}\n**Two**, in a list:\n/slow 12'


def test_from_an_answer_to_its_receipt(as_ana: Callable[..., Chat], server: AppServer) -> None:
    dark: dict[str, Any] = PHONE | {"color_scheme": "dark", "bypass_csp": True}
    chat = as_ana(server, viewport={"width": 1280, "height": 860}, bypass_csp=True)
    chat.send(ANSWER).ended()
    chat.send("/slow 1000").says("tick 4")
    chat.stop_button.click()
    chat.ended("cancelled")
    page = chat.page
    page.get_by_role("link", name="Inspect").first.click()
    timeline = page.get_by_role("region", name="Timeline")
    expect(timeline.get_by_role("row", name="Tool calculate")).to_contain_text("success")
    expect(timeline.get_by_role("row", name="Model offline")).to_have_count(2)

    replay, shown = page.get_by_role("group", name="Replay"), page.locator(".replayed")
    expect(shown).to_contain_text("tick 12")
    replay.get_by_role("button", name="Play").press("Enter")
    expect(shown).not_to_contain_text("tick 12")
    expect(replay.get_by_role("button", name="Pause")).to_be_visible()
    replay.get_by_label("Speed").select_option("4")
    expect(shown).to_contain_text("tick 12")
    replay.get_by_role("button", name="Play").wait_for()
    final = shown.inner_html()
    position = replay.get_by_role("slider", name="Position")
    position.press("Home")
    expect(shown).to_have_text("")
    replay.get_by_role("button", name="Next").click()
    position.press("End")
    assert shown.inner_html() == final
    timeline.get_by_role("row", name="Tool calculate").get_by_role("button").click()
    expect(shown).not_to_contain_text("tick 1")
    page.get_by_text("Events (").click()
    expect(page.get_by_role("region", name="Events")).to_contain_text("tool-output-available")
    has_no_violation(page, "admin-turn")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download without texts").click()
    assert download.value.suggested_filename.endswith(".zip")

    page.get_by_role("link", name="Turns", exact=True).last.click()
    page.get_by_label("State").select_option("cancelled")
    page.get_by_role("button", name="Show").click()
    has_no_violation(page, "admin-turns")
    page.get_by_role("table").get_by_role("link").first.click()
    receipt = page.get_by_role("region", name="Receipt of the cancellation")
    expect(receipt).to_contain_text("Somebody clicked Stop")
    expect(receipt).to_contain_text("(estimated)")
    phone = as_ana(server, **dark).page
    for address in ("/admin/turns/", page.url.removeprefix(server.url)):
        phone.goto(address)
        fits(phone)
        has_no_violation(phone, f"admin-turns-phone-{len(address)}")


def test_without_script_the_events_stand_there(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server)
    chat.send("hello there").ended()
    href = chat.page.get_by_role("link", name="Inspect").get_attribute("href") or ""
    page = as_ana(server, java_script_enabled=False).open(href).page
    expect(page.locator(".replay")).to_be_hidden()
    page.get_by_text("Events (").click()
    expect(page.get_by_role("region", name="Events")).to_contain_text("You said: hello there")
