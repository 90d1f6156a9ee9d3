"""Events of answers with tools, as turns write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from chatapp.values import BlockKey, Event, Json, ToolResult

TURN = UUID(int=9)
APPROVAL = UUID(int=10)
ORDER = {
    "status": "preview",
    "name": "web-1",
    "flavor": "small",
    "image": "Debian",
    "project": "A",
    "organization": "B",
}
FORM = {"questions": [{"id": "q0", "question": "Which size?", "options": [{"id": "q0o0", "label": "S"}]}]}
RESULTS = {
    "number": ToolResult.success("1 + 1 = 2", {"result": 2}),
    "order": ToolResult.success("Planned", None, BlockKey.VM_ORDER, ORDER),
    "form": ToolResult.success("Asked", None, BlockKey.ASK_USER_FORM, FORM),
    "list": ToolResult.success("Shown", None, BlockKey.RESOURCE_LIST, {}),
    "words": ToolResult.success("Said", None, BlockKey.MARKDOWN, {"content": "**Said** `so`"}),
    "no links": ToolResult.success("None", None, BlockKey.HOMEPORT_NAV, {"links": []}),
}


def turn(status: str = "running") -> Json:
    return {"type": "data-turn", "id": str(TURN), "data": {"id": str(TURN), "status": status}}


def text(words: str, block: str = "t0.0") -> list[Json]:
    pieces = [words[at : at + 3] for at in range(0, len(words), 3)]
    deltas: list[Json] = [{"type": "text-delta", "id": block, "delta": piece} for piece in pieces]
    return [{"type": "text-start", "id": block}, *deltas, {"type": "text-end", "id": block}]


def begun(call_id: str, name: str = "calculate") -> Json:
    return {"type": "tool-input-start", "toolCallId": call_id, "toolName": name}


def called(call_id: str, name: str = "calculate", /, **arguments: Any) -> Json:
    return {"type": "tool-input-available", "toolCallId": call_id, "toolName": name, "input": arguments}


def asked(call_id: str, approval_id: UUID = APPROVAL) -> Json:
    return {"type": "tool-approval-request", "approvalId": str(approval_id), "toolCallId": call_id}


def returned(call_id: str, result: str = "number") -> Json:
    return {"type": "tool-output-available", "toolCallId": call_id, "output": RESULTS[result].as_json()}


def failed(call_id: str, words: str = "Division by zero.") -> Json:
    return {"type": "tool-output-error", "toolCallId": call_id, "errorText": words}


def denied(call_id: str) -> Json:
    return {"type": "tool-output-denied", "toolCallId": call_id}


def finish(reason: str = "stop") -> Json:
    return {"type": "finish", "messageMetadata": {"finishReason": reason}}


def events(*data: Json | Iterable[Json]) -> list[Event]:
    flat = [entry for each in data for entry in ([each] if isinstance(each, dict) else each)]
    return [Event.of(number, entry) for number, entry in enumerate(flat, 1)]
