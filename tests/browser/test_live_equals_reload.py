"""What was shown while it was written is what a reload shows, for answers as awkward as models write them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp.core.blocks import parse
from chatapp.values import BlockKey
from chatapp.web.render.parts import split
from tests.browser.chat import Chat
from tests.browser.console import Console
from tests.servers import AppServer
from tests.web.render.awkward import ANSWERS

NOTE_GROWTH = """log => {
  log.grown = {};
  document.addEventListener("live:grow", event => {
    const article = event.target !== document && event.target.closest("article"); // a page that caught up tells it too
    if (article) log.grown[article.dataset.messageId] = event.target.innerHTML;
  });
}"""
BLOCKS = """log => Object.fromEntries([...log.querySelectorAll("article[data-role=assistant]")].map(
  article => [article.dataset.messageId, article.querySelector(".blocks").innerHTML]))"""
LAST_GROWN = """log => {
  const last = [...log.querySelectorAll("article[data-role=assistant]")].at(-1);
  return log.grown[last.dataset.messageId] ?? null;
}"""

STREAMING = 'data-block-status="streaming"'
RATES = (300, 300, 150, 75, 40, 20)  # tokens per second: a slow machine follows a slower answer


def leaves_open(text: str) -> bool:
    """Whether what would be written after it is swallowed, by a fence for example."""
    last = parse(f"{text}\n\nThe end.")[-1]
    return last["key"] != BlockKey.MARKDOWN or split(last["content"])[-1].strip() != "The end."


OPEN = [text for text in ANSWERS.values() if leaves_open(text)]
CLOSED = [text for text in ANSWERS.values() if not leaves_open(text)]
AWKWARD = ["\n\n".join([*CLOSED[number :: len(OPEN)], last]) for number, last in enumerate(OPEN)]


@pytest.fixture
def chat(as_ana: Callable[..., Chat], served: AppServer) -> Chat:
    return as_ana(served)


def test_every_answer_is_the_same_before_its_end_after_it_and_after_a_reload(
    chat: Chat, service: MessagesServer
) -> None:
    assert len(OPEN) + len(CLOSED) >= 200
    chat.log.evaluate(NOTE_GROWTH)
    for text in AWKWARD:
        for rate in RATES:
            service.scripts = [Script(text=text, rate=rate)]
            chat.send("Go on").ended()
            grown = chat.log.evaluate(LAST_GROWN)
            if grown and STREAMING not in grown:
                break  # otherwise the page caught up with an answer that had ended before it was followed
    grown, ended, articles = chat.log.evaluate("log => log.grown"), chat.log.evaluate(BLOCKS), chat.articles()
    followed = {key: html for key, html in grown.items() if STREAMING not in html}
    assert len(followed) == len(AWKWARD)
    chat.page.reload()
    expect(chat.answers).to_have_count(len(ended))
    assert chat.log.evaluate(BLOCKS) == ended
    assert {key: ended[key] for key in followed} == followed
    assert chat.articles()[-1] == articles[-1]


def test_an_awkward_answer_survives_reloads_in_the_middle(chat: Chat, service: MessagesServer) -> None:
    names = ("item with paragraphs", "two fences", "table", "tilde fence", "emoji")
    parts = [f"{ANSWERS[name]}\n\nThis was part {number}.\n" for number, name in enumerate(names)]
    service.scripts = [Script(text="\n\n".join(parts), rate=60)]
    chat.send("Say it")
    for number in range(len(names) - 1):
        chat.says(f"This was part {number}.")
        chat.page.reload()
    chat.ended().says(f"This was part {len(names) - 1}.")
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles


def test_trying_again_works(chat: Chat, service: MessagesServer, console: Console) -> None:
    service.scripts = [Script(status=400), Script(text="Now it works.")]
    chat.send("Please").ended("failed")
    expect(chat.answer).to_contain_text("rejected the request")
    chat.answer.get_by_role("button", name="Try again").click()
    expect(chat.text).to_have_text("Now it works.")
    chat.ended()
    expect(chat.answers).to_have_count(1)
    expect(chat.page).to_have_title("A scripted title")


def test_a_regeneration_that_fails_brings_the_former_answer_back(chat: Chat, service: MessagesServer) -> None:
    service.scripts = [Script(text="The first answer."), Script(status=400)]
    chat.send("Please").ended()
    chat.answer.get_by_role("button", name="Regenerate").click()
    chat.ended("failed")
    expect(chat.text).to_have_text("The first answer.")
    expect(chat.answer).to_contain_text("rejected the request")
    articles = chat.articles()
    chat.page.reload()
    assert chat.articles() == articles


def test_what_a_model_writes_runs_nothing(chat: Chat, service: MessagesServer) -> None:
    hostile = (
        '<script>document.title = "owned"</script><img src=x onerror="document.title = \'owned\'">\n\n'
        "[click](javascript:document.title='owned') <a href=\"javascript:alert(1)\">here</a>\n\n"
        '<svg onload=alert(1)><style>body { display: none }</style>\n\n<form action="https://evil.example"><button>Send'
    )
    service.scripts = [Script(text=hostile, rate=200)]
    chat.send("Attack").ended()
    expect(chat.text.locator("script, img, style, form, [href^='javascript']")).to_have_count(0)
    expect(chat.page).to_have_title(re.compile("A scripted title"))
    expect(chat.send_button).to_be_visible()
