"""What the composer does for the one who types."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.test_layout import PHONE
from tests.servers import AppServer

LONG = "A line of a log file that somebody pastes, with numbers 1234567890 and words\n" * 650  # 50,050 characters
PAINTED = "() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))"


def test_pasting_50_000_characters_does_not_freeze_the_page(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, permissions=["clipboard-read", "clipboard-write"])
    session = chat.page.context.new_cdp_session(chat.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    expect(chat.box).to_be_focused()
    chat.page.evaluate("text => navigator.clipboard.writeText(text)", LONG[:50_000])
    spent = []
    for key in ("Control+v", "Backspace"):
        before = busy()
        chat.page.keyboard.press(key)
        chat.page.evaluate(PAINTED)
        spent.append(busy() - before)
    expect(chat.box).to_have_value(LONG[:49_999])
    assert max(spent) < 0.2, spent
    expect(chat.send_button).to_be_in_viewport()


def test_what_is_too_long_is_told_before_it_is_sent(chat: Chat) -> None:
    chat.box.fill("🙂" * 50_000)
    expect(chat.page.get_by_text("50,000 of 50,000 characters")).to_be_visible()
    expect(chat.send_button).to_be_enabled()
    chat.box.press("x")
    expect(chat.page.get_by_role("alert").filter(has_text="at most 50,000 characters")).to_be_visible()
    expect(chat.send_button).to_be_disabled()
    chat.box.press("Enter")
    expect(chat.answers).to_have_count(0)
    chat.box.fill("Short")
    expect(chat.page.locator("#composer-error")).to_be_hidden()
    expect(chat.send_button).to_be_enabled()


def test_enter_breaks_the_line_for_those_who_prefer_it(chat: Chat) -> None:
    page = chat.page
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox", name="Enter sends the message").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    chat.box.press("a")
    chat.box.press("Enter")
    chat.box.press("b")
    expect(chat.box).to_have_value("a\nb")
    chat.box.press("Shift+Enter")
    chat.ended()
    expect(chat.questions.locator(".bubble")).to_have_text("a\nb", use_inner_text=True)
    chat.box.fill("Also")
    chat.box.press("Control+Enter")
    expect(chat.answers).to_have_count(2)


def test_without_a_keyboard_enter_breaks_the_line(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, **PHONE)
    chat.box.tap()
    chat.page.keyboard.type("a")
    chat.page.keyboard.press("Enter")
    expect(chat.box).to_have_value("a\n")
    expect(chat.box).to_have_attribute("enterkeyhint", "enter")


def test_the_arrow_up_edits_the_last_question_from_an_empty_composer_only(chat: Chat) -> None:
    chat.send("First try").ended()
    chat.box.fill("Something")
    chat.box.press("ArrowUp")
    editor = chat.questions.last.get_by_role("textbox")
    expect(editor).to_be_hidden()
    chat.box.fill("")
    chat.box.press("ArrowUp")
    expect(editor).to_be_focused()
    chat.page.keyboard.press("Escape")
    chat.send("/slow 1000").says("tick 2 ")
    chat.box.press("ArrowUp")
    expect(editor).to_be_hidden()
    chat.stop_button.click()
    chat.ended("cancelled")


def test_a_link_puts_a_question_into_the_composer_beside_the_draft(chat: Chat) -> None:
    chat.box.fill("Half a thought")
    chat.open("/chat/?ask=What+is+rain%3F")
    expect(chat.box).to_have_value("Half a thought\n\nWhat is rain?")
    expect(chat.box).to_be_focused()
    chat.page.reload()
    expect(chat.box).to_have_value("Half a thought\n\nWhat is rain?")
    expect(chat.answers).to_have_count(0)
    chat.box.fill("What is rain?")
    chat.box.press("Enter")
    chat.ended()
    chat.open()
    expect(chat.box).to_have_value("")


def test_drafts_are_not_left_to_who_signs_in_next(chat: Chat) -> None:
    chat.box.fill("For nobody else")
    chat.open()
    expect(chat.box).to_have_value("For nobody else")
    chat.page.evaluate("() => localStorage.setItem('draft-owner', 'somebody else')")
    chat.open()
    expect(chat.box).to_have_value("")


def test_a_secret_is_not_left_in_the_browser(chat: Chat) -> None:
    token = "ghp_" + "A1b2C3d4E5f6G7h8" * 2 + "I9j0"
    for secret, told in ((token, "blocked"), ("4012888888881881", "redacted")):
        chat.box.fill(f"What is {secret} for?")
        chat.page.reload()  # a draft, until it is sent
        chat.box.press("Enter")
        chat.ended()
        expect(chat.log).to_contain_text(told)
        for _ in ("live", "again"):
            assert secret not in chat.page.content()
            assert secret not in chat.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
            expect(chat.box).to_have_value("")
            chat.page.reload()


def test_the_usage_is_brought_up_to_date_when_an_answer_ends(chat: Chat) -> None:
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.page.get_by_text("Usage", exact=True).click()
    figure = chat.page.locator(".usage-figures").first
    before = figure.inner_text()
    chat.send("Hello").ended()
    expect(figure).not_to_have_text(before)
    expect(figure).to_contain_text("∞")
    assert not [address for address in asked if address.endswith("/composer/")], "the end of the answer has told it"
    chat.page.keyboard.press("Escape")
    expect(figure).to_be_hidden()


def test_the_reminder_gives_way_to_the_disclaimer(chat: Chat) -> None:
    reminder, disclaimer = chat.page.get_by_text("Never paste passwords"), chat.page.locator(".disclaimer")
    expect(reminder).to_be_visible()
    expect(disclaimer).to_be_hidden()
    chat.send("Hello").ended()
    expect(reminder).to_be_hidden()
    expect(disclaimer).to_be_visible()


@pytest.fixture
def long_thread(chat: Chat) -> Chat:
    """A conversation of more messages than a page has."""
    chat.send("Question 0").ended()
    thread = chat.page.url.split("/")[-2]
    chat.page.evaluate(
        """async thread => {
          for (let n = 1; n < 30; n++) {
            const body = new URLSearchParams({ text: `Question ${n}\\n/slow 0`, thread_id: thread });
            await fetch("/chat/send/", { method: "POST", headers: { "HX-Request": "true" }, body });
            while ((await (await fetch(`/chat/${thread}/composer/`)).text()).includes("Stop"))
              await new Promise(done => setTimeout(done, 20));
          }
        }""",
        thread,
    )
    chat.page.reload()
    expect(chat.answer).to_have_attribute("data-status", "completed")
    return chat


def test_a_long_conversation_leaves_the_reader_in_place_and_a_new_question_leads_to_its_end(long_thread: Chat) -> None:
    chat, page = long_thread, long_thread.page
    scroller = page.locator("#scroller")
    first = chat.log.locator("article").first
    expect(chat.log.locator("article")).to_have_count(50)
    expect(chat.answer).to_be_in_viewport()
    first_id = first.get_attribute("id")
    identity = str(first.get_attribute("data-message-id"))
    marked = page.locator(f"[id='{first_id}']")
    marked.evaluate("article => { window.marked = article; }")
    top = "() => Math.round(window.marked.getBoundingClientRect().top)"
    place = scroller.evaluate("""scroller => {
      scroller.scrollTop = 10;
      return Math.round(window.marked.getBoundingClientRect().top);
    }""")
    expect(chat.log.locator("article")).to_have_count(60)
    assert abs(page.evaluate(top) - place) <= 40
    expect(page.get_by_role("button", name="Jump to latest")).to_be_visible()

    chat.open(f"{page.url.split('#')[0]}?message={identity}")
    page.goto(f"{page.url.split('?')[0]}?before=30")
    expect(chat.log.get_by_text("Latest messages")).to_be_visible()
    chat.box.fill("From far up")
    chat.box.press("Enter")
    expect(chat.text).to_have_text("You said: From far up")
    expect(chat.questions.last).to_be_in_viewport()
    expect(chat.log.get_by_text("Latest messages")).to_have_count(0)
    expect(chat.box).to_have_value("")
    assert "before" not in page.url
    assert [text for text in chat.questions.all_inner_texts() if "Question 29" in text]
