"""The chat page as a person finds it: by roles and names, not by how it is built."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page, expect

from chatapp.web.pages import disclosure
from tests.people import PASSWORD

PATIENCE = 30_000  # milliseconds: a busy machine may be slow to show what is true in the end

WATCH_BLOCKS = """log => {
  const states = log.blockStates = [];
  new MutationObserver(() => {
    const blocks = log.querySelectorAll("article:last-of-type [data-block-key]");
    const state = [...blocks].map(block => `${block.dataset.blockKey} ${block.dataset.blockStatus}`);
    if (state.length && String(states.at(-1)) !== String(state)) states.push(state);
  }).observe(log, { subtree: true, childList: true, attributes: true });
}"""


class Chat:
    """The chat in one tab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.get_by_role("log", name="Conversation")
        self.box = page.get_by_role("textbox", name="Message")
        self.send_button = page.locator("#composer").get_by_role("button", name="Send")
        self.stop_button = page.get_by_role("button", name="Stop")
        self.new_chat = page.get_by_role("button", name="New chat")
        self.questions = self.log.locator("article[data-message-id][data-role=user]")
        self.answers = self.log.locator("article[data-message-id][data-role=assistant]")

    @property
    def answer(self) -> Locator:
        """The last one."""
        return self.answers.last

    @property
    def text(self) -> Locator:
        """What the last answer says."""
        return self.answer.locator(".blocks")

    def open(self, address: str = "/chat/") -> Chat:
        self.page.goto(address)
        return self

    def accept_disclosure(self, url: str) -> Chat:
        """As if it had been accepted in this browser before."""
        cookie = {"name": disclosure.COOKIE, "value": disclosure.EDITION, "url": urljoin(url, "/")}
        self.page.context.add_cookies([cookie])  # type: ignore[list-item]
        return self

    def sign_in(self, username: str) -> Chat:
        self.page.goto("/sign-in/")
        self.accept_disclosure(self.page.url)
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.box).to_be_visible()
        return self

    def send(self, text: str) -> Chat:
        """Send, and wait until the answer has its place."""
        before = self.answers.count()
        self.box.fill(text)
        self.send_button.click()
        expect(self.answers).to_have_count(before + 1)
        return self

    def ended(self, status: str = "completed") -> Chat:
        """Wait for the end of the last answer."""
        expect(self.answer).to_have_attribute("data-status", status)
        expect(self.send_button).to_be_visible()
        expect(self.stop_button).to_have_count(0)
        return self

    def says(self, words: str) -> Chat:
        """Wait until the last answer has got that far."""
        expect(self.text).to_contain_text(words)
        return self

    def watch_blocks(self) -> Callable[[], list[list[str]]]:
        """From now on, note how the blocks of the last answer stand; what is returned tells what was seen."""
        self.log.evaluate(WATCH_BLOCKS)
        return lambda: self.log.evaluate("log => log.blockStates")

    def articles(self) -> list[str]:
        """The assistant's articles as they stand in the document."""
        html: list[str] = self.answers.evaluate_all("articles => articles.map(article => article.outerHTML)")
        return [re.sub(r"\s+", " ", each) for each in html]
