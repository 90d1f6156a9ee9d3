"""What a thread's page shows for every way in which an answer can stand."""

from __future__ import annotations

from typing import Any

import pytest

from chatapp.core import endings, executors, messages
from chatapp.core.endings import Ending
from chatapp.db import transaction
from chatapp.values import FinishReason
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Asked, Visitor


def log(browser: Visitor, asked: Asked) -> Element:
    return browser.page(f"/chat/{asked.thread_id}/").find(role="log")


def last_answer(browser: Visitor, asked: Asked) -> Element:
    return log(browser, asked).all("article", data_role="assistant")[-1]


def final_article(browser: Visitor, asked: Asked) -> str:
    """What the stream puts in place of the answer when it is over."""
    (end,) = [message for message in browser.events(asked.turn_id) if message.event == "end"]
    return end.data


def same(html: str, shown: Element) -> bool:
    return " ".join(str(parse(html).elements[0]).split()) == " ".join(str(shown).split())


def test_a_complete_answer_can_be_copied_and_written_again(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    question, answer = log(ana, asked).all("article")
    assert (question.attributes["data-message-id"], question.attributes["data-role"]) == (str(asked.message_id), "user")
    assert answer.attributes["data-message-id"] == str(asked.answer_id)
    assert answer.attributes["data-status"] == "completed"
    assert answer.has("button", aria_label="Regenerate")
    assert answer.find("template").text == "You said: Hello"
    assert question.has("textarea", aria_label="Edit question")
    assert same(final_article(ana, asked), answer)


def test_only_the_last_exchange_can_be_changed(ana: Visitor) -> None:
    asked = ana.answer("First")
    ana.answer("Second", thread_id=asked.thread_id)
    conversation = log(ana, asked)
    assert len(conversation.all(aria_label="Regenerate")) == 1
    assert len(conversation.all(aria_label="Edit question")) == 1
    assert conversation.all("article")[2].has(aria_label="Edit question")


def test_a_running_answer_names_its_stream_and_the_place_to_go_on_from(ana: Visitor) -> None:
    asked = ana.ask("Look here\n/silent 60")
    ana.events_until(asked.turn_id, "Look")
    answer = last_answer(ana, asked)
    assert answer.attributes["data-status"] == "running"
    assert answer.attributes["aria-busy"] == "true"
    path, _, after = answer.attributes["data-live"].partition("?after=")
    assert path == f"/chat/turns/{asked.turn_id}/events"
    assert int(after) > 2
    assert "You said: Look" in answer.find(class_="blocks").text
    assert ana.page(f"/chat/{asked.thread_id}/").find(id="composer").has(aria_label="Stop")


def test_a_stopped_answer_keeps_its_text_and_says_that_it_was_stopped(ana: Visitor) -> None:
    asked = ana.ask("Look here\n/silent 60")
    ana.events_until(asked.turn_id, "here")
    ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX)
    answer = last_answer(ana, asked)
    assert answer.attributes["data-status"] == "cancelled"
    assert answer.find(class_="blocks").text.strip() == "You said: Look here"
    assert "You stopped" in answer.find(class_="answer-stopped").text
    assert same(final_article(ana, asked), answer)


def test_an_answer_stopped_before_its_first_word_has_its_place(ana: Visitor) -> None:
    asked = ana.ask("/silent 60")
    ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX)
    answer = last_answer(ana, asked)
    assert answer.attributes["data-message-id"] == str(asked.answer_id)
    assert answer.attributes["data-status"] == "cancelled"
    assert same(final_article(ana, asked), answer)


def test_a_failed_answer_says_why_and_keeps_what_there_was(ana: Visitor) -> None:
    asked = ana.answer("/fail provider_rate_limited")
    answer = last_answer(ana, asked)
    assert answer.attributes["data-status"] == "failed"
    assert answer.find(class_="blocks").text.strip() == "partial"
    assert "rate limit" in answer.find(class_="answer-error").text
    assert answer.find("button", value="reload").text == "Try again"
    assert not answer.has(aria_label="Regenerate")
    assert same(final_article(ana, asked), answer)


def test_an_answer_that_failed_before_its_first_word_has_its_place(ana: Visitor) -> None:
    asked = ana.answer("/fail-early provider_timeout")
    answer = last_answer(ana, asked)
    assert answer.attributes["data-message-id"] == str(asked.answer_id)
    assert "timed out" in answer.find(class_="answer-error").text
    assert answer.find("button", value="reload").text == "Try again"
    assert same(final_article(ana, asked), answer)


def test_an_earlier_failure_stays_on_the_page_without_its_button(ana: Visitor) -> None:
    asked = ana.answer("/fail-early provider_timeout")
    ana.answer("Hello", thread_id=asked.thread_id)
    failed, answered = log(ana, asked).all("article", data_role="assistant")
    assert "timed out" in failed.text
    assert not failed.has("button", value="reload")
    assert answered.has(aria_label="Regenerate")


def test_trying_again_replaces_the_failure(ana: Visitor) -> None:
    asked = ana.answer("/fail-early provider_timeout")
    again = ana.answer("", mode="reload", thread_id=asked.thread_id)
    answers = log(ana, asked).all("article", data_role="assistant")
    assert [answer.attributes["data-message-id"] for answer in answers] == [str(again.answer_id)]


def test_an_edited_question_that_cannot_be_answered_says_why(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    edit = {"mode": "edit", "thread_id": asked.thread_id, "message_id": asked.message_id}
    again = ana.answer("/fail-early provider_timeout", **edit)
    answer = last_answer(ana, again)
    assert "timed out" in answer.find(class_="answer-error").text
    assert same(final_article(ana, again), answer)


def test_an_answer_that_is_being_written_again_replaces_the_one_before(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    edit = {"mode": "edit", "thread_id": asked.thread_id, "message_id": asked.message_id}
    again = ana.ask("/silent 60", **edit)
    answers = log(ana, asked).all("article", data_role="assistant")
    assert [answer.attributes["data-message-id"] for answer in answers] == [str(again.answer_id)]


def test_blocks_of_an_answer_say_what_they_are(ana: Visitor) -> None:
    asked = ana.answer("Write a Python function")
    blocks = last_answer(ana, asked).find(class_="blocks").elements
    keys = [block.attributes["data-block-key"] for block in blocks]
    assert "code" in keys
    assert set(keys) == {"markdown", "code"}
    assert {block.attributes["data-block-status"] for block in blocks} == {"complete"}


def test_an_answer_that_ends_while_its_page_is_made_is_on_it(ana: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ana.ask("Look here\n/silent 60")
    ana.events_until(asked.turn_id, "here")
    read = messages.page

    def end_after_reading(*args: Any, **wish: Any) -> messages.Page:
        page = read(*args, **wish)
        monkeypatch.undo()
        with transaction():
            output = endings.salvage(asked.turn_id)
            endings.end(asked.thread_id, asked.turn_id, Ending.completed(FinishReason.STOP), output, executors.stop)
        return page

    monkeypatch.setattr(messages, "page", end_after_reading)

    assert last_answer(ana, asked).find(class_="blocks").text.strip() == "You said: Look here"
