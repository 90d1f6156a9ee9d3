"""A thread of 2,000 messages: its end is shown at once, the rest when somebody scrolls there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, insert, update

from chatapp.core import blocks, threads
from chatapp.db import db, new_id, now, release, session, transaction
from chatapp.models import Message, Thread
from chatapp.values import BlockKey
from chatapp.web.pages.conversations import LENGTH
from tests.people import People
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor

ANSWER = "Some **words** and\n\n- a list\n- of things\n\n```python\nx = {0}\n```\n"


def fill(people: People, count: int) -> UUID:
    """A thread of ana's with so many messages, questions and answers in turn."""
    thread = threads.create(people.ana.user, "Long")
    rows = []
    for index in range(1, count + 1):
        is_question = index % 2 == 1
        text = f"Question {index}" if is_question else ANSWER.format(index)
        stored = [blocks.stored_block(0, BlockKey.MARKDOWN, text)] if is_question else blocks.parse(text)
        moment = now()
        row = {
            "id": new_id(),
            "thread_id": thread.id,
            "user_id": people.ana.id,
            "role": "user",
            "sequence_index": index,
        }
        row |= {"content": text, "blocks": stored, "created": moment, "modified": moment}
        rows.append(row if is_question else row | {"role": "assistant"})
    with transaction():
        session.execute(insert(Message), rows)
        session.execute(update(Thread).where(Thread.id == thread.id).values(last_index=count, message_count=count))
    release()
    return thread.id


def places(part: Element) -> list[int]:
    return [int(article.attributes["data-place"]) for article in part.all("article")]


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What is asked of the database."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_long_thread_opens_at_its_end_and_is_walked_through_to_its_beginning(ana: Visitor, people: People) -> None:
    thread_id = fill(people, 130)
    page = ana.page(f"/chat/{thread_id}/")
    seen = places(page)
    assert seen == list(range(131 - LENGTH, 131))
    while page.has(class_="earlier"):
        address = page.find(class_="earlier").attributes["hx-get"]
        page = parse(ana.get(address, headers=HTMX).text)
        seen = places(page) + seen
        assert not page.has("details", class_="edit")
    assert seen == list(range(1, 131))


def test_without_script_there_are_links_back_and_forth(ana: Visitor, people: People) -> None:
    thread_id = fill(people, 130)
    page = ana.page(f"/chat/{thread_id}/")
    page = ana.page(f"/chat/{thread_id}/{page.find(class_='earlier').attributes['href']}")
    assert places(page) == list(range(131 - 2 * LENGTH, 131 - LENGTH))
    newer, latest = page.find(class_="later").all("a")
    page = ana.page(f"/chat/{thread_id}/{newer.attributes['href']}".partition("#")[0])
    assert places(page)[-1] == 130
    assert not page.has(class_="later")
    assert latest.attributes["href"] == f"/chat/{thread_id}/#latest"
    response = ana.get(f"/chat/{thread_id}/earlier/?before=81")
    assert response.location == f"/chat/{thread_id}/?before=81"


def test_a_page_never_begins_with_an_answer(ana: Visitor, people: People) -> None:
    thread_id = fill(people, 130)
    page = ana.page(f"/chat/{thread_id}/?before=102")
    assert places(page)[0] % 2 == 1
    assert places(page)[-1] == 101


def test_a_message_far_up_is_shown_among_its_neighbours(ana: Visitor, people: People) -> None:
    thread_id = fill(people, 130)
    first = parse(ana.get(f"/chat/{thread_id}/earlier/?before=2", headers=HTMX).text).find("article")
    page = ana.page(f"/chat/{thread_id}/?message={first.attributes['data-message-id']}")
    assert 1 in places(page)
    assert page.has(class_="later")


@pytest.mark.parametrize("before", ["nonsense", "-5", "0", "99999999999", "-99999999999"])
def test_any_place_may_be_asked_for(ana: Visitor, people: People, before: str) -> None:
    thread_id = fill(people, 4)
    assert ana.get(f"/chat/{thread_id}/?before={before}").status_code == 200


def test_two_thousand_messages_take_no_more_statements_and_little_time(
    ana: Visitor, people: People, statements: list[str]
) -> None:
    short, long = fill(people, 4), fill(people, 2_000)

    def opened(thread_id: UUID) -> int:
        statements.clear()
        ana.page(f"/chat/{thread_id}/")
        return len(statements)

    opened(short)
    assert opened(long) == opened(short)
    assert min(timed(lambda: ana.get(f"/chat/{long}/")) for _ in range(3)) < 0.3


def timed(action: Callable[[], object]) -> float:
    """Seconds of this process's work."""
    started = time.process_time()
    action()
    return time.process_time() - started
