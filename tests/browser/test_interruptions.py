"""The server goes away in the middle of an answer, and comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import AppServer

NETWORK = ("net::ERR_", "Failed to load resource")


@pytest.fixture(autouse=True)
def _running_afterwards(server: AppServer) -> Iterator[None]:
    yield
    if server.process is None:
        server.start()


def test_after_kill_9_and_a_restart_the_page_comes_to_the_true_state_by_itself(
    chat: Chat, server: AppServer, console: Console
) -> None:
    console.expected = NETWORK
    chat.send("Look here\n/silent 600").says("You said: Look here")
    server.kill()
    expect(chat.answer).to_have_attribute("data-connection", "lost")
    expect(chat.text).to_have_text("You said: Look here")
    server.start()
    chat.ended("failed")
    expect(chat.text).to_have_text("You said: Look here")
    expect(chat.answer).to_contain_text("interrupted because the server stopped")
    expect(chat.answer.get_by_role("button", name="Try again")).to_be_visible()
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles
    chat.send("Are you back?").ended()


def test_a_message_that_cannot_be_sent_is_kept(chat: Chat, server: AppServer, console: Console) -> None:
    console.expected = (*NETWORK, "htmx:")
    server.kill()
    chat.box.fill("Important words")
    chat.send_button.click()
    expect(chat.page.get_by_role("alert").filter(has_text="could not be reached")).to_be_visible()
    expect(chat.box).to_have_value("Important words")
    server.start()
    chat.send_button.click()
    expect(chat.text).to_have_text("You said: Important words")
    chat.ended()
