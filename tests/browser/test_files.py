"""Files that go with questions: chosen, dropped, pasted, looked at, taken back, sent."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests import files
from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import AppServer

GIVE = """(target, [how, name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), char => char.charCodeAt(0));
  const parcel = new DataTransfer();
  parcel.items.add(new File([bytes], name, { type }));
  const shared = { bubbles: true, cancelable: true };
  if (how === "paste") target.dispatchEvent(new ClipboardEvent(how, { ...shared, clipboardData: parcel }));
  else for (const kind of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, { ...shared, dataTransfer: parcel }));
}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.md").write_text("# Plan\n\nThe plan is simple.")
    (tmp_path / "report.pdf").write_bytes(files.pdf(2, "Revenue grew"))
    (tmp_path / "program.pdf").write_bytes(b"MZ\0\0\0\0")
    return tmp_path


def give(chat: Chat, how: str, name: str, data: bytes, kind: str) -> None:
    """As the browser hands over what is dropped or pasted."""
    chat.box.evaluate(GIVE, [how, name, kind, b64encode(data).decode()])


def choose(chat: Chat, *paths: Path) -> None:
    with chat.page.expect_file_chooser() as chooser:
        chat.page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(list(paths))


def waiting(chat: Chat) -> Locator:
    """The files in the composer."""
    return chat.page.get_by_role("list", name="Files to send").get_by_role("listitem")


def test_files_go_with_a_question(chat: Chat, console: Console, folder: Path) -> None:
    console.expected = ("status of 415",)
    chat.box.fill("What is in them?")
    choose(chat, folder / "plan.md", folder / "program.pdf")
    expect(waiting(chat)).to_have_count(2)
    expect(waiting(chat).filter(has_text="program.pdf")).to_contain_text("Files of this type are not taken")
    expect(waiting(chat).filter(has_text="plan.md")).to_contain_text("Markdown, 27 bytes")
    chat.page.get_by_role("button", name="Remove: program.pdf").click()
    give(chat, "drop", "report.pdf", (folder / "report.pdf").read_bytes(), "application/pdf")
    give(chat, "paste", "image.png", files.png(64, 48), "image/png")
    expect(waiting(chat)).to_have_count(3)
    expect(waiting(chat).filter(has_text="report.pdf")).to_contain_text("PDF,")
    expect(chat.page.locator("[data-state]")).to_have_count(0)

    chat.page.reload()
    expect(waiting(chat)).to_have_count(3)
    expect(chat.box).to_have_value("What is in them?")
    chat.page.get_by_role("link", name="plan.md").click()
    dialog = chat.page.get_by_role("dialog", name="plan.md")
    expect(dialog).to_contain_text("The plan is simple.")
    chat.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    chat.page.get_by_role("button", name="Remove plan.md").press("Enter")
    expect(waiting(chat)).to_have_count(2)

    chat.send_button.click()
    chat.ended()
    expect(waiting(chat)).to_have_count(0)
    expect(chat.text).to_contain_text("I was given report.pdf: application/pdf, 28 characters.")
    expect(chat.text).to_contain_text("I was given an image to see: image/png")
    chat.page.reload()
    attached = chat.questions.get_by_role("list", name="Attached files").get_by_role("listitem")
    expect(attached).to_have_count(2)
    expect(waiting(chat)).to_have_count(0)
    assert attached.locator("img").evaluate("image => image.naturalWidth") == 64


def test_nothing_is_lost_when_the_server_is_away(chat: Chat, console: Console, folder: Path) -> None:
    console.expected = ("ERR_INTERNET_DISCONNECTED",)
    chat.page.context.set_offline(True)
    choose(chat, folder / "plan.md")
    expect(waiting(chat)).to_contain_text("The server could not be reached.")
    chat.page.context.set_offline(False)
    chat.page.get_by_role("button", name="Try again: plan.md").click()
    expect(waiting(chat)).to_contain_text("Markdown, 27 bytes")


def test_without_script_the_form_takes_files(
    window: Callable[..., BrowserContext], server: AppServer, folder: Path, console: Console
) -> None:
    console.expected = ("status of 415",)
    chat = Chat(window(server, java_script_enabled=False).new_page()).sign_in("ana")
    chat.box.fill("What is in it?")
    chat.page.get_by_role("button", name="Attach files").set_input_files([folder / "program.pdf"])
    chat.send_button.click()
    expect(chat.page.get_by_role("alert")).to_contain_text("Files of this type are not taken")
    expect(chat.box).to_have_value("What is in it?")
    chat.page.get_by_role("button", name="Attach files").set_input_files([folder / "plan.md"])
    chat.send_button.click()
    expect(chat.text).to_contain_text("I was given plan.md")
    expect(chat.questions.get_by_role("listitem")).to_contain_text("plan.md")
