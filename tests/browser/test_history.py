"""The history in Chromium: found, renamed, put away and taken back; true in every window."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.test_layout import PHONE, SCREENSHOTS, SIZES, fits
from tests.servers import AppServer


class History:
    """The list beside the conversation."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.list = page.get_by_role("navigation", name="Conversations")
        self.search = page.get_by_role("searchbox", name="Search conversations")
        self.menu = page.get_by_role("menu")
        self.undo = page.get_by_role("button", name="Undo")
        self.name = page.get_by_role("textbox", name="New name")

    def entry(self, name: str) -> Locator:
        return self.list.get_by_role("link", name=name)

    def options(self, name: str) -> Locator:
        return self.list.get_by_role("button", name="Options", description=name)

    def choose(self, name: str, action: str) -> None:
        self.options(name).focus()
        self.page.keyboard.press("Enter")
        self.menu.get_by_role("menuitem", name=action, exact=True).click()


def look(chat: Chat) -> None:
    """Ask for news now: nobody waits for a page's next question."""
    chat.page.evaluate("() => dispatchEvent(new Event('online'))")


@pytest.fixture
def past(chat: Chat) -> Callable[..., History]:
    """Has these conversations, and a new chat open."""

    def begin(*names: str) -> History:
        for name in names:
            chat.open().send(name).ended()
        chat.open()
        return History(chat.page)

    return begin


def test_an_entry_is_renamed_where_it_stands(past: Callable[..., History]) -> None:
    history = past("Rename me")
    keys = history.page.keyboard
    history.choose("Rename me", "Rename")
    expect(history.name).to_be_focused()
    keys.type("Not this")
    keys.press("Escape")
    expect(history.entry("Rename me")).to_be_visible()
    expect(history.options("Rename me")).to_be_focused()
    history.choose("Rename me", "Rename")
    keys.type("Umbrellas <b>")
    keys.press("Enter")
    expect(history.entry("Umbrellas <b>")).to_be_visible()
    history.page.reload()
    expect(history.entry("Umbrellas <b>")).to_be_visible()
    expect(history.entry("Rename me")).to_have_count(0)


def test_the_menu_is_walked_with_the_keyboard(past: Callable[..., History]) -> None:
    history = past("Walk me")
    keys = history.page.keyboard
    history.entry("Walk me").focus()
    keys.press("Tab")
    expect(history.options("Walk me")).to_be_focused()
    keys.press("Enter")
    expect(history.menu.get_by_role("menuitem", name="Rename")).to_be_focused()
    keys.press("ArrowUp")
    expect(history.menu.get_by_role("menuitem", name="Archive")).to_be_focused()
    keys.press("Escape")
    expect(history.menu).to_be_hidden()
    expect(history.options("Walk me")).to_be_focused()
    keys.press(" ")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(history.list.get_by_role("region", name="Pinned").get_by_role("link", name="Walk me")).to_be_visible()
    history.choose("Walk me", "Unpin")
    expect(history.list.get_by_role("region", name="Today").get_by_role("link", name="Walk me")).to_be_visible()


def test_archiving_can_be_undone_and_keeps_the_focus_in_the_list(past: Callable[..., History]) -> None:
    history = past("Stay here", "Away with it")
    history.choose("Away with it", "Archive")
    expect(history.entry("Away with it")).to_have_count(0)
    expect(history.entry("Stay here")).to_be_focused()
    expect(history.page.locator("[aria-live=polite]")).to_contain_text("1 conversation archived")
    history.undo.click()
    expect(history.entry("Away with it")).to_be_visible()


def test_archiving_the_open_conversation_begins_a_new_one(chat: Chat) -> None:
    chat.send("Open and away").ended()
    history = History(chat.page)
    history.choose("Open and away", "Archive")
    expect(chat.page).to_have_url(re.compile("/chat/$"))
    expect(history.entry("Open and away")).to_have_count(0)
    history.undo.click()
    expect(history.entry("Open and away")).to_be_visible()


def test_several_are_archived_at_once(past: Callable[..., History]) -> None:
    history = past("Bulk one", "Bulk two", "Bulk three")
    history.list.get_by_role("button", name="Select", exact=True).click()
    for name in ("Bulk one", "Bulk three"):
        history.list.get_by_role("checkbox", name=name).check()
    expect(history.list.get_by_role("status")).to_have_text("2 selected")
    history.list.get_by_role("button", name="Archive").click()
    expect(history.entry("Bulk two")).to_be_visible()
    expect(history.entry("Bulk one")).to_have_count(0)
    history.undo.click()
    expect(history.entry("Bulk three")).to_be_visible()
    history.list.get_by_role("button", name="Select", exact=True).click()
    history.list.get_by_role("button", name="Select all of Today").click()
    expect(history.list.locator("input:not(:checked)[type=checkbox]")).to_have_count(0)
    history.page.keyboard.press("Escape")
    expect(history.entry("Bulk one")).to_be_visible()


def test_search_while_typing(past: Callable[..., History]) -> None:
    history = past("Snowflakes in November", "Tea")
    history.search.press_sequentially("snowflake")
    expect(history.entry("Tea")).to_have_count(0)
    expect(history.entry("Snowflakes in November").locator("mark").first).to_have_text(re.compile("snowflake", re.I))
    expect(history.search).to_be_focused()
    history.search.fill("zzzz")
    expect(history.list).to_contain_text("No conversation matches")
    history.search.fill("")
    expect(history.entry("Tea").first).to_be_visible()


