"""Anthropic's Messages protocol in our words: requests, events, usage and errors. No network and no SDK here."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from chatapp.providers import (
    FilePart,
    ImagePart,
    ModelEvent,
    ModelMessage,
    ModelRequest,
    Part,
    ProviderError,
    Reasoning,
    Stopped,
    StopReason,
    Text,
    TextPart,
    ToolCall,
    ToolCallBegun,
    ToolCallInput,
    ToolCallPart,
    ToolSpec,
    Trouble,
    UsageSoFar,
)
from chatapp.values import Json, Usage

CACHED = {"type": "ephemeral"}

# What reading an answer of an unexpected shape raises.
MALFORMED = (ValueError, LookupError, TypeError, AttributeError)

EVENTS = {
    b"message_start",
    b"content_block_start",
    b"content_block_delta",
    b"content_block_stop",
    b"message_delta",
    b"message_stop",
    b"error",
}

# A server-sent event as the service writes it; everything else that is one takes four times as long.
USUAL_FRAME = re.compile(rb"event: ([a-z_]+)\ndata: ([^\n]*)\n\n")

COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_USE,
    "pause_turn": StopReason.PAUSE,
    "refusal": StopReason.CONTENT_FILTER,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
}

TROUBLE_BY_STATUS: Mapping[int, Trouble] = {
    401: Trouble.AUTH,
    403: Trouble.AUTH,
    404: Trouble.MODEL_NOT_FOUND,
    408: Trouble.TIMEOUT,
    413: Trouble.TOO_LONG,
    429: Trouble.RATE_LIMIT,
    504: Trouble.TIMEOUT,
    529: Trouble.RATE_LIMIT,
}

TROUBLE_BY_TYPE: Mapping[str, Trouble] = {
    "authentication_error": Trouble.AUTH,
    "permission_error": Trouble.AUTH,
    "not_found_error": Trouble.MODEL_NOT_FOUND,
    "rate_limit_error": Trouble.RATE_LIMIT,
    "overloaded_error": Trouble.RATE_LIMIT,
    "timeout_error": Trouble.TIMEOUT,
    "request_too_large": Trouble.TOO_LONG,
    "invalid_request_error": Trouble.REJECTED,
}

# The service has no error type of its own for this, only its words.
TOO_LONG = re.compile(r"prompt is too long|context (window|limit|length)", re.IGNORECASE)


def request_body(request: ModelRequest, model: str, max_tokens: int) -> Json:
    """The parameters of one call. The system prompt and the conversation so far are marked for caching."""
    body: Json = {
        "model": model,
        "max_tokens": request.max_tokens or max_tokens,
        "messages": _messages(request.messages),
    }
    if request.system:
        body["system"] = [{"type": "text", "text": request.system, "cache_control": CACHED}]
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
        if not request.may_call:
            body["tool_choice"] = {"type": "none"}
    return body


def usage_from(counts: Mapping[str, Any], *, exact: bool) -> Usage:
    """The service counts cached input beside the rest of the input; we count it in."""
    read = counts.get("cache_read_input_tokens") or 0
    written = counts.get("cache_creation_input_tokens") or 0
    return Usage(
        input_tokens=counts["input_tokens"] + read + written,
        output_tokens=counts["output_tokens"],
        cached_input_tokens=read,
        cache_write_tokens=written,
        exact=exact,
    )


def service_error(status: int | None, kind: str, message: str, request_id: str | None) -> ProviderError:
    """The error that the service reported, by HTTP status or in the stream. Its message never goes further."""
    fallback = Trouble.REJECTED if status and status < 500 else Trouble.SERVER
    trouble = TROUBLE_BY_STATUS.get(status or 0) or TROUBLE_BY_TYPE.get(kind, fallback)
    if trouble is Trouble.REJECTED and TOO_LONG.search(message):
        trouble = Trouble.TOO_LONG
    return ProviderError.of(trouble, f"status={status or 'streaming'} type={kind} request_id={request_id}")


@dataclass(slots=True)
class _OpenCall:
    call_id: str
    name: str
    pieces: list[str] = field(default_factory=list)


class Decoder:
    """Turns the bytes of one streamed response into our events. Unknown events and parts are passed over."""

    def __init__(self) -> None:
        self._rest = b""
        self._calls: dict[int, _OpenCall] = {}
        self._counts: Json = {}
        self._stop_reason = StopReason.STOP

    def feed(self, data: bytes) -> Iterator[ModelEvent]:
        """What `data` completes; the texts of a block that came together are one.

        Raises ProviderError for an `error` event and for one that is not what the protocol says, after what came
        before it.
        """
        said: list[ModelEvent] = []
        try:
            for name, body in self._frames(data):
                event = self._decode(name, body)
                if type(event) is Text and said and type(last := said[-1]) is Text and last.block == event.block:
                    said[-1] = Text(last.delta + event.delta, event.block)
                elif event:
                    said.append(event)
        except ProviderError:
            yield from said
            raise
        yield from said

    def _frames(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Name and data of the server-sent events that are complete by now."""
        received, at = (self._rest + data).replace(b"\r\n", b"\n"), 0
        while True:
            if usual := USUAL_FRAME.match(received, at):
                name, body = usual.groups()
                at = usual.end()
                yield name, body
            elif (end := received.find(b"\n\n", at)) >= 0:
                yield _frame(received[at:end])
                at = end + 2
            else:
                self._rest = received[at:]
                return

    def _decode(self, name: bytes, data: bytes) -> ModelEvent | None:
        if name not in EVENTS:
            return None
        try:
            return self._event(name, orjson.loads(data))
        except MALFORMED:
            raise ProviderError.of(Trouble.OTHER, f"malformed event {name.decode()}") from None

    def _event(self, name: bytes, event: Any) -> ModelEvent | None:
        match name:
            case b"content_block_delta":
                return self._delta(event["index"], event["delta"])
            case b"content_block_start":
                return self._block_start(event["index"], event["content_block"])
            case b"content_block_stop":
                return self._block_stop(event["index"])
            case b"message_start":
                return self._count(event["message"]["usage"], exact=False)
            case b"message_delta":
                return self._message_delta(event)
            case b"message_stop":
                return Stopped(self._stop_reason)
        error = event["error"]
        raise service_error(None, str(error["type"]), str(error.get("message")), event.get("request_id"))

    def _delta(self, index: int, delta: Json) -> ModelEvent | None:
        match delta["type"]:
            case "text_delta":
                return Text(delta["text"], index)
            case "thinking_delta":
                return Reasoning(delta["thinking"], index)
            case "input_json_delta" if (call := self._calls.get(index)) and (piece := delta["partial_json"]):
                call.pieces.append(piece)
                return ToolCallInput(call.call_id, piece)
        return None

    def _block_start(self, index: int, block: Json) -> ModelEvent | None:
        if block["type"] != "tool_use":
            return None
        call = self._calls[index] = _OpenCall(block["id"], block["name"])
        return ToolCallBegun(call.call_id, call.name)

    def _block_stop(self, index: int) -> ModelEvent | None:
        call = self._calls.pop(index, None)
        if call is None:
            return None
        return ToolCall(call.call_id, call.name, _arguments("".join(call.pieces)))

    def _message_delta(self, event: Json) -> ModelEvent:
        self._stop_reason = STOP_REASONS.get(event["delta"]["stop_reason"], StopReason.STOP)
        return self._count(event["usage"], exact=True)

    def _count(self, counts: Json, *, exact: bool) -> ModelEvent:
        """Counts are cumulative. Those at the start are not exact: the output is only beginning."""
        self._counts.update({name: count for name in COUNTS if (count := counts.get(name)) is not None})
        return UsageSoFar(usage_from(self._counts, exact=exact))


