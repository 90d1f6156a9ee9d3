"""The whole chat in a browser that runs no JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.people import PASSWORD
from tests.servers import AppServer


@pytest.fixture
def chat(window: Callable[..., BrowserContext], server: AppServer) -> Chat:
    return Chat(window(server, java_script_enabled=False).new_page()).sign_in("ana")


def test_the_page_grows_until_the_answer_is_complete(chat: Chat) -> None:
    chat.box.fill("Look here\n/slow 90")
    chat.send_button.click(no_wait_after=True)
    expect(chat.answer).to_have_attribute("data-status", "running")
    expect(chat.text).to_contain_text("You said: Look here")
    expect(chat.send_button).to_have_count(0)
    expect(chat.send_button).to_be_visible()
    expect(chat.text).to_contain_text("tick 90")
    grown = chat.text.inner_html()
    chat.page.reload()
    expect(chat.answer).to_have_attribute("data-status", "completed")
    assert chat.text.inner_html() == grown


def test_conversations_go_on_are_put_away_and_fetched_back(chat: Chat) -> None:
    chat.box.fill("Rain in June")
    chat.send_button.click()
    expect(chat.send_button).to_be_visible()
    chat.box.fill("And in July?")
    chat.send_button.click()
    expect(chat.answers).to_have_count(2)
    expect(chat.text).to_have_text("You said: And in July?")
    threads = chat.page.get_by_role("navigation", name="Conversations")
    threads.get_by_role("button", name="Options", description="Rain in June").click()
    chat.page.get_by_role("button", name="Archive").click()
    expect(threads.get_by_role("link", name="Rain in June")).to_have_count(0)
    chat.page.get_by_role("button", name="Undo").click()
    expect(threads.get_by_role("link", name="Rain in June")).to_be_visible()
    threads.get_by_role("button", name="Select").click()
    threads.get_by_role("checkbox", name="Rain in June").check()
    threads.get_by_role("button", name="Archive").click()
    threads.get_by_role("link", name="Archived").click()
    threads.get_by_role("button", name="Options", description="Rain in June").click()
    chat.page.get_by_role("button", name="Unarchive").click()
    expect(chat.answers).to_have_count(2)


def test_conversations_are_found_and_renamed(chat: Chat) -> None:
    chat.box.fill("Thunder in August")
    chat.send_button.click()
    expect(chat.send_button).to_be_visible()
    search = chat.page.get_by_role("searchbox", name="Search conversations")
    search.fill("thunder")
    search.press("Enter")
    threads = chat.page.get_by_role("navigation", name="Conversations")
    expect(threads.locator("mark").first).to_have_text("Thunder")
    threads.get_by_role("button", name="Options", description="Thunder in August").click()
    chat.page.get_by_label("Name").fill("Lightning")
    chat.page.get_by_role("button", name="Rename").click()
    expect(threads.get_by_role("link", name="Lightning")).to_be_visible()


def test_an_answer_can_be_edited_and_written_again(chat: Chat) -> None:
    chat.box.fill("First try")
    chat.send_button.click()
    expect(chat.text).to_have_text("You said: First try")
    chat.questions.last.locator("summary").click()
    chat.questions.last.get_by_role("textbox").fill("Second try")
    chat.questions.last.get_by_role("button", name="Update").click()
    expect(chat.text).to_have_text("You said: Second try")
    chat.answer.get_by_role("button", name="Regenerate").click()
    expect(chat.answers).to_have_count(1)
    expect(chat.text).to_have_text("You said: Second try")


def test_a_refused_message_comes_back_with_the_reason(chat: Chat, console: Console) -> None:
    console.expected = ("status of 400",)
    chat.box.fill("y" * 50_001)
    chat.send_button.click()
    expect(chat.page.get_by_role("alert")).to_contain_text("50,000 characters")
    expect(chat.box).to_have_value("y" * 50_001)


def test_the_notice_before_first_use_is_accepted_once(chat: Chat) -> None:
    chat.page.context.clear_cookies(name="disclosure")
    chat.open("/chat/?ask=Rain%3F")
    expect(chat.box).to_have_count(0)
    chat.page.get_by_role("button", name="I understand").click()
    expect(chat.box).to_have_value("Rain?")
    chat.open()
    expect(chat.box).to_have_value("")


def test_one_signs_out(chat: Chat) -> None:
    chat.page.get_by_role("button", name="Sign out").click()
    expect(chat.page.get_by_label("Password")).to_be_visible()
    chat.page.get_by_label("User name").fill("ana")
    chat.page.get_by_label("Password").fill(PASSWORD)
    chat.page.get_by_role("button", name="Sign in").click()
    expect(chat.box).to_be_visible()
