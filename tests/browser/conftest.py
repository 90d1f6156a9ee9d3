"""One server and one Chromium; a window per test that must not complain in its console."""

from __future__ import annotations

import http.cookiejar
import shutil
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from bench.messages_server import MessagesServer
from tests.browser.chat import PATIENCE, Chat
from tests.browser.console import Console
from tests.people import PASSWORD
from tests.servers import AppServer, missing

CHROMIUM = Path("/usr/bin/chromium")
TICK = 0.05

CALM = {"reduced_motion": "reduce"}  # without a graphics card an animation costs as much as a test
sessions: dict[str, http.cookiejar.Cookie] = {}  # of ana, by server

expect.set_options(timeout=PATIENCE)


def settled(server: AppServer) -> AppServer:
    """The server, with ana as its first user and her session kept."""
    form = {"username": "ana", "full_name": "Ana Almond", "password": PASSWORD}
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    browser.open(f"{server.url}/first-administrator/", urllib.parse.urlencode(form).encode()).close()
    (sessions[server.url],) = (cookie for cookie in cookies if cookie.name == "vai_token")
    return server


@pytest.fixture(scope="session")
def start_server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., AppServer]]:
    """Starts the product on a database of its own that has no users."""
    started: list[AppServer] = []

    def start(**environ: str) -> AppServer:
        folder = tmp_path_factory.mktemp("instance")
        shutil.copy(migrated_sqlite, folder / "chatapp.db")
        paces = {"OFFLINE_TICK": str(TICK), "OFFLINE_PACE": "0.02"}
        started.append(AppServer({"INSTANCE_PATH": str(folder), "SECRET_KEY": "tests", **paces, **environ}))
        return started[-1].start()

    yield start
    for server in started:
        server.kill()


@pytest.fixture(scope="session")
def server(start_server: Callable[..., AppServer]) -> AppServer:
    """The product with the offline model and user ana."""
    return settled(start_server())


@pytest.fixture(scope="session")
def service() -> Iterator[MessagesServer]:
    """A model service that answers what a test wants."""
    with MessagesServer() as service:
        yield service


@pytest.fixture(scope="session")
def served(start_server: Callable[..., AppServer], service: MessagesServer) -> AppServer:
    """The product with `service` as its model and user ana."""
    return settled(start_server(PROVIDER="anthropic", ANTHROPIC_API_KEY="key", ANTHROPIC_BASE_URL=service.url))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing("Chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def console() -> Iterator[Console]:
    """Fails the test for every complaint that is not among `expected`."""
    console = Console()
    yield console
    assert console.surprises == []


@pytest.fixture
def window(browser: Browser, console: Console) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a window with cookies of its own on a server."""
    contexts: list[BrowserContext] = []

    def open_window(server: AppServer, **options: Any) -> BrowserContext:
        context = browser.new_context(base_url=server.url, **CALM | options)
        context.on("page", console.watch)
        contexts.append(context)
        return context

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def as_ana(window: Callable[..., BrowserContext]) -> Callable[..., Chat]:
    """Opens the chat in a window in which ana has signed in and accepted the notice before first use."""

    def open_chat(server: AppServer, **options: Any) -> Chat:
        context, cookie = window(server, **options), sessions[server.url]
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": server.url}])
        return Chat(context.new_page()).accept_disclosure(server.url).open()

    return open_chat


@pytest.fixture
def chat(as_ana: Callable[..., Chat], server: AppServer) -> Chat:
    """A new chat of ana."""
    return as_ana(server)
