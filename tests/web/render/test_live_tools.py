"""Answers with tool calls while they are written: the blocks are the stored ones, what has none stands beside them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from chatapp.core.answer_parser import AnswerParser
from chatapp.core.transcripts import Transcript
from chatapp.values import Event, Json
from chatapp.web.pages.live import LiveEncoder
from chatapp.web.render import WRITING, GrowingHtml, LiveRenderer, OpenCalls, Situation, render_blocks
from tests.web.pages.dom import Copy, Element, parse
from tests.web.pages.test_live_answers import encoded
from tests.web.render import tools
from tests.web.render.tools import APPROVAL, TURN, asked, begun, called, denied, failed, finish, returned, text, turn


@pytest.fixture(autouse=True, scope="module")
def rendering() -> Iterator[None]:
    with Flask("chatapp").app_context():
        yield


ANSWER = tools.events(
    turn(),
    text("Let me *see*.\n\n- one"),
    [
        begun("c1"),
        begun("c2", "plan_vm"),
        begun("c3"),
        called("c1", expression="1 + 1"),
        called("c2", "plan_vm", name="web-1"),
    ],
    [failed("c3"), returned("c2", "order"), returned("c1")],
    text("It is **2**.\n\n```py\nx = 2\n", "t1.0"),
    [
        begun("c4", "rename_thread"),
        called("c4", "rename_thread", title="x"),
        asked("c4"),
        turn("awaiting_approval"),
        finish("approval"),
    ],
    [turn(), denied("c4")],
    text("Then not.", "t2.0"),
    text("Good bye.", "t2.1"),
    finish(),
)


def stored(events: list[Event], situation: Situation = WRITING) -> str:
    blocks = Transcript.of(event.data for event in events).blocks()
    return parse(str(render_blocks(blocks, situation))).inner


def batches(events: list[Event], seed: int) -> Iterator[list[Event]]:
    source, start = random.Random(seed), 0
    while start < len(events):
        end = start + source.randint(1, 6)
        yield events[start:end]
        start = end


PART = st.one_of(
    st.sampled_from(["Hello **you**", "- a\n- b", "```py\nx\n", "| a |\n|-|\n| 1 |", "One\n\ntwo ` three"]).map(
        lambda words: ("text", words)
    ),
    st.sampled_from([*tools.RESULTS, "failed", "denied"]).map(lambda outcome: ("call", outcome)),
)


def story(parts: list[tuple[str, str]]) -> list[Event]:
    data: list[Json] = [turn()]
    for number, (kind, what) in enumerate(parts):
        call = f"c{number}"
        outcome = {"failed": failed, "denied": denied}.get(what)
        if kind == "text":
            data += text(what, f"t{number}")
        else:
            data += [begun(call, "some_tool"), called(call, "some_tool", x=number)]
            data.append(outcome(call) if outcome else returned(call, what))
    return tools.events(data, finish())


@given(st.lists(PART, max_size=6), st.integers(0, 99))
def test_any_answer_in_any_batches_ends_as_it_is_stored(parts: list[tuple[str, str]], seed: int) -> None:
    events = story(parts)
    copy, growing, parser = Copy(), GrowingHtml(Situation.open(UUID(int=1))), AnswerParser()
    for message in encoded(LiveEncoder(0), events, seed):
        copy.apply(message.ops)
    html = Markup("").join(growing.feed(parser.feed(batch)) for batch in batches(events, seed))
    assert copy.html == stored(events)
    assert parse(html).inner == stored(events, Situation.open(UUID(int=1)))


def test_a_reader_may_come_or_lose_the_connection_anywhere() -> None:
    reload = stored(ANSWER)
    for after in range(len(ANSWER)):
        kept_open, loaded_anew = Copy(), Copy(*snapshot(ANSWER[:after]))
        for message in encoded(LiveEncoder(0), ANSWER[:after], seed=after):
            kept_open.apply(message.ops)
        blocks, calls = snapshot(ANSWER[:after])
        assert (kept_open.html, kept_open.calls) == (parse(blocks).inner, calls), after
        for message in encoded(LiveEncoder(after), ANSWER, seed=-after):
            kept_open.apply(message.ops)
            loaded_anew.apply(message.ops)
        assert kept_open.html == loaded_anew.html == reload, after
        assert kept_open.calls == loaded_anew.calls, after


def snapshot(events: list[Event]) -> tuple[str, str]:
    renderer, calls = LiveRenderer(), OpenCalls()
    renderer.feed(AnswerParser().feed(events))
    calls.feed(events)
    return str(renderer.snapshot()), str(calls.html())


def cards(*data: Json) -> list[Element]:
    calls = OpenCalls()
    calls.feed(tools.events(turn(), *data))
    return parse(str(calls.html())).elements


def test_a_call_has_a_card_until_it_has_a_block() -> None:
    for data in ([begun("c1")], [begun("c1"), called("c1", expression="1")]):
        (card,) = cards(*data)
        assert (card.attributes["data-state"], card.text) == ("running", "Using calculate…")
    assert cards(begun("c1"), called("c1"), returned("c1")) == []
    assert cards(begun("c1"), called("c1"), asked("c1"), turn(), denied("c1")) == []


def test_a_call_that_failed_is_told_while_the_answer_is_written() -> None:
    (card,) = cards(begun("c1"), called("c1", expression="1 / 0"), failed("c1", "Division by <zero>."))
    assert card.find("summary").text.strip() == "calculate failed"
    assert card.find("dd").text == "1 / 0"
    assert "Division by <zero>." in card.text


def test_a_call_that_needs_a_decision_asks_for_it() -> None:
    (card,) = cards(begun("c1", "rename_thread"), called("c1", "rename_thread", title="<x>"), asked("c1"))
    assert card.find(class_="card-title").text == "Allow rename_thread?"
    assert card.find("dd").text == "<x>"
    form = card.find("form", method="post", action=f"/chat/turns/{TURN}/approvals/{APPROVAL}/")
    # Enter in the reason presses the first button.
    assert [button.attributes["value"] for button in form.all("button")] == ["deny", "approve"]
    assert form.has("input", name="reason")


def test_what_was_allowed_runs_when_the_turn_goes_on() -> None:
    (card,) = cards(begun("c1"), called("c1"), asked("c1"), turn("awaiting_approval"), finish("approval"), turn())
    assert card.text == "Using calculate…"


@pytest.mark.parametrize(
    ("status", "told"), [("approved", "You allowed calculate"), ("denied", "You denied calculate")]
)
def test_a_decision_is_shown_while_others_are_open(status: str, told: str) -> None:
    calls = OpenCalls()
    calls.feed(tools.events(turn(), begun("c1"), called("c1"), asked("c1"), begun("c2"), called("c2"), asked("c2")))
    first, second = parse(str(calls.html({"c1": status, "c2": "pending"}))).elements
    assert first.text == told
    assert second.attributes["data-state"] == "pending"


def test_text_alone_says_nothing_of_calls() -> None:
    ops = [
        op
        for message in encoded(LiveEncoder(0), tools.events(turn(), text("Hello"), finish()), 0)
        for op in message.ops
    ]
    assert not any("calls" in op for op in ops)
