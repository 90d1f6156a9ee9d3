"""Forms, orders, calls of tools and approvals, as people use them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.sync_api import Locator, expect

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer
from tests.browser.chat import PATIENCE, Chat
from tests.browser.conftest import settled
from tests.browser.console import Console
from tests.browser.test_accessibility import has_no_violation
from tests.servers import AppServer
from tests.web.pages.order_tools import PREVIEW

WATCHED: dict[str, Any] = {"bypass_csp": True, "viewport": {"width": 1280, "height": 900}}
SIZES = [{"label": f"m1.{number}", "description": f"{number} vCPU"} for number in range(1, 13)]
QUESTIONS = [
    {"question": "Where should it live?", "header": "Project", "options": [{"label": "Alpha"}, {"label": "Beta"}]},
    {"question": "Which sizes would do?", "header": "Flavor", "multiSelect": True, "options": SIZES},
    {"question": "What is it called?"},
]
PROBLEM = "The quota of the project is used up."


@pytest.fixture(scope="module")
def workshop(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, service: MessagesServer
) -> Iterator[AppServer]:
    """The product with the tools of the tests, `service` as its model and user ana."""
    folder = tmp_path_factory.mktemp("workshop")
    shutil.copy(migrated_sqlite, folder / "chatapp.db")
    model = {"PROVIDER": "anthropic", "ANTHROPIC_API_KEY": "key", "ANTHROPIC_BASE_URL": service.url}
    environ = {"INSTANCE_PATH": str(folder), "SECRET_KEY": "tests", **model}
    server = AppServer(environ, "tests.browser.workshop:app")
    yield settled(server.start())
    server.kill()


@pytest.fixture
def chat(as_ana: Callable[..., Chat], workshop: AppServer) -> Chat:
    return as_ana(workshop, **WATCHED)


def calls(*wanted: tuple[str, dict[str, Any]], text: str = "") -> Script:
    """An answer that says something and calls tools."""
    said = (Block(text=text),) if text else ()
    used = (
        Block("tool_use", orjson.dumps(arguments).decode(), f"toolu_{number}_{name}", name)
        for number, (name, arguments) in enumerate(wanted)
    )
    return Script(blocks=(*said, *used), stop_reason="tool_use")


def card(chat: Chat, name: str) -> Locator:
    return chat.log.get_by_role("figure", name=name).last


def test_from_a_form_to_an_order_that_is_placed_once(chat: Chat, service: MessagesServer) -> None:
    success = PREVIEW | {"status": "success", "order_id": "e4-1", "message": "The order was placed."}
    service.scripts = [
        calls(("ask_user", {"questions": QUESTIONS, "context": "A few things first."}), text="Let us see."),
        calls(("preview_vm", {}), text="Here is what I would order."),
        calls(("preview_vm", success)),
    ]
    chat.send("Order a VM").ended()
    form = card(chat, "Questions")
    send = form.get_by_role("button", name="Send")
    expect(send).to_be_disabled()
    form.scroll_into_view_if_needed()
    has_no_violation(chat.page, "form-light")
    form.get_by_role("radio", name="Alpha").check()
    expect(form.get_by_role("status")).to_have_text("1 of 3 answered")
    form.get_by_text("Type your own").first.click()
    chat.page.keyboard.type("Gamma")
    expect(form.get_by_role("radio", name="Alpha")).not_to_be_checked()
    expect(form.get_by_role("status")).to_have_text("1 of 3 answered")
    form.get_by_role("radio", name="Beta").check()
    expect(form.get_by_role("textbox", name="Your own answer: Where should it live?")).to_have_count(0)
    form.get_by_role("searchbox").fill("11 vcpu")
    expect(form.get_by_role("checkbox")).to_have_count(1)
    form.get_by_role("checkbox", name="m1.11").check()
    form.get_by_role("searchbox").fill("nothing like it")
    expect(form.get_by_role("checkbox")).to_have_count(1)
    form.get_by_role("searchbox").fill("")
    form.get_by_role("checkbox", name="m1.2", exact=False).first.check()
    form.get_by_role("textbox", name="What is it called?").fill("web-1")
    has_no_violation(chat.page, "form-filled-light")
    expect(send).to_be_enabled()
    send.press("Enter")
    expect(chat.questions.last).to_contain_text('Project: Beta. Flavor: m1.2, m1.11. What is it called?: "web-1".')
    expect(form.get_by_text("Sent")).to_be_visible()
    order = card(chat, "Virtual machine to be created")
    create = order.get_by_role("button", name="Create")
    expect(create).to_be_enabled()
    chat.ended()
    has_no_violation(chat.page, "order-light")
    create.dblclick()
    done = card(chat, "Virtual machine ordered")
    expect(done.get_by_text("The order was placed.")).to_be_visible()
    chat.ended()
    expect(chat.questions).to_have_count(3)
    expect(order.get_by_role("button")).to_have_count(0)
    expect(order).to_contain_text("You confirmed this.")
    expect(done.get_by_role("link", name="Show the order")).to_have_attribute("href", "/orders/e4-1/")
    has_no_violation(chat.page, "ordered-light")
    shown = chat.text.inner_html()
    chat.page.reload()
    assert chat.text.inner_html() == shown


def test_a_decision_is_made_in_one_tab_and_seen_in_the_other(chat: Chat, service: MessagesServer) -> None:
    both = calls(
        ("delete_file", {"what": "notes"}), ("delete_file", {"what": "photographs"}), text="I would delete two."
    )
    service.scripts = [both, Script(text="One is gone.")]
    chat.send("Tidy up")
    waiting = chat.log.get_by_role("figure", name="Your decision: delete_file")
    expect(waiting).to_have_count(2)
    expect(chat.answer).to_have_attribute("data-status", "awaiting_approval")
    expect(chat.stop_button).to_be_visible()
    entry = chat.page.get_by_role("navigation", name="Conversations").get_by_title("Needs your decision")
    expect(entry).to_be_visible()
    has_no_violation(chat.page, "approval-light")
    other = Chat(chat.page.context.new_page()).open(chat.page.url)
    theirs = other.log.get_by_role("figure", name="Your decision: delete_file")
    expect(theirs).to_have_count(2)
    theirs.first.get_by_role("button", name="Approve").focus()
    other.page.keyboard.press("Enter")
    expect(theirs).to_have_count(1)
    expect(waiting).to_have_count(1)
    expect(chat.answer).to_contain_text("You allowed delete_file")
    waiting.get_by_role("textbox").fill("I still need them.")
    waiting.get_by_role("button", name="Deny").click()
    for tab in (chat, other):
        tab.ended().says("One is gone.")
        expect(tab.answer.get_by_text("Used delete_file")).to_be_visible()
        expect(tab.answer.get_by_text("delete_file was not allowed")).to_be_visible()
        expect(tab.answer.locator(".calls")).to_have_count(0)
    expect(entry).to_have_count(0)
    articles = chat.articles()
    assert other.articles() == articles
    chat.page.reload()
    assert chat.articles() == articles


LEAVE_BEFORE_THE_END = """() => {
  EventSource.prototype.addEventListener = function (name, listen) {
    EventTarget.prototype.addEventListener.call(this, name, event => {
      if (name === "end") document.querySelector("article[data-live]").remove();
      listen(event);
      window.hasEnded ||= name === "end";
    });
  };
}"""


def test_an_answer_that_left_the_page_before_its_end_is_not_followed_any_more(
    chat: Chat, service: MessagesServer, console: Console
) -> None:
    is_shown = threading.Event()

    def script(_: object) -> Script:
        is_shown.wait(PATIENCE / 1_000)
        return calls(("delete_file", {"what": "notes"}))

    service.scripts = script
    chat.page.evaluate(LEAVE_BEFORE_THE_END)
    chat.send("Tidy up")
    expect(chat.answer).to_have_attribute("data-status", "running")
    is_shown.set()
    chat.page.wait_for_function("window.hasEnded")
    chat.page.evaluate("document.dispatchEvent(new CustomEvent('page:woke', { detail: { lost: false } }))")
    chat.page.reload()
    expect(chat.answers).to_have_count(1)
    assert console.surprises == []


ALL = (
    ("calculate", {"expression": "6 * 7"}),
    ("calculate", {"expression": "1 / 0"}),
    ("read_page", {}),
    ("show", {"key": "homeport_nav", "content": "Go on", "links": [{"label": "Catalogue", "url": "/catalogue/"}]}),
    ("show", {"key": "resource_list"}),
    ("preview_vm", PREVIEW | {"status": "project_form", "projects": [{"uuid": "6f", "name": "Alpha"}]}),
    ("preview_vm", {"status": "error", "error": PROBLEM}),
    ("preview_vm", PREVIEW | {"status": "success", "order_id": "e4-1", "message": "Done."}),
    ("preview_vm", PREVIEW | {"network": "lan", "ssh_key_name": "laptop", "system_volume_size": 20480}),
    ("ask_user", {"questions": QUESTIONS, "context": "A few things first."}),
)


def test_a_page_of_all_states(as_ana: Callable[..., Chat], workshop: AppServer, service: MessagesServer) -> None:
    chat = as_ana(workshop, **WATCHED | {"color_scheme": "dark"})
    service.scripts = [calls(*ALL, text="Everything at once."), Script(text="Go on.")]
    chat.send("Show me everything").ended()
    expect(chat.log.get_by_text("contains what reads like instructions")).to_be_visible()
    card(chat, "Resources").scroll_into_view_if_needed()
    expect(card(chat, "Resources").get_by_text("There is nothing yet.")).to_be_visible()
    expect(card(chat, "The virtual machine was not ordered").get_by_text(PROBLEM)).to_be_visible()
    for details in chat.log.locator("details.call").all():
        details.locator("summary").click()
    tall = {"width": 1280, "height": 3400}
    chat.page.set_viewport_size(tall)
    has_no_violation(chat.page, "all-blocks-dark")
    chat.page.emulate_media(color_scheme="light")
    has_no_violation(chat.page, "all-blocks-light")
    chat.page.set_viewport_size({"width": 390, "height": 4200})
    has_no_violation(chat.page, "all-blocks-phone")
    assert chat.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    chat.open(f"{chat.page.url}print/")
    expect(chat.page.get_by_text("only while the conversation is open").first).to_be_visible()
    has_no_violation(chat.page, "all-blocks-print")


def test_in_a_frame_and_without_script(
    as_ana: Callable[..., Chat], workshop: AppServer, service: MessagesServer
) -> None:
    chat = as_ana(workshop, java_script_enabled=False)
    delete = calls(("delete_file", {"what": "notes"}))
    service.scripts = [calls(("ask_user", {"questions": QUESTIONS[:1]})), delete, Script(text="Not deleted.")]
    chat.box.fill("Ask me")
    chat.send_button.click()
    form = card(chat, "Questions")
    form.get_by_role("radio", name="Beta").check()
    form.get_by_role("button", name="Send").click()
    waiting = chat.log.get_by_role("figure", name="Your decision: delete_file")
    expect(chat.questions.last).to_contain_text("Project: Beta.")
    waiting.get_by_role("textbox").fill("Better not.")
    waiting.get_by_role("button", name="Deny").click()
    expect(chat.text).to_contain_text("Not deleted.")
    expect(chat.text).to_contain_text("delete_file was not allowed")
