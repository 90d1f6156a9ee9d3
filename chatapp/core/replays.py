"""Turns whose events are no longer kept, told again in short (turns-api 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import exists, select

from chatapp.core.endings import last_event
from chatapp.core.snapshots import start_json, turn_event
from chatapp.db import session
from chatapp.models import Message, Turn, TurnEvent
from chatapp.values import Json, TurnStatus


def retell(turn: Turn) -> list[Json] | None:
    """What a reader of the turn is told now; None while the log has every event of it."""
    if TurnStatus(turn.status).is_active or session.scalar(select(exists().where(TurnEvent.turn_id == turn.id))):
        return None
    answer = session.get(Message, turn.output_message_id) if turn.output_message_id else None
    told = [*_text(answer.content), *_calls(answer.raw_data or {})] if answer else []
    return [start_json(turn), *told, turn_event(turn), last_event(turn)]


def _text(content: str) -> list[Json]:
    if not content:
        return []
    block = {"id": "t"}
    return [
        {"type": "text-start", **block},
        {"type": "text-delta", **block, "delta": content},
        {"type": "text-end", **block},
    ]


def _calls(raw_data: Json) -> Iterator[Json]:
    parts = [part for message in raw_data.get("messages", []) for part in message["parts"]]
    refused = {part["tool_call_id"] for part in parts if part["part_kind"] == "retry-prompt"}
    for part in parts:
        call = {"toolCallId": part.get("tool_call_id")}
        match part["part_kind"]:
            case "tool-call":
                name = {"toolName": part["tool_name"]}
                yield {"type": "tool-input-start", **call, **name}
                if part["tool_call_id"] not in refused:
                    yield {"type": "tool-input-available", **call, **name, "input": part["args"]}
            case "tool-return" | "retry-prompt":
                yield _result(part.get("outcome", "failed"), part["content"], call)


def _result(outcome: str, content: object, call: Json) -> Json:
    match outcome:
        case "success":
            return {"type": "tool-output-available", **call, "output": content}
        case "denied":
            return {"type": "tool-output-denied", **call}
    return {"type": "tool-output-error", **call, "errorText": str(content)}
