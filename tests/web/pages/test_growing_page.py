"""Without JavaScript the thread's page itself is sent in pieces until the answer is complete."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.servers import wait_until
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import Visitor
from tests.web.render.corpus import ANSWERS

ANSWERED = {
    "text and ticks": "Hello *there*\n/slow 4",
    "code": "Write a Python function that adds two numbers",
    "table": "Compare tea and coffee in a table",
    "diagram": "Draw a diagram of a login flow",
    "failure": "One word\n/slow 2\n/fail provider_timeout",
    "failure before the first word": "/silent 0.1\n/fail-early provider_timeout",
    "awkward": "\n".join(filter(None, ANSWERS["item with paragraphs"].split("\n"))) + "\n/slow 2",
}


def ask(browser: Visitor, text: str, thread_id: UUID | str = "") -> str:
    """Send as a plain form does; the address of the page that grows."""
    response = browser.post("/chat/send/", data={"text": text, "thread_id": thread_id})
    assert response.status_code == 303
    return str(response.location.partition("#")[0])


def rest_of(page: Element) -> str:
    """What does not say that the answer is still being written."""
    for article in page.all("article"):
        for name in ("data-status", "aria-busy"):
            article.attributes.pop(name, None)
    return " ".join(str(page.find("main")).split())


def blocks_of(page: Element) -> str:
    return page.find("article", data_role="assistant").find(class_="blocks").inner


@pytest.mark.parametrize("name", ANSWERED)
def test_the_page_that_grew_is_the_page_of_a_reload(ana: Visitor, name: str) -> None:
    address = ask(ana, ANSWERED[name])
    grown, later = ana.page(address), ana.page(address)
    assert grown.find("article", data_role="assistant").attributes["data-status"] == "running", "it did not grow"
    assert rest_of(grown) == rest_of(later)
    assert blocks_of(grown) == blocks_of(later)
    assert grown.find(id="composer").has(aria_label="Send")


def test_no_script_follows_an_answer_that_grows_by_itself(ana: Visitor) -> None:
    page = ana.page(ask(ana, "/slow 3"))
    assert "data-live" not in page.find("article", data_role="assistant").attributes


def test_a_page_asked_for_after_the_end_is_the_ordinary_page(ana: Visitor) -> None:
    address = ask(ana, "Hello")
    wait_until(lambda: ana.page(address.partition("?")[0]).has(aria_label="Send"))
    article = ana.page(address).find("article", data_role="assistant")
    assert article.attributes["data-status"] == "completed"


def test_the_question_stands_above_the_answer_that_grows(ana: Visitor) -> None:
    first = ask(ana, "Hello")
    ana.get(first)
    thread_id = first.split("/")[2]
    page = ana.page(ask(ana, "/slow 3", thread_id))
    roles = [article.attributes["data-role"] for article in page.all("article")]
    assert roles == ["user", "assistant"] * 2
    assert page.all("article")[-1].find(class_="blocks").text.strip() == "tick 1 tick 2 tick 3"


def test_a_page_whose_answer_was_overtaken_ends_with_the_way_on(ana: Visitor) -> None:
    address = ask(ana, "/silent 60")
    thread_id = address.split("/")[2]
    pieces: list[str] = []

    def read() -> None:
        pieces.extend(piece.decode() for piece in FlaskClient.open(ana, address).iter_encoded())

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: pieces)
    ana.ask("Something else\n/silent 60", thread_id=thread_id)
    reader.join(10)
    assert parse("".join(pieces)).find(id="conversation").find("a", href=f"/chat/{thread_id}/").text == "Show it"
