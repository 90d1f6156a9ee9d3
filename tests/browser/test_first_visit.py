"""An empty installation, from the first look to the first answer."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import AppServer, wait_until


@pytest.fixture(scope="module")
def empty(start_server: Callable[..., AppServer]) -> AppServer:
    return start_server()


def test_who_comes_through_a_proxy_finds_the_code_in_the_log(empty: AppServer) -> None:
    request = urllib.request.Request(f"{empty.url}/first-administrator/", headers={"X-Forwarded-For": "203.0.113.9"})
    with urllib.request.urlopen(request) as response:
        assert "One-time code" in response.read().decode()
    assert wait_until(lambda: re.search(r"first_administrator.code.*code=[0-9a-f]{12}", empty.log.read_text()))


def test_the_first_visitor_becomes_the_administrator(
    window: Callable[..., BrowserContext], empty: AppServer, console: Console
) -> None:
    console.expected = ("status of 400",)
    page = window(empty).new_page()
    page.goto("/")
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.get_by_label("User name")).to_be_focused()
    page.get_by_label("User name").fill("root")
    page.get_by_label("Full name").fill("Rut Root")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_role("alert")).to_have_text("A password has at least 8 characters.")
    expect(page.get_by_label("Full name")).to_have_value("Rut Root")
    page.get_by_label("Password").fill("long enough")
    page.get_by_role("button", name="Create administrator").click()
    chat = Chat(page)
    expect(page.get_by_role("heading", name="Before you begin")).to_be_visible()
    expect(chat.box).to_have_count(0)
    page.get_by_role("button", name="I understand").click()
    expect(page.get_by_role("heading", name="Hello, Rut")).to_be_visible()
    expect(chat.box).to_be_focused()
    chat.send("Hello").ended()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("User name").fill("root")
    page.get_by_label("Password").fill("wrong one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type("long enough")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Hello")).to_be_visible()
