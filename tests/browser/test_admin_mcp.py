"""An administrator adds an MCP server, opens its tools, and the chat uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.test_accessibility import has_no_violation
from tests.browser.test_account import fits
from tests.browser.test_layout import PHONE
from tests.mcp.conftest import Running
from tests.mcp.server import TOKEN
from tests.servers import AppServer


@pytest.fixture(scope="module")
def tools() -> Iterator[Running]:
    running = Running("sse")
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def site(start_server: Callable[..., AppServer]) -> AppServer:
    """A site that may reach servers on this machine."""
    return settled(start_server(MCP_ALLOWED_HOSTS="127.0.0.1"))


def test_a_server_from_its_address_to_an_answer(as_ana: Callable[..., Chat], site: AppServer, tools: Running) -> None:
    options: dict[str, Any] = PHONE | {"color_scheme": "dark", "bypass_csp": True}
    chat = as_ana(site, viewport={"width": 1280, "height": 860}, bypass_csp=True)
    page = chat.page
    page.get_by_role("link", name="Administration").click()
    has_no_violation(page)
    page.get_by_role("link", name="MCP servers").click()
    page.get_by_role("button", name="Add a server").click()
    page.get_by_label("Name", exact=True).fill("Test tools")
    page.get_by_label("Prefix").fill("t")
    page.get_by_label("Address").fill(tools.url)
    page.get_by_label("Token").fill("wrong")
    page.get_by_label("Ask the person before every call").uncheck()
    has_no_violation(page, "admin-mcp-add")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("does not accept the token")
    page.get_by_label("Token", exact=False).first.fill(TOKEN)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="State")).to_contain_text("Works")
    page.get_by_role("button", name="Check now").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Check now")).to_be_enabled()
    page.get_by_label("Who may use t_echo").select_option("everybody")
    page.get_by_role("button", name="Save who may use them").click()
    expect(page.get_by_label("Who may use t_echo")).to_have_value("everybody")
    has_no_violation(page, "admin-mcp-server")
    phone = as_ana(site, **options).page
    for address in ("/admin/mcp/", "/admin/mcp/add/", page.url.split("#")[0].removeprefix(site.url)):
        phone.goto(address)
        fits(phone)
        has_no_violation(phone, f"admin-mcp-phone-{len(address)}")
    chat.open()
    chat.send('/tool t_add {"a": 1, "b": 2}').says("Tool t_add returned")
    page.goto("/admin/mcp/")
    page.get_by_role("link", name="Test tools").click()
    page.get_by_text("Remove this server…").click()
    page.get_by_role("button", name="Remove Test tools").click()
    expect(page.get_by_role("status").first).to_contain_text("removed")
