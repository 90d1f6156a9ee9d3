"""What staff and support see behind an answer: tokens and raw data."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from chatapp.core import threads
from chatapp.db import new_id, session, transaction
from chatapp.models import Message
from chatapp.web.inspector import panels
from tests.people import People, Person, settle
from tests.web.pages.visitor import Visitor

ORDER = {"id": "blk_1_r", "key": "vm_order", "status": "complete", "name": "web-1"}
TOOL = {"call_id": "c1", "name": "plan_vm", "arguments": {"name": "web-1"}, "summary": "Planned"}
BLOCKS = [
    {"id": "blk_0", "key": "markdown", "status": "complete", "content": "Here it is."},
    {"id": "blk_1", "key": "tool", "status": "complete", "tool": TOOL, "result": ORDER},
    {"id": "blk_2", "key": "resource_list", "status": "complete", "state": ["OK"]},
]


def store(person: Person) -> str:
    """The address of a thread of that person with an answer of all kinds."""
    thread = threads.create(person.user, "Planned")
    answer = Message(id=new_id(), thread_id=thread.id, user_id=person.id, role="assistant", sequence_index=1)
    answer.blocks, answer.input_tokens, answer.output_tokens, answer.model = BLOCKS, 1200, 34, "some-model"
    with transaction():
        session.add(answer)
    return f"/chat/{thread.id}/"


@pytest.mark.parametrize("name", ["stan", "sue"])
def test_staff_and_support_see_tokens_and_raw_data(visit: Callable[[], Visitor], people: People, name: str) -> None:
    person = getattr(people, name)
    browser = visit()
    browser.sign_in(person)
    page = browser.page(store(person))
    assert page.find(class_="tokens").text.strip() == "1,200 tokens in, 34 out"
    calls, components = page.all("details", class_="inspector")
    assert calls.find("summary").text == "Tool call data (1)"
    assert '"plan_vm"' in calls.find("code").text
    assert components.find("summary").text == "UI component data (2)"
    assert '"web-1"' in components.find("code").text


def test_others_see_neither(ana: Visitor, people: People) -> None:
    page = ana.page(store(people.ana))
    assert not page.has(class_="tokens")
    assert not page.has(class_="inspector")


def test_the_site_may_show_everybody_their_tokens(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(show_token_use=True)
    people = settle()
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(people.ana)
    page = browser.page(store(people.ana))
    assert page.has(class_="tokens")
    assert not page.has(class_="inspector")


def test_raw_data_has_no_ids() -> None:
    calls, components = panels(BLOCKS)
    assert "c1" not in calls.json
    assert "blk_" not in components.json
    assert panels(BLOCKS[:1]) == []