@pytest.fixture
def windows(as_ana: Callable[..., Chat], server: AppServer) -> tuple[Chat, Chat, Chat]:
    """One to write in, another tab of its browser, another browser."""
    writing, other_browser = as_ana(server), as_ana(server)
    return writing, Chat(writing.page.context.new_page()).open(), other_browser


def test_every_window_shows_what_is_being_answered(windows: tuple[Chat, Chat, Chat]) -> None:
    writing, same_browser, other_browser = windows
    # Its name comes with the end of the answer.
    marks = [History(chat.page).list.get_by_role("listitem").first for chat in (same_browser, other_browser)]
    writing.send("/slow 2000").says("tick 2 ")
    look(other_browser)
    for mark in marks:
        expect(mark).to_contain_text("Answering")
    writing.stop_button.click()
    writing.ended("cancelled")
    for mark in marks:
        expect(mark).not_to_contain_text("Answering")
        expect(mark).not_to_contain_text("New answer")


def test_every_window_shows_what_is_new_until_one_has_opened_it(windows: tuple[Chat, Chat, Chat]) -> None:
    writing, _, other_browser = windows
    marks = [History(chat.page).entry("/slow 90").first for chat in windows]
    writing.send("/slow 90")
    writing.open()  # nobody looks when it ends
    look(other_browser)
    for mark in marks:
        expect(mark).to_contain_text("New answer")
    marks[2].click()
    expect(other_browser.text).to_contain_text("tick 90")
    look(writing)
    for mark in marks:
        expect(mark).not_to_contain_text("New answer")


def test_what_one_watches_is_never_new(as_ana: Callable[..., Chat], server: AppServer) -> None:
    watching, other = as_ana(server), as_ana(server)
    watching.send("Watch the kettle").ended()
    look(other)
    entry = History(other.page).entry("Watch the kettle")
    expect(entry).to_be_visible()
    expect(entry).not_to_contain_text("New answer")
    watching.page.reload()
    expect(History(watching.page).entry("Watch the kettle")).not_to_contain_text("New answer")


def test_the_list_grows_while_one_scrolls_and_survives_what_happens(
    as_ana: Callable[..., Chat], start_server: Callable[..., AppServer]
) -> None:
    server = settled(start_server())
    server.flask("shell", input=FILL)
    history = History(as_ana(server).page)
    entries = history.list.locator(".thread")
    expect(entries).to_have_count(40)
    for _ in range(2):
        history.list.get_by_role("link", name="Older").scroll_into_view_if_needed()
        expect(entries).not_to_have_count(40)
    expect(entries).to_have_count(95)
    expect(history.list.locator("h2")).to_have_text(["Today"])
    history.choose("t03", "Rename")
    history.page.keyboard.type("Third")
    history.page.keyboard.press("Enter")
    expect(history.entry("Third")).to_be_visible()
    expect(history.list.get_by_role("link", name="Older")).to_have_count(1)


FILL = """
from chatapp.core import accounts, threads
ana = accounts.find_user("ana")
for number in reversed(range(95)): _ = threads.create(ana, f"t{number:02}")

"""


def test_on_a_phone_everything_is_done_in_the_drawer(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, **PHONE)
    chat.send("Drawer song").ended()
    chat.open()
    history = History(chat.page)
    opener = chat.page.get_by_role("button", name="Open sidebar")
    opener.tap()
    expect(chat.page.get_by_role("button", name="Close sidebar")).to_be_focused()
    history.options("Drawer song").first.tap()
    expect(history.menu).to_be_in_viewport()
    fits(chat.page)
    chat.page.keyboard.press("Escape")
    expect(history.menu).to_be_hidden()
    expect(history.entry("Drawer song").first).to_be_in_viewport()
    chat.page.keyboard.press("Escape")
    expect(history.list).to_be_hidden()
    expect(opener).to_be_focused()
    opener.tap()
    history.options("Drawer song").first.tap()
    history.menu.get_by_role("menuitem", name="Archive").tap()
    expect(history.undo).to_be_in_viewport()
    history.undo.tap()
    expect(history.undo).to_have_count(0)
    if history.list.is_hidden():
        opener.tap()
    expect(history.entry("Drawer song").first).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_screenshots_to_look_at(as_ana: Callable[..., Chat], server: AppServer, size: str, scheme: str) -> None:
    chat = as_ana(server, **SIZES[size] | {"color_scheme": scheme})
    chat.send("Screenshots of the history").ended()
    history = History(chat.page)

    def shoot(name: str) -> None:
        chat.page.screenshot(path=SCREENSHOTS / f"history-{name}-{size}-{scheme}.png", animations="disabled")

    if size == "phone":
        chat.page.get_by_role("button", name="Open sidebar").tap()
    history.options("Screenshots of the history").first.click()
    shoot("menu")
    chat.page.keyboard.press("Escape")
    history.search.fill("screenshots")
    expect(history.list.locator("mark").first).to_be_visible()
    shoot("search")
    history.search.fill("")
    expect(history.list.locator("mark")).to_have_count(0)  # the list comes anew a moment after
    history.list.get_by_role("button", name="Select", exact=True).click()
    expect(history.list.get_by_role("checkbox").first).to_be_visible()
    shoot("select")
