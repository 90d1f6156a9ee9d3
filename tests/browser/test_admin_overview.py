"""The first page of the administration and the way from it, on a phone as on a desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.test_accessibility import DESKTOP, has_no_violation
from tests.browser.test_account import fits
from tests.browser.test_layout import PHONE
from tests.servers import AppServer


def test_the_menu_leads_on_from_the_overview(as_ana: Callable[..., Chat], server: AppServer) -> None:
    dark: dict[str, Any] = PHONE | {"color_scheme": "dark", "bypass_csp": True}
    phone = as_ana(server, **dark).page
    phone.goto("/admin/")
    has_no_violation(phone, "admin-overview-phone")
    entry = phone.get_by_role("navigation", name="Administration").get_by_role("link", name="Audit")
    expect(entry).to_be_hidden()
    phone.get_by_text("Administration: Overview").click()
    has_no_violation(phone, "admin-menu-phone")
    fits(phone)
    entry.click()
    expect(phone.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    expect(phone.get_by_text("Administration: Audit")).to_be_visible()

    page = as_ana(server, viewport=DESKTOP, bypass_csp=True).page
    page.goto("/admin/")
    has_no_violation(page, "admin-overview")
    expect(page.get_by_text("Administration: Overview")).to_be_hidden()
    page.get_by_role("link", name="Waiting for a decision").click()
    expect(page.get_by_role("heading", name="Flagged", exact=True)).to_be_visible()
    entries = page.get_by_role("navigation", name="Administration").get_by_role("link")
    expect(entries.first).to_be_visible()
    expect(entries).to_have_count(14)
