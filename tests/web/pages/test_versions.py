"""Versions of questions and answers, and how one gets from one to the other."""

from __future__ import annotations

import pytest

from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Asked, Visitor


@pytest.fixture
def edited(ana: Visitor) -> tuple[Asked, Asked]:
    """A question and its answer, before and after it was edited."""
    first = ana.answer("First try")
    second = ana.answer("Second try", mode="edit", thread_id=first.thread_id, message_id=first.message_id)
    return first, second


def versions(article: Element) -> str:
    return " ".join(article.find(class_="versions").text.split())


def article(page: Element, message_id: object) -> Element:
    return page.find("article", data_message_id=str(message_id))


def test_a_message_without_versions_says_nothing_of_them(ana: Visitor) -> None:
    asked = ana.answer("Only one")
    assert not ana.page(f"/chat/{asked.thread_id}/").has(class_="versions")


def test_the_newest_version_is_shown_and_leads_to_the_one_before(ana: Visitor, edited: tuple[Asked, Asked]) -> None:
    first, second = edited
    page = ana.page(f"/chat/{first.thread_id}/")
    assert len(page.all("article")) == 2
    for old, new in ((first.message_id, second.message_id), (first.answer_id, second.answer_id)):
        shown = article(page, new)
        assert versions(shown) == "Version 2/2"
        (link,) = shown.all("a", data_version="")
        assert link.attributes["aria-label"] == "Previous version"
        assert link.attributes["href"] == f"?message={old}#m-{old}"
        assert not shown.has(class_="past")


@pytest.mark.parametrize("chosen", ["message_id", "answer_id"])
def test_question_and_answer_of_a_version_are_shown_together(
    ana: Visitor, edited: tuple[Asked, Asked], chosen: str
) -> None:
    first, _ = edited
    page = ana.page(f"/chat/{first.thread_id}/?message={getattr(first, chosen)}")
    question, answer = page.all("article")
    assert question.attributes["data-message-id"] == str(first.message_id)
    assert answer.attributes["data-message-id"] == str(first.answer_id)
    for shown in (question, answer):
        assert versions(shown) == "Version 1/2"
        assert shown.find(class_="past").text == "Past version"
        assert not shown.has("details", class_="edit")
        assert not shown.has("button", value="reload")


def test_htmx_gets_the_version_and_what_it_belongs_to_for_its_place(ana: Visitor, edited: tuple[Asked, Asked]) -> None:
    first, second = edited
    reply = parse(ana.get(f"/chat/messages/{first.message_id}/", headers=HTMX).text)
    assert "hx-swap-oob" not in article(reply, first.message_id).attributes
    assert article(reply, first.answer_id).attributes["hx-swap-oob"] == "outerHTML:[data-place='2']"
    back = parse(ana.get(f"/chat/messages/{second.answer_id}/", headers=HTMX).text)
    assert article(back, second.message_id).has("details", class_="edit")
    assert article(back, second.answer_id).has("button", value="reload")


def test_without_htmx_a_version_has_a_page(ana: Visitor, edited: tuple[Asked, Asked]) -> None:
    first, _ = edited
    response = ana.get(f"/chat/messages/{first.answer_id}/")
    assert response.status_code == 303
    assert response.location == f"/chat/{first.thread_id}/?message={first.answer_id}#m-{first.answer_id}"


def test_a_regenerated_answer_has_versions_and_its_question_has_none(ana: Visitor) -> None:
    asked = ana.answer("Again")
    again = ana.ask("", mode="reload", thread_id=asked.thread_id)
    (end,) = [message for message in ana.events(again.turn_id) if message.event == "end"]
    assert versions(parse(end.data)) == "Version 2/2"
    page = ana.page(f"/chat/{asked.thread_id}/?message={asked.answer_id}")
    question, answer = page.all("article")
    assert versions(answer) == "Version 1/2"
    assert not question.has(class_="versions")


@pytest.mark.parametrize("message", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_version_that_does_not_exist_is_not_found(ana: Visitor, message: str) -> None:
    asked = ana.answer("Hello")
    assert ana.get(f"/chat/{asked.thread_id}/?message={message}").status_code == 404


def test_a_message_of_another_thread_is_not_found(ana: Visitor) -> None:
    asked, other = ana.answer("Hello"), ana.answer("Other")
    assert ana.get(f"/chat/{asked.thread_id}/?message={other.message_id}").status_code == 404
