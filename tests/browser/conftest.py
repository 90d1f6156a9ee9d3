"""One server and one Chromium; a window per test that must not complain in its console."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, expect, sync_playwright

from bench.messages_server import MessagesServer
from tests.browser.chat import Chat
from tests.people import PASSWORD
from tests.servers import AppServer, missing

CHROMIUM = Path("/usr/bin/chromium")
TICK = 0.05
HERE = Path(__file__).parent

expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


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
    server = start_server()
    server.flask("user", "create", "ana", "--password", PASSWORD, "--full-name", "Ana Almond")
    return server


@pytest.fixture(scope="session")
def service() -> Iterator[MessagesServer]:
    """A model service that answers what a test wants."""
    with MessagesServer() as service:
        yield service


@pytest.fixture(scope="session")
def served(start_server: Callable[..., AppServer], service: MessagesServer) -> AppServer:
    """The product with `service` as its model and user ana."""
    server = start_server(PROVIDER="anthropic", ANTHROPIC_API_KEY="key", ANTHROPIC_BASE_URL=service.url)
    server.flask("user", "create", "ana", "--password", PASSWORD, "--full-name", "Ana Almond")
    return server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing("Chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Console:
    """What the windows of a test complained about: errors of scripts, the content security policy, the network."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def surprises(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.expected)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


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
        context = browser.new_context(base_url=server.url, **options)
        context.on("page", console.watch)
        contexts.append(context)
        return context

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def sessions() -> dict[str, StorageState]:
    """The cookies of ana by server, so that she signs in once."""
    return {}


@pytest.fixture
def as_ana(window: Callable[..., BrowserContext], sessions: dict[str, StorageState]) -> Callable[..., Chat]:
    """Opens the chat in a window in which ana has signed in."""

    def open_chat(server: AppServer, **options: Any) -> Chat:
        if server.url not in sessions:
            sessions[server.url] = Chat(window(server).new_page()).sign_in("ana").page.context.storage_state()
        return Chat(window(server, storage_state=sessions[server.url], **options).new_page()).open()

    return open_chat


@pytest.fixture
def chat(as_ana: Callable[..., Chat], server: AppServer) -> Chat:
    """A new chat of ana."""
    return as_ana(server)


@pytest.fixture(scope="session", autouse=True)
def _in_ci_nothing_is_skipped() -> None:
    assert CHROMIUM.exists() or os.environ.get("CI") != "true", "apt-get install chromium"
