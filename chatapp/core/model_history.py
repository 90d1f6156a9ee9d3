"""Messages in the form of pydantic-ai's history: joined in order they are a history that it loads (turns-api 2.2.2)."""

from __future__ import annotations

from datetime import datetime

from chatapp.core.snapshots import time_json
from chatapp.core.transcripts import SEPARATOR, UNFINISHED, ToolUse, Transcript
from chatapp.models import Turn
from chatapp.values import Json

INTERRUPTED = "interrupted"


def of_question(text: str, moment: datetime) -> Json:
    prompt = {"part_kind": "user-prompt", "content": text, "timestamp": time_json(moment)}
    return {"messages": [{"kind": "request", "parts": [prompt]}]}


def of_answer(transcript: Transcript, content: str, turn: Turn, moment: datetime) -> Json:
    """Every model call with the results of its tools. The texts are cut where `content` is.

    What the turn has consumed stands at its last call: so the sum over all messages is right.
    """
    texts = _cut(transcript, len(content))
    messages: list[Json] = []
    last: Json = {}
    for step in transcript.steps:
        tools = [transcript.tools[call_id] for call_id in step.calls]
        parts = [*(_text(texts[block]) for block in step.texts if texts[block]), *map(_call, tools)]
        if parts:
            last = _response(parts, turn, moment)
            messages.append(last)
        if tools:
            messages.append({"kind": "request", "parts": [_result(tool, moment) for tool in tools]})
    if last:
        last["usage"] = _usage(turn)
    return {"messages": messages}


def _cut(transcript: Transcript, length: int) -> dict[str, str]:
    """The texts by block, as far as the first `length` characters of the content reach."""
    found: dict[str, str] = {}
    for block, written in transcript.texts.items():
        text = written.decode()
        found[block] = text[: max(0, length)]
        length -= len(text) + len(SEPARATOR)
    return found


def _text(text: str) -> Json:
    return {"part_kind": "text", "content": text}


def _call(tool: ToolUse) -> Json:
    return {"part_kind": "tool-call", "tool_name": tool.name, "tool_call_id": tool.call_id, "args": tool.input or {}}


def _result(tool: ToolUse, moment: datetime) -> Json:
    told = {"tool_name": tool.name, "tool_call_id": tool.call_id, "timestamp": time_json(moment)}
    if tool.input is None and tool.error != UNFINISHED:
        return {"part_kind": "retry-prompt", "content": tool.error, **told}
    content = tool.result.as_json() if tool.result else tool.error
    outcome = INTERRUPTED if tool.error == UNFINISHED else tool.outcome
    return {"part_kind": "tool-return", "content": content, "outcome": outcome, **told}


def _response(parts: list[Json], turn: Turn, moment: datetime) -> Json:
    usage = dict.fromkeys(("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"), 0)
    return {
        "kind": "response",
        "parts": parts,
        "model_name": turn.model,
        "timestamp": time_json(moment),
        "usage": usage,
    }


def _usage(turn: Turn) -> Json:
    return {
        "input_tokens": turn.input_tokens or 0,
        "cache_read_tokens": turn.cached_input_tokens or 0,
        "cache_write_tokens": 0,
        "output_tokens": turn.output_tokens or 0,
    }