def _frame(lines: bytes) -> tuple[bytes, bytes]:
    """Name and data of a server-sent event, however it is written."""
    name, body = b"", []
    for line in lines.split(b"\n"):
        if line.startswith(b"data:"):
            body.append(line[5:].removeprefix(b" "))
        elif line.startswith(b"event:"):
            name = line[6:].strip()
    return name, b"\n".join(body)


def _arguments(text: str) -> Json | None:
    try:
        arguments = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return None
    return arguments if isinstance(arguments, dict) else None


def _messages(messages: Sequence[ModelMessage]) -> list[Json]:
    """Neighbours of the same role become one message, as the roles must alternate."""
    merged: list[Json] = []
    for message in messages:
        blocks = [block for part in message.parts if (block := _block(part))]
        if merged and merged[-1]["role"] == message.role:
            merged[-1]["content"] += blocks
        elif blocks:
            merged.append({"role": str(message.role), "content": blocks})
    for message_json in merged:
        # The service demands that tool results come first.
        message_json["content"].sort(key=lambda block: block["type"] != "tool_result")
    if merged:
        merged[-1]["content"][-1]["cache_control"] = CACHED
    return merged


def _block(part: Part) -> Json | None:
    if isinstance(part, TextPart):
        # The service rejects blank text blocks.
        return {"type": "text", "text": part.text} if part.text.strip() else None
    if isinstance(part, FilePart):
        return {"type": "text", "text": part.as_text}
    if isinstance(part, ImagePart):
        source = {"type": "base64", "media_type": part.mime_type, "data": b64encode(part.data).decode()}
        return {"type": "image", "source": source}
    if isinstance(part, ToolCallPart):
        return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": dict(part.arguments)}
    return {"type": "tool_result", "tool_use_id": part.call_id, "content": part.content, "is_error": part.is_error}


def _tool(spec: ToolSpec) -> Json:
    return {"name": spec.name, "description": spec.description, "input_schema": dict(spec.parameters)}
