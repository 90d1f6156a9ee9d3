"""The grammar of a turn's events (turns-api 4.4): `check` reads a complete stream, or says where it goes wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from chatapp.values import Event

Json = Mapping[str, Any]

KEYS: Mapping[str, set[str]] = {
    "start": {"messageId", "messageMetadata"},
    "data-turn": {"id", "data"},
    "data-warning": {"data"},
    "data-thread": {"id", "data", "transient"},
    "start-step": set(),
    "finish-step": set(),
    "reasoning-start": {"id"},
    "reasoning-delta": {"id", "delta"},
    "reasoning-end": {"id"},
    "text-start": {"id"},
    "text-delta": {"id", "delta"},
    "text-end": {"id"},
    "tool-input-start": {"toolCallId", "toolName"},
    "tool-input-delta": {"toolCallId", "inputTextDelta"},
    "tool-input-available": {"toolCallId", "toolName", "input"},
    "tool-output-available": {"toolCallId", "output"},
    "tool-output-error": {"toolCallId", "errorText"},
    "tool-output-denied": {"toolCallId"},
    "tool-approval-request": {"approvalId", "toolCallId"},
    "error": {"errorText"},
    "abort": set(),
    "finish": {"messageMetadata"},
}
LAST = {"completed": "finish", "failed": "error", "cancelled": "abort"}
INPUT_EVENTS = ("tool-input-delta", "tool-input-available")
OUTPUT_EVENTS = ("tool-output-available", "tool-output-error")
DECIDED_EVENTS = (*OUTPUT_EVENTS, "tool-output-denied")


@dataclass
class Story:
    """What a complete stream told."""

    start: Json
    turns: list[Json] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    steps: int = 0
    title: str | None = None
    last: Json = field(default_factory=dict)

    @property
    def turn(self) -> Json:
        """The turn as it was in the end."""
        return self.turns[-1]

    @property
    def status(self) -> str:
        return str(self.turn["status"])

    @property
    def content(self) -> str:
        return "\n\n".join(self.texts.values())


def check(events: Sequence[Event]) -> Story:
    """The story of a stream from its first event to its last; AssertionError when it breaks the grammar."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1)), "numbers have gaps"
    assert all(orjson.loads(event.json) == event.data for event in events)
    rest = _Rest(events)
    story = Story(rest.take("start"))
    if rest.status() == "pending":
        story.turns.append(rest.take("data-turn")["data"])
    if rest.status() == "running":
        story.turns.append(rest.take("data-turn")["data"])
        if rest.type() == "data-warning":
            rest.take("data-warning")
        _steps(rest, story)
    while rest.status() == "awaiting_approval":
        _pause(rest, story)
        _steps(rest, story)
    _ending(rest, story)
    assert rest.type() is None, f"{rest.type()} after the end"
    return story


class _Rest:
    """The events that are not read yet."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = deque(event.data for event in events)

    def type(self) -> str | None:
        return self._events[0]["type"] if self._events else None

    def status(self) -> str | None:
        return self._events[0]["data"]["status"] if self.type() == "data-turn" else None

    def take(self, *types: str) -> Json:
        assert self._events, f"the stream ends where {types} should be"
        event = self._events.popleft()
        kind = event["type"]
        assert kind in types, f"{kind} where {types} should be"
        assert set(event) == KEYS[kind] | {"type"}, f"keys of {event}"
        return event


def _steps(rest: _Rest, story: Story) -> None:
    while rest.type() == "start-step":
        _step(rest, story)


def _pause(rest: _Rest, story: Story) -> None:
    """Waiting for a person, and what was decided."""
    assert story.undecided, "nothing is asked for"
    story.turns.append(rest.take("data-turn")["data"])
    assert rest.take("finish")["messageMetadata"]["finishReason"] == "approval"
    if rest.status() == "running":
        story.turns.append(rest.take("data-turn")["data"])
    while story.undecided:
        event = rest.take(*DECIDED_EVENTS)
        story.undecided.remove(event["toolCallId"])
        story.tools[event["toolCallId"]] = event["type"]


def _step(rest: _Rest, story: Story) -> None:
    rest.take("start-step")
    story.steps += 1
    open_blocks: set[tuple[str, str]] = set()
    open_calls: dict[str, str] = {}
    while rest.type() != "finish-step":
        event = rest.take(*(kind for kind in KEYS if kind.startswith(("text", "reasoning", "tool"))))
        kind, _, part = event["type"].rpartition("-")
        if "toolCallId" in event:
            _tool_event(event, open_calls, story)
        else:
            _block_event(event, kind, part, open_blocks, story)
    rest.take("finish-step")
    assert not open_blocks, f"blocks still open: {open_blocks}"
    assert not open_calls, f"calls without an end: {open_calls}"


def _block_event(event: Json, kind: str, part: str, open_blocks: set[tuple[str, str]], story: Story) -> None:
    block = (kind, event["id"])
    if part == "start":
        assert event["id"] not in story.texts, "an id is used once in a turn"
        open_blocks.add(block)
        if kind == "text":
            story.texts[event["id"]] = ""
        return
    assert block in open_blocks, f"{event} outside its block"
    if part == "end":
        open_blocks.remove(block)
        return
    assert event["delta"], "an empty delta"
    if kind == "text":
        story.texts[event["id"]] += event["delta"]


def _tool_event(event: Json, open_calls: dict[str, str], story: Story) -> None:
    kind, call = event["type"], event["toolCallId"]
    if kind == "tool-input-start":
        assert call not in open_calls and call not in story.tools, "an id is used once in a turn"
        open_calls[call] = kind
    elif kind == "tool-approval-request":
        assert open_calls.pop(call) == "tool-input-available"
        story.undecided.add(call)
    elif kind in INPUT_EVENTS:
        assert open_calls[call] in ("tool-input-start", "tool-input-delta")
        open_calls[call] = kind
    else:
        assert kind in OUTPUT_EVENTS
        before = open_calls.pop(call)
        assert kind == "tool-output-error" or before == "tool-input-available"
        story.tools[call] = kind


def _ending(rest: _Rest, story: Story) -> None:
    assert rest.status() in LAST, f"{rest.type()} with status {rest.status()} where the end should be"
    story.turns.append(rest.take("data-turn")["data"])
    if story.status == "completed" and rest.type() == "data-thread":
        story.title = rest.take("data-thread")["data"]["title"]
    story.last = rest.take(LAST[story.status])
    if story.status == "completed":
        metadata = story.last["messageMetadata"]
        assert set(metadata) == {"turnId", "status", "finishReason", "usage"}
        assert metadata["turnId"] == story.turn["id"]
        assert metadata["status"] == "completed"
        assert metadata["finishReason"] in ("stop", "length", "content_filter")
        assert metadata["usage"] == story.turn["usage"]
    if story.status == "failed":
        assert story.last["errorText"] == story.turn["error"]["message"]
    else:
        assert story.turn["error"] is None
