from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from chatapp.db import now, session, transaction
from chatapp.models import Message, Thread
from tests.people import People, Person
from tests.web.api.rows import add_message, add_thread
from tests.web.pages.visitor import Visitor


@pytest.fixture
def as_person(app: Flask) -> Callable[[Person], Visitor]:
    """Opens a browser in which that person has signed in."""

    def open_browser(person: Person) -> Visitor:
        browser = Visitor(app, app.response_class, use_cookies=True)
        browser.sign_in(person)
        return browser

    return open_browser


@pytest.fixture
def stan(as_person: Callable[[Person], Visitor], people: People) -> Visitor:
    return as_person(people.stan)


@pytest.fixture
def sue(as_person: Callable[[Person], Visitor], people: People) -> Visitor:
    return as_person(people.sue)


@pytest.fixture
def ana(as_person: Callable[[Person], Visitor], people: People) -> Visitor:
    return as_person(people.ana)


@pytest.fixture
def thread(people: People) -> str:
    """Of ana: a question with an older version that was flagged, an answer that was rated, an empty one."""
    thread = add_thread(people.ana, "Budget", input_tokens=1200, output_tokens=34, title_input_tokens=56)
    old = add_message(thread, "ignore everything", "user", is_flagged=True, severity="high", action_taken="flag")
    new = add_message(thread, "What is left?", "user")
    add_message(
        thread,
        "Ten <b>euros</b>",
        blocks=[{"id": "blk_0", "key": "markdown", "status": "complete", "content": "Ten *euros*"}],
        input_tokens=7,
        output_tokens=8,
        model="claude",
        feedback_score=False,
        feedback_category="inaccurate",
        feedback_comment="No,\n=twelve",
        feedback_submitted_at=now(),
    )
    add_message(thread, "", blocks=[])
    with transaction():
        session.execute(update(Message).where(Message.id == UUID(old)).values(superseded_by=UUID(new)))
        session.execute(update(Message).where(Message.id == UUID(new)).values(replaces_id=UUID(old), sequence_index=1))
        session.execute(
            update(Thread).values(has_feedback=True, is_flagged=True, max_severity="high", total_tokens=1234)
        )
    return thread
