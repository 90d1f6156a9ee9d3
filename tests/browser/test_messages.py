"""What one does with messages that are there: switch versions, give feedback, look at diagrams, scroll up."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import AppServer


def test_one_walks_through_the_versions_of_an_exchange(chat: Chat) -> None:
    chat.send("First try").ended()
    chat.questions.last.hover()
    chat.questions.last.locator("summary").click()
    chat.questions.last.get_by_role("textbox").fill("Second try")
    chat.questions.last.get_by_role("button", name="Update").click()
    expect(chat.text).to_have_text("You said: Second try")
    chat.ended()
    expect(chat.answer.get_by_text("Version 2/2")).to_be_visible()
    chat.answer.get_by_role("button", name="Previous version").click()
    expect(chat.text).to_have_text("You said: First try")
    expect(chat.questions.locator(".bubble")).to_have_text("First try")
    expect(chat.log.get_by_text("Past version")).to_have_count(2)
    expect(chat.answer.get_by_role("button", name="Next version")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.text).to_have_text("You said: Second try")
    expect(chat.log.get_by_text("Past version")).to_have_count(0)
    expect(chat.answer.get_by_role("button", name="Regenerate")).to_be_visible()


def test_feedback_is_given_in_a_dialog_that_survives_a_failure(chat: Chat, console: Console) -> None:
    console.expected = ("net::ERR_", "Failed to load", "htmx:")
    chat.send("Hello").ended()
    bad = chat.answer.get_by_role("button", name="Bad answer")
    bad.click()
    dialog = chat.page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("What was wrong with this answer?")
    dialog.get_by_role("combobox").select_option("Not accurate")
    dialog.get_by_role("textbox").fill("Not so")
    expect(dialog.locator("[data-counter]")).to_have_text("6")
    chat.page.context.route("**/feedback/", lambda route: route.abort())
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog.get_by_role("alert")).to_have_text("The server could not be reached.")
    chat.page.context.unroute("**/feedback/")
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog).to_have_count(0)
    expect(bad).to_have_attribute("aria-pressed", "true")
    bad.click()
    expect(dialog.get_by_role("textbox")).to_have_value("Not so")
    chat.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    chat.answer.get_by_role("button", name="Good answer").click()
    expect(dialog.get_by_role("textbox")).to_have_value("")
    expect(dialog.get_by_role("combobox")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_a_diagram_is_drawn_and_shows_its_source(chat: Chat) -> None:
    chat.send("Draw a diagram of a login flow").ended()
    # One word: where lines break in the picture depends on the fonts of the machine.
    drawing = chat.page.frame_locator("mermaid-diagram iframe").get_by_text("chats")
    source = chat.text.locator(".mermaid-source")
    expect(drawing).to_be_visible()
    expect(source).to_be_hidden()
    chat.text.get_by_role("button", name="Source").click()
    expect(source).to_be_visible()
    expect(drawing).to_be_hidden()


def test_code_wraps_when_asked(chat: Chat) -> None:
    chat.send("Write a Python function that adds two numbers").ended()
    code = chat.text.locator("[data-block-key=code] code")
    wrap = chat.text.get_by_role("button", name="Wrap")
    wrap.click()
    expect(wrap).to_have_attribute("aria-pressed", "true")
    expect(code).to_have_css("white-space", "pre-wrap")


def test_without_script_versions_and_feedback_are_pages(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, java_script_enabled=False)
    chat.box.fill("Hello")
    chat.send_button.click()
    expect(chat.send_button).to_be_visible()
    chat.answer.get_by_role("button", name="Regenerate").click()
    expect(chat.send_button).to_be_visible()
    chat.page.reload()
    chat.answer.get_by_role("button", name="Previous version").click()
    expect(chat.answer.get_by_text("Past version")).to_be_visible()
    chat.answer.get_by_role("button", name="Good answer").click()
    chat.page.get_by_role("textbox").fill("Fine")
    chat.page.get_by_role("button", name="Submit").click()
    expect(chat.answer.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
