"""An administrator looks at what was used, limits it, decides how long things are kept, and how the system is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.console import Console
from tests.browser.test_accessibility import has_no_violation
from tests.browser.test_account import fits
from tests.browser.test_layout import PHONE
from tests.servers import AppServer

PAGES = ("usage", "quotas", "retention", "system")


@pytest.fixture(scope="module")
def site(start_server: Callable[..., AppServer]) -> AppServer:
    return settled(start_server(AI_ASSISTANT_TOKEN_LIMIT_DAILY="100000"))


def test_from_figures_to_limits_holds_and_the_system(
    as_ana: Callable[..., Chat], site: AppServer, console: Console
) -> None:
    console.expected = ("status of 400",)
    chat = as_ana(site, viewport={"width": 1280, "height": 860}, bypass_csp=True)
    chat.send("hello").ended()
    page = chat.page
    page.goto("/admin/usage/")
    look_at_usage(page)
    limit(page)
    keep(page)
    look_at_the_system(page)


def test_in_the_dark_and_on_a_phone(as_ana: Callable[..., Chat], site: AppServer) -> None:
    chat = as_ana(site, **(PHONE | {"color_scheme": "dark", "bypass_csp": True}))
    chat.send("hello").ended()
    for name in PAGES:
        chat.page.goto(f"/admin/{name}/")
        fits(chat.page)
        has_no_violation(chat.page, f"admin-{name}")


def look_at_usage(page: Page) -> None:
    expect(page.locator(".tiles")).to_contain_text("1 complete")
    chart = page.get_by_role("region", name="Tokens", exact=True)
    expect(chart.get_by_role("img")).to_be_visible()
    chart.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(chart.get_by_role("row")).to_have_count(31)
    has_no_violation(page, "admin-usage")
    page.get_by_role("link", name="The last 7 days").click()
    expect(page.locator(".bars").first.locator("g")).to_have_count(7)
    with page.expect_download() as download:
        page.get_by_role("link", name="All of them as CSV").first.click()
    assert download.value.suggested_filename.startswith("usage-models-")
    page.get_by_role("region", name="By person", exact=True).get_by_role("link", name="ana").click()
    expect(page.locator(".scope")).to_contain_text("Only what ana asked")


def limit(page: Page) -> None:
    page.get_by_role("link", name="Quotas").click()
    has_no_violation(page, "admin-quotas")
    page.get_by_role("link", name="ana").click()
    page.get_by_label("A week").fill("lots")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("A whole number of tokens")).to_be_visible()
    has_no_violation(page, "admin-quota")
    page.get_by_label("A week").fill("5000")
    page.get_by_role("button", name="Save limits").click()
    expect(page.locator(".tile", has_text="Week")).to_contain_text("5,000")


def keep(page: Page) -> None:
    page.get_by_role("link", name="Retention").click()
    page.get_by_label("Days: Staff, not flagged").fill("30")
    page.get_by_role("button", name="What would go now?").click()
    expect(page.locator("#due")).to_contain_text("Nothing would go")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("These rules hold")
    page.get_by_label("User name, or id").fill("ana")
    page.get_by_label("Reason").fill("Case 12")
    page.get_by_role("button", name="Place the hold").click()
    expect(page.locator("#holds")).to_contain_text("Everything of ana")
    has_no_violation(page, "admin-retention")
    page.goto("/admin/retention/")
    page.get_by_text("Lift…").click()
    page.get_by_role("button", name="Lift this hold").click()
    expect(page.locator("#holds")).to_contain_text("Nothing is held")


def look_at_the_system(page: Page) -> None:
    page.get_by_role("link", name="System", exact=True).click()
    expect(page.get_by_role("heading", name="Database")).to_contain_text("Up to date")
    page.get_by_role("button", name="Ask them now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reach")).to_contain_text("Reached")
    has_no_violation(page, "admin-system")
