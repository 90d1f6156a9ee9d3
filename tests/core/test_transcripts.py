"""What a turn has produced, folded from its events."""

from __future__ import annotations

import tracemalloc
from typing import Any

from chatapp.core.spoken import of_transcript
from chatapp.core.transcripts import Transcript
from chatapp.providers import ModelMessage, TextPart
from chatapp.values import Role, ToolResult

Event = dict[str, Any]
STEP: Event = {"type": "start-step"}
START: Event = {"type": "text-start", "id": "a"}
HELLO: Event = {"type": "text-delta", "id": "a", "delta": "hello"}
END: Event = {"type": "text-end", "id": "a"}
CALL: Event = {"type": "tool-input-start", "toolCallId": "c", "toolName": "calculate"}
TWO = ToolResult.success("2", {"value": 2})


def test_blocks_are_joined_by_a_blank_line() -> None:
    more = [{"type": "text-start", "id": "b"}, {"type": "text-delta", "id": "b", "delta": "world"}]
    assert Transcript.of([STEP, START, HELLO, HELLO, END, *more]).content == "hellohello\n\nworld"


def test_the_model_is_told_what_it_has_said_so_far() -> None:
    (said,) = of_transcript(Transcript.of([STEP, START, HELLO, HELLO]))
    assert said == ModelMessage(Role.ASSISTANT, (TextPart("hellohello"),))


def test_many_tokens_take_little_more_than_their_text() -> None:
    tokens = [f"word {number} " for number in range(1000)]
    tracemalloc.start()
    try:
        transcript = Transcript.of([STEP, START])
        for token in tokens:
            transcript.add({**HELLO, "delta": token[:1] + token[1:]})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 * len(transcript.content) + 2000


def test_reasoning_and_tools_are_no_content() -> None:
    thought = [{"type": "reasoning-start", "id": "r"}, {"type": "reasoning-delta", "id": "r", "delta": "hm"}]
    transcript = Transcript.of([STEP, *thought, CALL])
    assert transcript.content == ""
    assert transcript.is_empty


def test_what_is_open_is_closed_inside_out() -> None:
    transcript = Transcript.of([STEP, START, HELLO])
    assert transcript.closing() == [END, {"type": "finish-step"}]
    assert Transcript.of([STEP, START, HELLO, END, {"type": "finish-step"}]).closing() == []


def test_a_call_without_an_end_gets_one() -> None:
    closing = Transcript.of([STEP, CALL]).closing()
    assert [event["type"] for event in closing] == ["tool-output-error", "finish-step"]
    assert closing[0]["toolCallId"] == "c"


def test_a_call_that_ended_makes_a_message_worth_keeping() -> None:
    available = {"type": "tool-input-available", "toolCallId": "c", "toolName": "calculate", "input": {"a": 1}}
    done = {
        "type": "tool-output-available",
        "toolCallId": "c",
        "output": ToolResult.success("2", {"value": 2}).as_json(),
    }
    transcript = Transcript.of([STEP, CALL, available, done])
    assert not transcript.is_empty
    tool = transcript.tools["c"]
    assert (tool.name, tool.input, tool.outcome) == ("calculate", {"a": 1}, "success")
    assert tool.result == TWO
    assert [event["type"] for event in transcript.closing()] == ["finish-step"]


def test_white_space_is_nothing() -> None:
    assert Transcript.of([STEP, START, {"type": "text-delta", "id": "a", "delta": " \n "}]).is_empty


def test_unknown_events_are_passed_over() -> None:
    assert Transcript.of([{"type": "data-turn", "data": {}}, {"type": "from-the-future"}]).is_empty
