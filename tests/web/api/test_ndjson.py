"""The encoder as a pure function from events to bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from chatapp.core import blocks
from chatapp.core.transcripts import Transcript
from chatapp.values import Event
from chatapp.web.api.ndjson import NdjsonEncoder
from tests.web.api.assembling import Assembly, Frame, frames_of

THREAD = "01890000-0000-7000-8000-000000000001"
USER_MESSAGE = UUID("01890000-0000-7000-8000-000000000002")
ANSWER = "01890000-0000-7000-8000-000000000003"


def events_of(texts: Sequence[Sequence[str]], *ending: dict[str, Any], answer: str | None = ANSWER) -> list[Event]:
    """The log of a turn with these text blocks, each in pieces."""
    data: list[dict[str, Any]] = [
        {"type": "start", "messageId": ANSWER, "messageMetadata": {"threadId": THREAD}},
        {"type": "data-turn", "id": "t", "data": {"status": "running", "outputMessageId": None}},
        {"type": "start-step"},
    ]
    for number, pieces in enumerate(texts):
        data.append({"type": "text-start", "id": f"t{number}"})
        data += [{"type": "text-delta", "id": f"t{number}", "delta": piece} for piece in pieces]
        data.append({"type": "text-end", "id": f"t{number}"})
    data.append({"type": "finish-step"})
    data.append({"type": "data-turn", "id": "t", "data": {"status": "final", "outputMessageId": answer}})
    data += ending or ({"type": "finish", "messageMetadata": {}},)
    return [Event.of(seq, entry) for seq, entry in enumerate(data, 1)]


def frames(events: Sequence[Event], user_message_id: UUID | None = USER_MESSAGE) -> list[Frame]:
    return frames_of(NdjsonEncoder(user_message_id).feed(events))


def content(*pieces: str) -> list[Frame]:
    return [frame for frame in frames(events_of([pieces])) if "k" in frame]


MARKDOWNISH = st.text(st.sampled_from("a b\n`<>#é😀_") | st.characters(codec="utf-8", exclude_characters="\x00"))
FENCED = st.sampled_from(["```python\nx = 1\n```", "```mermaid\ngraph TD\n```", "```\nplain", "`` ` ``", "\n\n", "```"])
TEXTS = st.lists(st.lists(MARKDOWNISH | FENCED, min_size=1), min_size=1, max_size=4)


@given(TEXTS, st.data())
def test_assembled_blocks_equal_the_stored_ones_however_the_events_arrive(
    texts: list[list[str]], data: st.DataObject
) -> None:
    events = events_of(texts)
    encoder = NdjsonEncoder(USER_MESSAGE)
    body, rest = b"", list(events)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        body += encoder.feed(rest[:size])
        rest = rest[size:]

    stored = blocks.parse(Transcript.of(event.data for event in events).content)
    assert Assembly.of(frames_of(body)).stored() == stored


def test_case_65_metadata_is_the_first_and_the_last_line() -> None:
    lines = frames(events_of([["Hello."]]))

    assert lines == [
        {"m": {"thread_uuid": THREAD}},
        {"k": "markdown", "c": "Hello."},
        {"m": {"user_message_uuid": str(USER_MESSAGE), "assistant_message_uuid": ANSWER}},
    ]


def test_the_first_line_is_ready_before_the_model_says_anything() -> None:
    encoder = NdjsonEncoder(USER_MESSAGE)

    assert frames_of(encoder.feed(events_of([["Hello."]])[:2])) == [{"m": {"thread_uuid": THREAD}}]


def test_case_66_a_fence_split_over_pieces_gives_one_load_and_one_code_line() -> None:
    text = "Run this:\n\n```python\nprint('`` is fine')\n```\nDone."

    assert content(*text) == [
        {"k": "markdown", "c": "Run this:\n\n"},
        {"k": "load", "t": "code"},
        {"k": "code", "c": "print('`` is fine')\n", "t": "python"},
        {"k": "markdown", "c": "\nDone."},
    ]


def test_the_load_line_comes_before_the_code_is_complete() -> None:
    events = events_of([["```sh\n", "make"]])
    encoder = NdjsonEncoder(USER_MESSAGE)

    assert frames_of(encoder.feed(events[:5]))[1:] == [{"k": "load", "t": "code"}]
    assert encoder.feed(events[5:6]) == b""


def test_case_67_mermaid_unknown_tags_and_no_tag() -> None:
    assert content("```mermaid\ngraph TD\n```") == [
        {"k": "load", "t": "mermaid"},
        {"k": "mermaid", "c": "graph TD\n"},
    ]
    assert content("```klingon\nqapla\n```")[-1] == {"k": "code", "c": "qapla\n", "t": "klingon"}
    assert content("```\nplain\n```")[-1] == {"k": "code", "c": "plain\n", "t": "code"}
    assert content("```\n```")[-1] == {"k": "code", "c": "", "t": "code"}


def test_case_68_code_that_is_cut_short_is_delivered() -> None:
    assert content("```python\nx = ") == [{"k": "load", "t": "code"}, {"k": "code", "c": "x = ", "t": "python"}]


def test_a_fence_whose_tag_line_never_ended_is_text() -> None:
    assert content("See ```pyth") == [{"k": "markdown", "c": "See "}, {"k": "markdown", "c": "```pyth"}]


def test_adjacent_code_blocks_stay_apart() -> None:
    pieces = ("```a\n1\n```\n", "```b\n2\n```")

    assert [(block["tag"], block["content"]) for block in Assembly.of(content(*pieces)).blocks] == [
        ("a", "1\n"),
        ("b", "2\n"),
    ]


def test_text_waits_for_nothing() -> None:
    encoder = NdjsonEncoder(USER_MESSAGE)
    events = events_of([["H", "ello"], ["More"]])

    assert frames_of(encoder.feed(events[:5]))[1:] == [{"k": "markdown", "c": "H"}]
    assert frames_of(encoder.feed(events[5:6])) == [{"k": "markdown", "c": "ello"}]


def test_text_that_comes_at_once_is_one_line() -> None:
    assert content("```\nx\n```", "a", "b", "c")[2:] == [{"k": "markdown", "c": "abc"}]


def test_a_warning_is_passed_on() -> None:
    warning = Event.of(3, {"type": "data-warning", "data": {"code": "pii", "message": "Data was redacted."}})

    assert frames([warning]) == [{"w": "Data was redacted."}]


def test_case_75_an_error_follows_the_text_and_precedes_the_ids() -> None:
    lines = frames(events_of([["The first thing"]], {"type": "error", "errorText": "No connection."}))

    assert lines[1:] == [
        {"k": "markdown", "c": "The first thing"},
        {"e": "No connection."},
        {"m": {"user_message_uuid": str(USER_MESSAGE), "assistant_message_uuid": ANSWER}},
    ]


def test_without_an_answer_only_the_question_has_an_id() -> None:
    lines = frames(events_of([], {"type": "error", "errorText": "No."}, answer=None))

    assert lines[1:] == [{"e": "No."}, {"m": {"user_message_uuid": str(USER_MESSAGE)}}]


def test_without_any_id_there_is_no_last_line() -> None:
    lines = frames(events_of([], {"type": "error", "errorText": "No."}, answer=None), user_message_id=None)

    assert lines[1:] == [{"e": "No."}]


def test_case_72_a_cancelled_turn_just_ends() -> None:
    lines = frames(events_of([["tick 1 "]], {"type": "abort"}))

    assert lines[1:] == [
        {"k": "markdown", "c": "tick 1 "},
        {"m": {"user_message_uuid": str(USER_MESSAGE), "assistant_message_uuid": ANSWER}},
    ]


def test_events_of_other_kinds_are_ignored() -> None:
    unknown = [Event.of(3, {"type": "reasoning-delta", "id": "r", "delta": "hm"}), Event.of(4, {"type": "data-new"})]

    assert frames(unknown) == []
