"""Whatever is written where: nothing runs, nothing is asked of another server, and the policy has nothing to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Frame, Page, Request, expect

from chatapp.config import Settings
from chatapp.core import accounts, threads
from chatapp.core.blocks import BlockParser
from chatapp.db import new_id, session, transaction
from chatapp.models import Message, Thread
from chatapp.values import BlockKey, Json
from chatapp.web.render import LiveRenderer
from tests import attacks
from tests.browser.chat import Chat
from tests.browser.conftest import settled
from tests.browser.console import Console
from tests.conftest import running
from tests.servers import AppServer
from tests.web.render.corpus import chunks

WATCH = """window.reports = [];
document.addEventListener("securitypolicyviolation", event => {
  window.reports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});"""
APPLY = """async ([script, answers]) => {
  const { applyOps } = await import(script);
  for (const flushes of answers) {
    const article = document.createElement("article");
    article.className = "message blocks";
    document.getElementById("conversation").append(article);
    for (const ops of flushes) applyOps(article, ops);
    htmx.process(article);
  }
}"""
DRAW = """async sources => {
  const frame = document.querySelector("mermaid-diagram").shadowRoot.querySelector("iframe");
  const replies = [];
  for (const source of sources) {
    replies.push(await new Promise(done => {
      addEventListener("message", function heard(event) {
        if (event.source !== frame.contentWindow || event.data.ready) return;
        removeEventListener("message", heard);
        done(event.data.error ? "refused" : "drawn");
      });
      frame.contentWindow.postMessage({ source, dark: false }, "*");
    }));
  }
  return replies;
}"""


class Guard:
    """What the windows of a browser did that they should not."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self._home = home
        self.done: list[str] = []
        context.add_init_script(WATCH)
        context.on("request", self._note_request)
        context.on("dialog", lambda dialog: (self.done.append(f"dialog {dialog.message}"), dialog.dismiss()))
        context.on("page", lambda page: page.on("download", lambda download: self.done.append(download.url)))

    def look(self, page: Page) -> list[str]:
        """Everything up to now, in all frames of the page."""
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        for frame in page.frames:
            self._look(frame)
        return self.done

    def _look(self, frame: Frame) -> None:
        if frame.evaluate("() => 'pwned' in window"):
            self.done.append(f"ran in {frame.url}")
        self.done += frame.evaluate("() => window.reports")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(self._home):
            self.done.append(f"asked for {request.url}")


@pytest.fixture(scope="module")
def attacked(start_server: Callable[..., AppServer]) -> AppServer:
    return settled(start_server(OFFLINE_PACE="0"))


@pytest.fixture(scope="module")
def thread_id(attacked: AppServer) -> UUID:
    """A thread full of attacks, among a hundred that are called like them, of somebody who is called like one."""
    instance = attacked.environ["INSTANCE_PATH"]
    settings = replace(Settings(), database_url=f"sqlite:///{instance}/chatapp.db", instance_path=instance)
    with running(settings):
        ana = accounts.find_user("ana")
        for text in [text for text in attacks.TEXTS if "\n" not in text][:99]:
            threads.create(ana, text[:150])
        thread = threads.create(ana, attacks.TEXTS[0])
        with transaction():
            ana.full_name = "<img src=x onerror=window.pwned=1>"
            for number, message in enumerate(_messages(), 1):
                message.thread_id, message.user_id, message.sequence_index = thread.id, ana.id, number
                session.add(message)
            session.get_one(Thread, thread.id).last_index = number
        return thread.id


def _messages() -> Iterator[Message]:
    prose = [_block(number, BlockKey.MARKDOWN, content=text) for number, text in enumerate(attacks.TEXTS)]
    for stored in (prose, list(_results())):
        yield Message(role="user", content="\n\n".join(attacks.ALL), blocks=[])
        yield Message(
            id=new_id(), role="assistant", content="\n\n".join(attacks.ALL), blocks=stored, warning=attacks.TEXTS[0],
            input_tokens=1, output_tokens=1, model=attacks.TEXTS[0],
            feedback_score=False, feedback_comment="</textarea><img src=x onerror=window.pwned=1>",
        )  # fmt: skip


def _results() -> Iterator[Json]:
    """Every tool result with every attack in every place."""
    for number, text in enumerate(attacks.TEXTS):
        order = dict.fromkeys(("name", "flavor", "image", "project", "organization", "network", "ssh_key_name"), text)
        url = text.partition("](")[2].rstrip(")") or text
        results = (
            _block(number, BlockKey.VM_ORDER, order_status="preview", **order),
            _block(number, BlockKey.VM_ORDER, order_status="error", error=text),
            _block(number, BlockKey.HOMEPORT_NAV, content=text, links=[{"label": text, "url": url, "variant": text}]),
            _block(number, BlockKey.RESOURCE_LIST, state=[text]),
            _block(number, BlockKey.ASK_USER_FORM, questions=[{"question": text, "options": [{"label": text}]}]),
            _block(number, BlockKey.CODE, content=text, tag=text),
        )
        tool = {"call_id": text, "name": text, "arguments": {text: text}, "summary": text}
        yield _block(number, BlockKey.TOOL, tool=tool, result=results[number % len(results)])


