"""How the pages look and how they are walked through: on a phone, with the keyboard, in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import ROOT, AppServer

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SIZES: dict[str, dict[str, Any]] = {"desktop": {"viewport": {"width": 1280, "height": 860}}, "phone": PHONE}
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
WIDE = f"Compare tea and coffee in a table of {'w' * 300} https://example.org/{'path/' * 40}"

TOO_WIDE = """() => [document.documentElement, document.getElementById("scroller"), document.getElementById("sidebar")]
  .filter(element => element && element.scrollWidth > element.clientWidth)
  .map(element => `${element.tagName}#${element.id} ${element.scrollWidth} > ${element.clientWidth}`)"""
FOCUSED = """() => {
  const element = document.activeElement;
  return element === document.body ? "" :
    (element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent).trim();
}"""
VISIBLE = """() => {
  const [outline, shadow] = [getComputedStyle(document.activeElement), getComputedStyle(
    document.activeElement.closest(".composer-box") ?? document.activeElement)];
  return [outline, shadow].some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
}"""


@pytest.fixture(scope="module")
def conversation(browser: Browser, server: AppServer) -> str:
    """The address of a thread with answers of several kinds."""
    chat = Chat(browser.new_page(base_url=server.url)).sign_in("ana")
    chat.send("Make a plan for a small office move").ended()
    chat.send("Write a Python function that adds two numbers").ended()
    chat.send("/fail provider_rate_limited").ended("failed")
    address = chat.page.url
    chat.page.close()
    return address


def fits(page: Page) -> None:
    """Nothing scrolls sideways."""
    assert page.evaluate(TOO_WIDE) == []


def test_on_a_phone_nothing_scrolls_sideways(
    as_ana: Callable[..., Chat], window: Callable[..., BrowserContext], server: AppServer
) -> None:
    page = window(server, **PHONE).new_page()
    page.goto("/sign-in/")
    fits(page)
    chat = as_ana(server, **PHONE)
    fits(chat.page)
    for question in (WIDE, "Draw a diagram of a login flow", "/fail-early internal"):
        chat.send(question)
        expect(chat.send_button).to_be_visible()
        fits(chat.page)
    chat.questions.last.locator("summary").tap()
    expect(chat.questions.last.get_by_role("textbox")).to_be_focused()
    fits(chat.page)


def test_on_a_phone_the_sidebar_is_a_drawer(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, **PHONE)
    chat.send("Rain in August").ended()
    page = chat.page
    link = page.get_by_role("link", name="Rain in August")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open sidebar").tap()
    expect(link).to_be_in_viewport()
    fits(page)
    page.get_by_role("button", name="Close sidebar").tap()
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open sidebar").tap()
    expect(link).to_be_in_viewport()
    page.touchscreen.tap(380, 400)
    expect(link).to_be_hidden()
    page.get_by_role("button", name="New chat").tap()
    expect(page.get_by_role("heading", name="Hello, Ana")).to_be_visible()
    page.get_by_role("button", name="Open sidebar").tap()
    link.tap()
    expect(chat.text).to_have_text("You said: Rain in August")


def test_on_a_phone_everything_is_large_enough_to_tap(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, **PHONE)
    chat.send("Hello").ended()
    for control in chat.page.locator("button:visible, summary:visible, [role=button]:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24, control


def test_the_keyboard_reaches_everything(chat: Chat) -> None:
    chat.send("Reach me").ended()
    page = chat.page
    page.reload()
    expect(chat.text).to_be_visible()
    page.evaluate("() => document.activeElement.blur()")
    reached: list[str] = []
    while not reached or reached[-1] not in ("", *reached[:1]) or len(reached) == 1:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
        assert reached[-1] == "" or page.evaluate(VISIBLE), f"the focus on {reached[-1]} cannot be seen"
        assert len(reached) < 200
    order = [
        "Skip to content",
        "Home",
        "Close sidebar",
        "New chat",
        "Search conversations",
        "Active",
        "Archived",
        "Select",
        "Reach me",
        "Options",
    ]
    assert reached[: len(order)] == order
    rest = [name for name in reached[len(order) :] if name in ("Sign out", "Copy", "Regenerate", "Message")]
    assert rest == ["Sign out", "Copy", "Regenerate", "Message"]


def test_the_first_tab_stop_skips_to_the_content(chat: Chat) -> None:
    chat.send("Skip to me").ended()
    chat.page.reload()
    chat.page.evaluate("() => document.activeElement.blur()")
    chat.page.keyboard.press("Tab")
    link = chat.page.get_by_role("link", name="Skip to content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("main")).to_be_focused()


def test_a_conversation_without_a_mouse(chat: Chat) -> None:
    keys = chat.page.keyboard
    expect(chat.box).to_be_focused()
    keys.type("One line")
    keys.press("Shift+Enter")
    keys.type("and another")
    expect(chat.box).to_have_value("One line\nand another")
    keys.press("Enter")
    expect(chat.box).to_have_value("")
    expect(chat.box).to_be_focused()
    chat.ended()
    expect(chat.questions.locator(".bubble")).to_have_text("One line\nand another", use_inner_text=True)
    keys.press("Enter")
    expect(chat.answers).to_have_count(1)
    keys.press("Shift+Tab")
    expect(chat.page.get_by_role("button", name="Attach files")).to_be_focused()
    keys.press("Shift+Tab")
    expect(chat.answer.get_by_role("link", name="Inspect")).to_be_focused()
    for name in ("Regenerate", "Bad answer", "Good answer", "Copy"):
        keys.press("Shift+Tab")
        expect(chat.answer.get_by_role("button", name=name)).to_be_focused()
    keys.press("Shift+Tab")
    keys.press("Enter")
    editor = chat.questions.last.get_by_role("textbox")
    expect(editor).to_be_focused()
    keys.press("Escape")
    expect(editor).to_be_hidden()
    expect(chat.questions.last.locator("summary")).to_be_focused()


def test_the_composer_grows_with_its_text_up_to_a_limit(chat: Chat) -> None:
    low = chat.box.bounding_box()
    chat.box.fill("\n".join(map(str, range(100))))
    high = chat.box.bounding_box()
    assert low
    assert high
    assert low["height"] < 60 < high["height"] <= 320
    expect(chat.send_button).to_be_in_viewport()


def test_the_reader_who_scrolls_up_stays_there(chat: Chat) -> None:
    chat.send("\n".join(["/slow 0"] * 60 + ["/slow 40"])).says("tick 2 ")
    expect(chat.text).to_be_in_viewport()
    chat.page.locator("#scroller").hover()
    chat.page.mouse.wheel(0, -2000)
    jump = chat.page.get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    chat.says("tick 30 ")
    expect(chat.text).not_to_be_in_viewport()
    jump.click()
    expect(chat.text).to_be_in_viewport()
    expect(jump).to_be_hidden()


def test_code_can_be_copied(as_ana: Callable[..., Chat], server: AppServer) -> None:
    chat = as_ana(server, permissions=["clipboard-read", "clipboard-write"])
    chat.send("Write a Python function").ended()
    chat.text.locator("[data-block-key=code]").get_by_role("button", name="Copy").click()
    expect(chat.page.get_by_role("status")).to_have_text("Copied")
    assert "def add(first" in chat.page.evaluate("() => navigator.clipboard.readText()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_screenshots_to_look_at(
    as_ana: Callable[..., Chat],
    window: Callable[..., BrowserContext],
    server: AppServer,
    conversation: str,
    console: Console,
    size: str,
    scheme: str,
) -> None:
    console.expected = ("status of 404",)
    options = SIZES[size] | {"color_scheme": scheme}

    def shoot(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}.png", animations="disabled")

    page = window(server, **options).new_page()
    for name, address in {"sign-in": "/sign-in/", "error": "/nowhere/"}.items():
        page.goto(address)
        shoot(page, name)
    chat = as_ana(server, **options)
    shoot(chat.page, "welcome")
    chat.open(conversation)
    shoot(chat.page, "conversation")
    if size == "phone":
        chat.page.get_by_role("button", name="Open sidebar").tap()
        shoot(chat.page, "drawer")
    else:
        chat.send("/slow 1000").says("tick 3 ")
        shoot(chat.page, "running")
        chat.stop_button.click()
        chat.ended("cancelled")
