"""The marketplace in Chromium: an order is visible and its state changes, and its pages are fit for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

import chatapp.marketplace
from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.test_accessibility import has_no_violation
from tests.servers import AppServer

SAMPLE = Path(chatapp.marketplace.__file__).parent / "sample" / "catalogue.yaml"
ORDER = """
from chatapp.core import accounts
from chatapp.market import Draft
from chatapp.marketplace import catalogue, orders
ana = accounts.find_user("ana")
[cloud] = catalogue.search(ana, "Northern Cloud").items
size = {"flavor": "s1.small", "image": "Debian 13", "name": "fresh"}
placed = orders.place(ana, Draft(project_name="Web shop", offering_id=cloud.id, **size), "browser")
"""


@pytest.fixture(scope="module")
def site(start_server: Callable[..., AppServer]) -> AppServer:
    """With the sample catalogue, in which ana is staff."""
    site = settled(start_server(DEMO_CLOUD_PACE="0.7"))
    site.flask("marketplace", "import", str(SAMPLE), "--user", "ana")
    return site


@pytest.fixture
def page(as_ana: Callable[..., Chat], site: AppServer) -> Page:
    return as_ana(site).page


def test_an_order_is_seen_coming_into_being(page: Page, site: AppServer) -> None:
    site.flask("shell", input=ORDER)
    page.get_by_role("link", name="Resources").click()
    page.wait_for_url("**/resources/")  # until its scripts run: what is typed before is not heard
    row = page.get_by_role("row", name=re.compile("fresh"))
    expect(row.locator(".state")).to_have_text("Creating")
    with page.expect_response(lambda response: "q=fre" in response.url):  # asked when one has stopped typing
        page.get_by_label("Search").fill("fre")
    expect(row.locator(".state")).to_have_text("OK")
    expect(page.get_by_label("Search")).to_be_focused()  # the rows below it were replaced
    expect(page.locator("[data-changing]")).to_have_count(0)
    page.get_by_role("combobox", name="State", exact=True).select_option("Erred")
    expect(row).to_have_count(0)
    page.get_by_role("combobox", name="State", exact=True).select_option("OK")
    row.get_by_role("link", name="fresh").click()
    page.get_by_text("Terminate…").click()
    page.get_by_role("button", name="Terminate fresh").click()
    expect(page.get_by_role("heading", name="Terminate fresh")).to_be_visible()
    expect(page.locator(".live .state")).to_have_text("done")
    page.get_by_role("link", name="fresh").click()
    expect(page.locator(".state").first).to_have_text("Terminated")


def test_its_pages_are_fit_for_everybody(
    as_ana: Callable[..., Chat], window: Callable[..., BrowserContext], site: AppServer
) -> None:
    for size, scheme in (((1280, 860), "light"), ((390, 844), "dark")):
        viewport = {"width": size[0], "height": size[1]}
        page = as_ana(site, viewport=viewport, color_scheme=scheme, bypass_csp=True).page
        for name in ("resources", "orders", "projects", "catalogue", "ssh-keys", "manage/yaml"):
            page.goto(f"/{name}/")
            has_no_violation(page, f"market-{name.replace('/', '-')}-{scheme}")
        for name, link in (("catalogue", "Northern Cloud"), ("projects", "Web shop"), ("manage/flavor", "s1.small")):
            page.goto(f"/{name}/")
            page.get_by_role("link", name=link).first.click()
            page.wait_for_load_state()
            has_no_violation(page, f"market-{link.replace(' ', '-')}-{scheme}")
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