def _block(number: int, key: BlockKey, **fields: Any) -> Json:
    return {"id": f"blk_{number}", "key": key.value, "status": "complete", **fields}


@pytest.fixture
def guarded(as_ana: Callable[..., Chat], attacked: AppServer, thread_id: UUID) -> Iterator[tuple[Chat, Guard]]:
    """The thread, in a window that is watched from before its first byte."""
    chat = as_ana(attacked)
    guard = Guard(chat.page.context, attacked.url)
    address = f"{attacked.url}/chat/{thread_id}/"
    chat.open(address)
    yield chat, guard
    assert guard.look(chat.page) == []
    assert chat.page.url.partition("?")[0] == address


def test_there_are_a_hundred_and_fifty_attacks() -> None:
    assert len(attacks.ALL) >= 150


def test_nothing_runs_in_a_page_that_is_loaded(guarded: tuple[Chat, Guard]) -> None:
    chat, guard = guarded
    expect(chat.answers).to_have_count(2)
    expect(chat.answers.first.locator("[data-block-key=markdown]")).to_have_count(len(attacks.TEXTS))
    while (older := chat.page.locator("a.threads-more")).count():
        shown = chat.page.locator(".thread-title").count()
        older.scroll_into_view_if_needed()
        expect(chat.page.locator(".thread-title").nth(shown)).to_be_attached()
    expect(chat.page.locator(".thread-title")).to_have_count(100)
    expect(chat.log.locator("img, script, style, link, iframe, object, form[action^=http]")).to_have_count(0)
    for link in chat.log.get_by_role("link").all():
        assert str(link.get_attribute("href")).startswith(("http://", "https://", "mailto:", "/", "?")), link
    assert guard.look(chat.page) == []
    chat.answer.get_by_role("button", name="Bad answer").click()
    expect(chat.page.get_by_role("dialog").get_by_role("textbox")).to_have_value(
        "</textarea><img src=x onerror=window.pwned=1>"
    )


def test_nothing_runs_while_an_answer_is_written(guarded: tuple[Chat, Guard]) -> None:
    chat, _ = guarded
    with Flask("chatapp").app_context():  # the templates are all that is needed of it
        answers = [_streamed(text) for text in attacks.TEXTS]
    script = chat.page.locator("script[src*='js/live.js']").get_attribute("src")
    chat.page.evaluate(APPLY, [script, answers])
    expect(chat.log.get_by_role("article")).to_have_count(4 + len(attacks.TEXTS))
    expect(chat.log.locator("img, script, style, link, iframe, object, form[action^=http]")).to_have_count(0)


def _streamed(text: str) -> list[list[Json]]:
    parser, renderer = BlockParser(), LiveRenderer()
    return [renderer.feed(parser.feed(piece)) for piece in chunks(text, longest=9)] + [renderer.feed(parser.finish())]


def test_nothing_runs_in_a_diagram(as_ana: Callable[..., Chat], attacked: AppServer, console: Console) -> None:
    console.expected = ("<rect> attribute",)  # Mermaid measures what it does not show
    chat = as_ana(attacked)
    guard = Guard(chat.page.context, attacked.url)
    chat.open()
    chat.send("Draw a diagram of a login flow").ended()
    expect(chat.page.frame_locator("mermaid-diagram iframe").locator("svg[id]")).to_be_visible()
    replies = chat.page.evaluate(DRAW, attacks.DIAGRAMS)
    assert replies.count("drawn") > len(replies) / 2
    assert guard.look(chat.page) == []


def test_nothing_runs_when_it_is_asked_and_repeated(as_ana: Callable[..., Chat], attacked: AppServer) -> None:
    chat = as_ana(attacked)
    guard = Guard(chat.page.context, attacked.url)
    chat.open()
    chat.send("\n".join(text for text in attacks.TEXTS if "\n" not in text)).ended()
    assert guard.look(chat.page) == []
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles
    assert guard.look(chat.page) == []


def test_an_image_is_a_link(guarded: tuple[Chat, Guard]) -> None:
    chat, _ = guarded
    link = chat.answers.first.get_by_role("link", name="x", exact=True)
    expect(link.and_(chat.page.locator("[href='https://evil.example/beacon.png?d=secret']"))).to_have_count(1)
