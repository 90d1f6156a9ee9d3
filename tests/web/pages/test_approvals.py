"""Calls that a person has to allow: on the page that watches, after a reload, in a second tab, without JavaScript."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from chatapp import tools
from chatapp.core import approvals
from chatapp.db import new_id, now, release, session, transaction
from chatapp.models import Message, Turn
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import fresh
from tests.web.pages import order_tools
from tests.web.pages.dom import Copy, Element, parse
from tests.web.pages.visitor import HTMX, Asked, Visitor

DELETE = 'Look here\n/tool delete_file {"what": "old notes"}\nDone.'


@pytest.fixture(autouse=True)
def more_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "built_in", tools.built_in)
    order_tools.install()


def waiting(browser: Visitor, text: str = DELETE) -> Asked:
    """Ask, and wait until the answer waits."""
    return browser.answer(text)


def article(browser: Visitor, asked: Asked) -> Element:
    return browser.page(f"/chat/{asked.thread_id}/").all("article", data_role="assistant")[-1]


def cards(shown: Element) -> list[Element]:
    return shown.all(role="figure", data_state="pending")


def decide(browser: Visitor, card: Element, decision: str, htmx: bool = True, **form: str) -> Any:
    action = card.find("form").attributes["action"]
    return browser.post(action, data={"decision": decision} | form, headers=HTMX if htmx else {})


def normal(element: Element) -> str:
    return " ".join(str(element).split())


def test_an_answer_that_waits_is_shown_so_far_with_what_it_wants(ana: Visitor) -> None:
    asked = waiting(ana)
    end = ana.events(asked.turn_id)[-1]
    shown = article(ana, asked)
    assert end.event == "end"
    assert normal(parse(end.data).find("article")) == normal(shown)
    assert shown.attributes["data-status"] == "awaiting_approval"
    assert shown.attributes["data-undecided"] == "1"
    assert "Look here" in shown.find(class_="blocks").text
    (card,) = cards(shown)
    assert card.find(class_="card-title").text == "Allow delete_file?"
    assert (card.find("dt").text, card.find("dd").text) == ("What", "old notes")
    page = ana.page(f"/chat/{asked.thread_id}/")
    assert page.has("button", aria_label="Stop")
    entry = page.find("li", data_thread=str(asked.thread_id))
    assert entry.find(class_="decision").text == "Needs your decision"
    assert not entry.has(class_="activity")


@pytest.mark.parametrize(
    ("decision", "told"), [("approve", "Used delete_file"), ("deny", "delete_file was not allowed")]
)
def test_after_the_decision_the_answer_goes_on_where_it_stood(ana: Visitor, decision: str, told: str) -> None:
    asked = waiting(ana)
    shown = article(ana, asked)
    live = shown.attributes["data-live"]
    page = Copy(shown.find(class_="blocks").inner)
    messages: list[Any] = []
    reader = threading.Thread(target=lambda: messages.extend(ana.events(asked.turn_id, int(live.partition("=")[2]))))
    reader.start()
    answer = decide(ana, cards(shown)[0], decision, reason="Not that one.")
    assert parse(answer.text).find("article").attributes["data-message-id"] == str(asked.answer_id)
    reader.join(30)
    assert messages[-1].event == "end"
    for message in messages[:-1]:
        if message.event == "message":
            page.apply(message.ops)
    later = article(ana, asked)
    assert later.attributes["data-status"] == "completed"
    assert told in later.text
    assert normal(parse(messages[-1].data).find("article")) == normal(later)
    assert normal(parse(page.html)) == normal(parse(later.find(class_="blocks").inner))
    assert not ana.page("/chat/").has(class_="decision")


def test_a_page_that_saw_it_from_the_start_is_told_that_it_waits(ana: Visitor) -> None:
    asked = ana.ask(DELETE)
    *messages, _, end = ana.events(asked.turn_id)
    copy = Copy()
    for message in messages:
        copy.apply(message.ops)
    assert cards(parse(copy.calls))
    assert parse(end.data).find("article").attributes["data-live"]


def test_with_several_the_turn_waits_for_the_last(ana: Visitor) -> None:
    asked = waiting(ana)
    release()
    approvals.ask(asked.turn_id, "call_9", "delete_file")
    known = f"{asked.turn_id} awaiting_approval 2"
    address = f"/chat/{asked.thread_id}/conversation/"
    assert ana.get(address, query_string={"known": known}, headers=HTMX).status_code == 204
    (card,) = cards(article(ana, asked))
    decided = parse(decide(ana, card, "approve").text).find("article")
    assert decided.attributes["data-status"] == "awaiting_approval"
    assert "You allowed delete_file" in decided.text
    assert cards(decided) == []
    assert ana.get(address, query_string={"known": known}, headers=HTMX).status_code == 200


def test_whoever_decides_too_late_sees_what_was_decided(ana: Visitor) -> None:
    asked = waiting(ana)
    (card,) = cards(article(ana, asked))
    assert decide(ana, card, "deny").status_code == 200
    wait_until(lambda: fresh(Turn, asked.turn_id).status == "completed")
    late = parse(decide(ana, card, "approve").text)
    assert "delete_file was not allowed" in late.find("article").text
    assert late.has("button", aria_label="Send")


def test_without_script_the_decision_is_a_plain_form(ana: Visitor) -> None:
    response = ana.post("/chat/send/", data={"text": DELETE})
    grown = ana.page(response.location.partition("#")[0])
    shown = grown.all("article", data_role="assistant")[-1]
    assert "Look here" in shown.find(class_="blocks").text
    (card,) = cards(shown)
    assert "data-live" not in shown.attributes
    response = decide(ana, card, "approve", htmx=False)
    assert response.status_code == 303
    later = ana.page(response.location.partition("#")[0]).all("article", data_role="assistant")[-1]
    assert "Used delete_file" in later.text
    assert "Done." in later.text
    assert not cards(later)


def test_stop_ends_it_and_denies(ana: Visitor) -> None:
    asked = waiting(ana)
    (card,) = cards(article(ana, asked))
    ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX)
    shown = article(ana, asked)
    assert shown.attributes["data-status"] == "cancelled"
    assert "delete_file was not allowed" in shown.text
    assert "You stopped this answer." in decide(ana, card, "approve").text


def test_only_the_owner_decides(ana: Visitor, ben: Visitor, visit: Callable[[], Visitor], people: People) -> None:
    asked = waiting(ana)
    (card,) = cards(article(ana, asked))
    staff = visit()
    staff.sign_in(people.stan)
    for stranger in (ben, staff):
        assert decide(stranger, card, "approve").status_code == 404
    assert "/sign-in/" in decide(visit(), card, "approve", htmx=False).location
    assert decide(ana, card, "perhaps").status_code == 400
    unknown = f"/chat/turns/{asked.turn_id}/approvals/{new_id()}/"
    assert ana.post(unknown, data={"decision": "approve"}, headers=HTMX).status_code == 404
    assert cards(article(ana, asked))


def test_nobody_waits_for_ever(ana: Visitor) -> None:
    asked = waiting(ana)
    release()
    with transaction():
        session.execute(update(Turn).where(Turn.id == asked.turn_id).values(modified=now() - timedelta(days=400)))
    shown = article(ana, asked)
    assert shown.attributes["data-status"] == "failed"
    assert approvals.EXPIRED.message in shown.text


def test_what_reads_like_instructions_is_marked_and_writes_nothing_unasked(ana: Visitor) -> None:
    asked = ana.answer("/tool read_page {}")
    assert "contains what reads like instructions; treated as data" in article(ana, asked).text
    release()
    (block, *_) = fresh(Message, asked.answer_id).blocks
    assert block["tool"]["quarantined"] is True
    assert UUID(str(asked.turn_id))
