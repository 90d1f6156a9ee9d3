"""axe looks at every page, in light and dark, and in the dark on a phone too, and finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import ROOT, AppServer

AXE = (ROOT / "tests" / "browser" / "vendor" / "axe.min.js").read_text()
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.target} ${node.failureSummary}`));
}"""
QUESTIONS = (
    "Write a Python function that adds two numbers",
    "Compare tea and coffee in a table",
    "Draw a diagram of a login flow",
    "The formula $e^{i\\pi} = -1$ and a list:\n\n1. one\n2. two\n\n> quoted [link](https://example.org)",
    "שלום, מה שלומך?",
    "/fail provider_rate_limited",
)


@pytest.fixture(scope="module")
def conversation(browser: Browser, server: AppServer) -> str:
    """The address of a thread with answers of every kind, two of its questions with versions."""
    page = browser.new_page(base_url=server.url)
    chat = Chat(page).sign_in("ana")
    for question in QUESTIONS:
        chat.send(question)
        expect(chat.send_button).to_be_visible()
    address = page.url
    page.close()
    return address


def has_no_violation(page: Page, name: str = "") -> None:
    page.evaluate(AXE)
    _look(page, name)
    if page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches"):
        window = page.viewport_size
        page.set_viewport_size(PHONE)
        _look(page, name and f"{name}-phone")
        page.set_viewport_size(window or DESKTOP)


def _look(page: Page, name: str) -> None:
    if name:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")
    assert page.evaluate(RUN) == []


@pytest.fixture(params=["light", "dark"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of a window; its policy would keep axe out."""
    return {"color_scheme": request.param, "bypass_csp": True, "viewport": DESKTOP}


def test_pages_of_somebody_who_has_not_signed_in(
    window: Callable[..., BrowserContext],
    start_server: Callable[..., AppServer],
    server: AppServer,
    options: dict[str, Any],
    console: Console,
) -> None:
    console.expected = ("status of 404", "status of 400")
    page, scheme = window(server, **options).new_page(), options["color_scheme"]
    for name, address in {"sign-in": "/sign-in/", "error": "/nowhere/", "embed-sign-in": "/embed/"}.items():
        page.goto(address)
        has_no_violation(page, f"{name}-{scheme}")
    page.goto("/sign-in/")
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    has_no_violation(page)


def test_the_first_page_of_an_empty_installation(
    window: Callable[..., BrowserContext], start_server: Callable[..., AppServer]
) -> None:
    empty = start_server()
    for scheme in ("light", "dark"):
        page = window(empty, color_scheme=scheme, bypass_csp=True).new_page()
        page.goto("/")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        has_no_violation(page, f"first-administrator-{scheme}")


def test_pages_around_a_chat(as_ana: Callable[..., Chat], server: AppServer, options: dict[str, Any]) -> None:
    chat, scheme = as_ana(server, **options), options["color_scheme"]
    has_no_violation(chat.page, f"welcome-{scheme}")
    chat.page.get_by_role("button", name="Keyboard shortcuts").click()
    has_no_violation(chat.page, f"keys-{scheme}")
    chat.page.keyboard.press("Escape")
    chat.page.get_by_text("Usage", exact=True).click()
    has_no_violation(chat.page, f"usage-{scheme}")
    chat.open("/embed/")
    has_no_violation(chat.page, f"embed-{scheme}")
    chat.open("/chat/?archived=1")
    has_no_violation(chat.page)
    chat.open("/account/")
    has_no_violation(chat.page, f"account-{scheme}")
    chat.open("/account/two-step/")
    has_no_violation(chat.page, f"two-step-{scheme}")
    chat.open("/api/docs/")
    has_no_violation(chat.page, f"api-docs-{scheme}")
    chat.page.context.clear_cookies(name="disclosure")
    chat.open()
    has_no_violation(chat.page, f"disclosure-{scheme}")


def test_a_conversation_and_what_opens_in_it(
    as_ana: Callable[..., Chat], server: AppServer, conversation: str, options: dict[str, Any]
) -> None:
    chat, scheme = as_ana(server, **options), options["color_scheme"]
    chat.open(conversation)
    chat.page.locator("mermaid-diagram").scroll_into_view_if_needed()
    expect(chat.page.locator("mermaid-diagram iframe")).to_be_visible()
    has_no_violation(chat.page, f"conversation-{scheme}")
    chat.page.locator("#scroller").evaluate("scroller => scroller.scrollTop = 0")
    chat.page.screenshot(path=SCREENSHOTS / f"conversation-top-{scheme}.png")
    chat.open(f"{conversation}?q=login&select=1")
    has_no_violation(chat.page, f"search-{scheme}")
    chat.open(conversation)
    chat.questions.last.locator("summary").click()
    has_no_violation(chat.page, f"edit-{scheme}")
    chat.answers.first.get_by_role("button", name="Bad answer").click()
    expect(chat.page.get_by_role("dialog")).to_be_visible()
    has_no_violation(chat.page, f"feedback-{scheme}")
    identity = chat.answers.first.get_attribute("data-message-id")
    chat.open(f"/chat/messages/{identity}/feedback/?score=down")
    has_no_violation(chat.page, f"feedback-page-{scheme}")
    for page in ("options", "share", "print"):
        chat.open(f"{conversation}{page}/")
        has_no_violation(chat.page, f"{page}-{scheme}")


def test_on_a_phone(as_ana: Callable[..., Chat], server: AppServer, conversation: str) -> None:
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "bypass_csp": True}
    chat = as_ana(server, **phone)
    has_no_violation(chat.page, "welcome-phone")
    chat.open(conversation)
    has_no_violation(chat.page, "conversation-phone")
    chat.page.get_by_role("button", name="Open sidebar").tap()
    has_no_violation(chat.page, "drawer-phone")


def test_at_200_percent_nothing_scrolls_sideways(
    as_ana: Callable[..., Chat], server: AppServer, conversation: str
) -> None:
    chat = as_ana(server, viewport={"width": 640, "height": 430}, device_scale_factor=2)
    for address in ("/chat/", conversation):
        chat.open(address)
        expect(chat.box).to_be_in_viewport()
        assert chat.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    chat.page.screenshot(path=SCREENSHOTS / "conversation-zoomed.png")


def test_right_to_left_text_runs_from_the_right(chat: Chat) -> None:
    chat.send("שלום, מה שלומך?").ended()
    bubble = chat.questions.locator(".bubble")
    assert bubble.evaluate("element => getComputedStyle(element).direction") == "rtl"


def test_a_screen_reader_hears_the_start_and_the_end_and_no_token(chat: Chat) -> None:
    status = chat.page.get_by_role("status")
    chat.page.evaluate("""() => {
      window.heard = [];
      new MutationObserver(() => heard.push(document.getElementById("status").textContent))
        .observe(document.getElementById("status"), { childList: true });
    }""")
    chat.send("/slow 10").ended()
    expect(status).to_have_text("Answer finished")
    assert chat.page.evaluate("() => window.heard") == ["Answer started", "Answer finished"]
    expect(chat.log).to_have_attribute("aria-live", "off")
    live = chat.answer.evaluate(
        "article => article.querySelectorAll('[aria-live], [role=status], [role=alert]').length"
    )
    assert live == 0
