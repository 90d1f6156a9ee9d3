"""Asking and reading: what a person does all day."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import AppServer

TICKS = " ".join(f"tick {number}" for number in range(1, 31))


def test_a_question_is_answered(chat: Chat) -> None:
    chat.send("Hello *there*").ended()
    expect(chat.box).to_have_value("")
    expect(chat.box).to_be_focused()
    expect(chat.questions).to_have_text(re.compile(r"Hello \*there\*"))
    expect(chat.text).to_have_text("You said: Hello there")
    expect(chat.page).to_have_title("Hello *there*")
    expect(chat.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}/$"))
    expect(chat.page.get_by_role("navigation", name="Conversations").locator("[aria-current=page]")).to_have_text(
        re.compile(r"Hello \*there\*")
    )


def test_an_answer_grows_block_by_block(chat: Chat) -> None:
    states = chat.watch_blocks()
    chat.send("Write a Python function that adds two numbers")
    expect(chat.stop_button).to_be_visible()
    chat.ended()
    seen = states()
    first, whole = ["markdown streaming"], ["markdown complete", "code complete", "markdown complete"]
    assert first in seen
    assert ["markdown complete", "code streaming"] in seen
    assert ["markdown complete", "code complete", "markdown streaming"] in seen
    assert seen[-1][:3] == whole
    assert not [state for state in seen if "streaming" in " ".join(state[:-1])]
    expect(chat.text.locator("[data-block-key=code]")).to_contain_text("def add(first: float, second: float) -> float:")


def test_the_next_question_goes_into_the_same_conversation(chat: Chat) -> None:
    chat.send("First").ended()
    address = chat.page.url
    chat.send("Second").ended()
    expect(chat.log.get_by_role("article")).to_have_count(4)
    assert chat.page.url == address
    chat.new_chat.click()
    expect(chat.log.get_by_role("article")).to_have_count(0)
    expect(chat.page.get_by_role("heading", name="Hello, Ana")).to_be_visible()


def test_a_suggestion_is_sent_as_it_is(chat: Chat) -> None:
    chat.page.get_by_role("button", name="Compare tea and coffee").click()
    chat.ended()
    expect(chat.text.get_by_role("table")).to_be_visible()


def test_a_reload_in_the_middle_goes_on_without_gap_or_repeat(chat: Chat) -> None:
    chat.send("/slow 30")
    for moment in (2, 9, 16, 23):
        chat.says(f"tick {moment} ")
        chat.page.reload()
        assert TICKS.startswith(chat.text.inner_text().strip())
    chat.ended()
    expect(chat.text).to_have_text(TICKS)
    chat.page.reload()
    expect(chat.text).to_have_text(TICKS)


def test_a_second_tab_shows_the_same(chat: Chat) -> None:
    chat.send("/slow 100").says("tick 3 ")
    other = Chat(chat.page.context.new_page()).open(chat.page.url)
    expect(other.stop_button).to_be_visible()
    for tab in (other, chat):
        tab.ended()
        expect(tab.text).to_contain_text("tick 99 tick 100")
    assert other.articles() == chat.articles()


def test_stop_keeps_what_was_shown(chat: Chat) -> None:
    chat.send("/slow 1000").says("tick 3 ")
    chat.stop_button.click()
    chat.ended("cancelled")
    shown = chat.text.inner_text()
    assert shown.startswith("tick 1 tick 2 tick 3")
    expect(chat.answer.get_by_text("You stopped this answer")).to_be_visible()
    articles = chat.articles()
    chat.page.reload()
    assert chat.text.inner_text() == shown
    assert chat.articles() == articles


def test_the_lines_of_an_answer_are_broken_while_it_is_written(chat: Chat) -> None:
    chat.page.set_viewport_size({"width": 390, "height": 800})
    chat.send("/slow 1000").says("tick 20 ")
    assert chat.text.evaluate("blocks => [blocks.scrollWidth, blocks.scrollHeight > 40]") == [
        chat.text.evaluate("blocks => blocks.clientWidth"),
        True,
    ]
    chat.stop_button.click()
    chat.ended("cancelled")


def test_the_answer_can_be_stopped_from_another_tab(chat: Chat) -> None:
    chat.send("/slow 1000").says("tick 3 ")
    other = Chat(chat.page.context.new_page()).open(chat.page.url)
    other.stop_button.click()
    for tab in (other, chat):
        tab.ended("cancelled")
    assert other.articles() == chat.articles()


@pytest.mark.parametrize(
    ("command", "kept", "said"),
    [
        ("/fail provider_rate_limited", "partial", "rate limit"),
        ("/fail-early provider_timeout", "", "timed out"),
    ],
)
def test_a_failure_is_told_and_can_be_tried_again(chat: Chat, command: str, kept: str, said: str) -> None:
    chat.send(command).ended("failed")
    expect(chat.text).to_have_text(kept)
    expect(chat.answer).to_contain_text(said)
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles
    first = chat.answer.get_attribute("data-message-id")
    chat.answer.get_by_role("button", name="Try again").click()
    expect(chat.answer).not_to_have_attribute("data-message-id", str(first))
    chat.ended("failed")
    expect(chat.answers).to_have_count(1)


def test_an_answer_can_be_written_again(chat: Chat) -> None:
    chat.send("/slow 5").ended()
    first = str(chat.answer.get_attribute("data-message-id"))
    chat.answer.get_by_role("button", name="Regenerate").click()
    expect(chat.answer).not_to_have_attribute("data-message-id", first)
    chat.ended()
    expect(chat.text).to_have_text("tick 1 tick 2 tick 3 tick 4 tick 5")
    expect(chat.answers).to_have_count(1)
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles


def test_a_question_can_be_edited(chat: Chat) -> None:
    chat.send("First try").ended()
    question = chat.questions.last
    question.hover()
    question.locator("summary").click()
    editor = question.get_by_role("textbox", name="Edit question")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("First try")
    editor.fill("Second try")
    question.get_by_role("button", name="Update").click()
    expect(chat.text).to_have_text("You said: Second try")
    chat.ended()
    expect(chat.questions).to_have_count(1)
    expect(chat.answers).to_have_count(1)
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles


def test_while_an_answer_is_written_one_can_only_type_and_stop_it(chat: Chat) -> None:
    chat.send("/slow 1000").says("tick 3 ")
    expect(chat.questions.last.locator("summary")).to_be_hidden()
    chat.box.fill("Something else")
    chat.box.press("Enter")
    expect(chat.answers).to_have_count(1)
    expect(chat.box).to_have_value("Something else")
    chat.stop_button.click()
    chat.ended("cancelled")
    chat.box.press("Enter")
    expect(chat.answers).to_have_count(2)
    chat.ended()


def test_a_refused_message_is_kept_and_the_reason_told(chat: Chat, console: Console) -> None:
    console.expected = ("status of 400", "Response Status Error Code 400")
    text = "x\x00"
    chat.box.evaluate("(box, text) => { box.value = text; box.dispatchEvent(new Event('input')); }", text)
    chat.send_button.click()
    expect(chat.page.get_by_role("alert").filter(has_text="cannot be stored")).to_be_visible()
    expect(chat.box).to_have_value(text)
    expect(chat.answers).to_have_count(0)
    chat.box.fill("Shorter")
    chat.send_button.click()
    chat.ended()
    expect(chat.page.locator("#composer-error")).to_be_hidden()


def test_a_draft_survives_a_reload(chat: Chat) -> None:
    chat.send("Hello").ended()
    chat.box.fill("Half a thought")
    chat.page.reload()
    expect(chat.box).to_have_value("Half a thought")
    chat.send_button.click()
    chat.ended()
    chat.page.reload()
    expect(chat.box).to_have_value("")


def test_another_conversation_shows_that_it_is_being_answered(chat: Chat) -> None:
    chat.send("/slow 90")  # still being written when a slow machine shows the next page
    chat.new_chat.click()
    expect(chat.page.locator(".activity")).not_to_have_count(0)
    expect(chat.page.locator(".activity")).to_have_count(0)


def test_a_message_sent_before_the_scripts_have_arrived_is_answered_all_the_same(
    as_ana: Callable[..., Chat], server: AppServer, console: Console
) -> None:
    console.expected = ("htmx", "ERR_FAILED")
    chat = as_ana(server)
    context = chat.page.context
    context.route("**/htmx.min.js", lambda route: route.abort())
    chat.page.reload()
    chat.box.fill("/slow 20")
    context.unroute("**/htmx.min.js")
    chat.send_button.click()
    expect(chat.stop_button).to_be_visible()
    expect(chat.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}/$"))
    chat.says("tick 20").ended()


def test_the_end_of_a_session_leads_to_the_sign_in_page(
    as_ana: Callable[..., Chat], server: AppServer, console: Console
) -> None:
    chat = as_ana(server)
    chat.page.wait_for_load_state("networkidle")  # every answer brings the cookie again
    chat.page.context.clear_cookies()
    chat.box.fill("Hello")
    chat.send_button.click()
    expect(chat.page.get_by_role("heading", name="Sign in")).to_be_visible()
