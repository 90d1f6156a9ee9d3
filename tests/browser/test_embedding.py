"""The chat in a frame of another page, put there by its launcher."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.console import Console
from tests.servers import AppServer, free_port

POLICY = "default-src 'none'; script-src {chat}; frame-src {chat}; style-src 'none'"
PAGE = '<!DOCTYPE html><title>Portal</title><h1>Portal</h1><script src="{chat}/static/js/launcher.js" defer></script>'


class Portal:
    """A page of another origin, with a strict policy of its own."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.chat = ""

    def serve(self) -> ThreadingHTTPServer:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = PAGE.format(chat=portal.chat).encode() if self.path == "/" else b""
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Security-Policy", POLICY.format(chat=portal.chat))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return ThreadingHTTPServer(("127.0.0.1", int(self.url.rsplit(":", 1)[1])), Handler)


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    portal = Portal()
    with portal.serve() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield portal
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def embedded(start_server: Callable[..., AppServer], portal: Portal) -> AppServer:
    server = settled(start_server(EMBED_ORIGINS=portal.url))
    portal.chat = server.url
    return server


@pytest.fixture(autouse=True)
def told_by_the_browser(console: Console) -> None:
    """A frame of another site may not take the focus by itself."""
    console.expected = ("autofocusing",)


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title=Chat]")


def test_the_launcher_shows_what_is_new(as_ana: Callable[..., Chat], embedded: AppServer, portal: Portal) -> None:
    page = as_ana(embedded).page
    page.goto(portal.url)
    launcher = page.get_by_role("button", name="Chat")
    chat = frame(page)
    launcher.click()
    box = chat.get_by_role("textbox", name="Message")
    box.fill("/slow 90")
    box.press("Enter")
    expect(chat.locator("article[data-role=assistant]")).to_contain_text("tick 2 ")
    chat.get_by_role("button", name="Close chat").click()
    expect(box).to_be_hidden()
    expect(launcher).to_be_focused()
    expect(page.get_by_role("button", name="Chat, new answer")).to_be_visible()
    launcher.click()
    expect(chat.locator("article[data-role=assistant]")).to_contain_text("tick 90")
    expect(page.get_by_role("button", name="Chat", exact=True)).to_be_visible()


def test_the_drawer_becomes_wide_and_narrow(as_ana: Callable[..., Chat], embedded: AppServer, portal: Portal) -> None:
    page = as_ana(embedded).page
    page.goto(portal.url)
    page.get_by_role("button", name="Chat").click()
    drawer = page.locator("iframe")
    expand = frame(page).get_by_role("button", name="Expand")
    expect(drawer).to_have_css("width", "800px")
    expand.click()
    expect(drawer).to_have_css("width", "1280px")
    expect(expand).to_have_attribute("aria-pressed", "true")
    expand.click()
    expect(drawer).to_have_css("width", "800px")
    frame(page).get_by_role("button", name="New chat").first.click()
    expect(frame(page).get_by_role("heading", name="Hello, Ana")).to_be_visible()


def test_a_page_that_is_not_allowed_gets_nothing(
    as_ana: Callable[..., Chat], server: AppServer, portal: Portal, embedded: AppServer, console: Console
) -> None:
    console.expected = ("frame-ancestors", "postMessage")
    page = as_ana(server).page
    portal.chat = server.url
    try:
        page.goto(portal.url)
        page.get_by_role("button", name="Chat").click()
        expect(frame(page).get_by_role("textbox", name="Message")).to_have_count(0)
        assert any("frame-ancestors" in text for text in console.complaints)
    finally:
        portal.chat = embedded.url
