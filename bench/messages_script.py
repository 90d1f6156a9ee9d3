"""What the local Messages server plays: a `Script`, and the bytes it becomes on the wire.

Every server-sent event is encoded once, as its own HTTP chunk, so that sending a token costs one write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import cycle, islice
from typing import Any, Literal

Json = dict[str, Any]

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "far", "away", "again")
TOOL_INPUT_PIECE = 8  # characters of a tool's input in one event
LAST_CHUNK = b"0\r\n\r\n"

ERROR_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True)
class Block:
    """One content block. `text` is what is streamed: words, thoughts, or the JSON of a tool's input."""

    type: Literal["text", "thinking", "tool_use"] = "text"
    text: str = ""
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """How one request is answered."""

    text: str | None = None  # None: `tokens` made-up words
    tokens: int = 20
    blocks: tuple[Block, ...] = ()  # instead of `text` and `tokens`
    headers_after: float = 0.0  # seconds of silence before the response headers
    first: float = 0.0  # seconds between the headers and the first token
    rate: float = 0.0  # tokens per second; 0 is as fast as possible
    stop_reason: str = "end_turn"
    input_tokens: int = 10
    output_tokens: int | None = None  # None: as many as are streamed
    cache_read: int = 0
    cache_creation: int = 0
    status: int = 200  # anything else is an error before the stream
    error_type: str = ""  # default: the usual one for `status`, or overloaded_error in the stream
    error_message: str = "scripted error"
    error_headers: tuple[tuple[str, str], ...] = ()
    times: int | None = None  # answer `status` so many times, then as if it were 200; None: always
    trouble: Literal["", "error", "cut", "end", "stall", "malformed"] = ""  # what goes wrong in the stream
    after: int = 0  # tokens sent before `trouble`
    noise: bool = False  # mix in pings, comments and things that no client knows

    def content(self) -> tuple[Block, ...]:
        if self.blocks:
            return self.blocks
        text = " ".join(islice(cycle(WORDS), self.tokens)) if self.text is None else self.text
        return (Block(text=text),)

    def usage(self, output_tokens: int) -> Json:
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.cache_creation,
            "cache_read_input_tokens": self.cache_read,
            "output_tokens": output_tokens if self.output_tokens is None else self.output_tokens,
        }

    def error_body(self, request_id: str) -> Json:
        kind = self.error_type or ERROR_TYPES.get(self.status, "api_error")
        error = {"type": kind, "message": self.error_message}
        return {"type": "error", "error": error, "request_id": request_id}


@dataclass(frozen=True, slots=True)
class Performance:
    """A script in bytes: what is sent before the first token, each token, and what is sent after the last."""

    opening: bytes
    tokens: Sequence[bytes]
    closing: bytes


def script_from(fields: Mapping[str, Any]) -> Script:
    """The script described by JSON. Raises TypeError for a field that does not exist."""
    blocks = tuple(Block(**block) for block in fields.get("blocks", ()))
    headers = tuple((str(name), str(value)) for name, value in fields.get("error_headers", ()))
    return replace(Script(**fields), blocks=blocks, error_headers=headers)


def script_in(body: Json) -> Script | None:
    """The script that a request asks for with `{"script": {...}}` in its last user message; the last one counts.

    Raises ValueError or TypeError when it asks for something impossible."""
    text = _last_user_text(body)
    start = text.rfind('{"script"')
    if start < 0:
        return None
    return script_from(json.JSONDecoder().raw_decode(text, start)[0]["script"])


def message(script: Script, model: str, message_id: str) -> Json:
    """The whole answer as one object, as given to a request that does not stream."""
    blocks = script.content()
    usage = script.usage(sum(len(pieces(block)) for block in blocks))
    return _message(model, message_id, [_whole_block(block) for block in blocks], script.stop_reason, usage)


def model_info(model: str) -> Json:
    """An entry of `/v1/models`."""
    return {
        "type": "model",
        "id": model,
        "display_name": model,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
    }


def pieces(block: Block) -> list[str]:
    """The block's text cut into tokens; joined they are the text again."""
    if block.type == "tool_use":
        return [block.text[at : at + TOOL_INPUT_PIECE] for at in range(0, len(block.text), TOOL_INPUT_PIECE)]
    return re.findall(r"\S+\s*|\s+", block.text)


@lru_cache(maxsize=256)
def perform(script: Script, model: str) -> Performance:
    tokens: list[bytes] = []
    pending = b""
    for index, block in enumerate(script.content()):
        pending += chunk("content_block_start", index=index, content_block=_empty_block(block))
        if script.noise:
            pending += _noise(index)
        for delta in _deltas(block):
            tokens.append(pending + chunk("content_block_delta", index=index, delta=delta))
            pending = b""
        if block.type == "thinking":
            signature = {"type": "signature_delta", "signature": "c2lnbmVk"}
            pending += chunk("content_block_delta", index=index, delta=signature)
        pending += chunk("content_block_stop", index=index)
    delta = {"stop_reason": script.stop_reason, "stop_sequence": None}
    closing = pending + chunk("message_delta", delta=delta, usage=script.usage(len(tokens))) + chunk("message_stop")
    return Performance(_opening(script, model), tuple(tokens), closing)


def trouble_bytes(script: Script, request_id: str) -> bytes:
    """What is sent at the moment when the script's trouble begins."""
    if script.trouble == "error":
        body = replace(script, error_type=script.error_type or "overloaded_error").error_body(request_id)
        return framed("error", json.dumps(body))
    if script.trouble == "malformed":
        return framed("content_block_delta", '{"type": "content_block_delta", "index": 0, "delta": {"ty')
    return b""


def chunk(event: str, **fields: Any) -> bytes:
    return framed(event, json.dumps({"type": event, **fields}, separators=(",", ":")))


def framed(event: str, data: str) -> bytes:
    """One server-sent event as one chunk of an HTTP/1.1 body."""
    body = f"event: {event}\ndata: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(body), body)


def _message(model: str, message_id: str, content: list[Json], stop_reason: str | None, usage: Json) -> Json:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _opening(script: Script, model: str) -> bytes:
    usage = {**script.usage(0), "output_tokens": 1}
    return chunk("message_start", message=_message(model, "msg_local", [], None, usage)) + chunk("ping")


def _noise(index: int) -> bytes:
    comment = b": still here\n\n"
    return (
        b"%x\r\n%b\r\n" % (len(comment), comment)
        + chunk("ping")
        + chunk("event_of_the_future", weather="fine")
        + framed("not_even_json", "<xml/>")
        + chunk("content_block_delta", index=index, delta={"type": "delta_of_the_future", "scent": "lavender"})
        + chunk("content_block_start", index=99, content_block={"type": "block_of_the_future"})
        + chunk("content_block_delta", index=99, delta={"type": "input_json_delta", "partial_json": '{"a":'})
        + chunk("content_block_stop", index=99)
    )


def _empty_block(block: Block) -> Json:
    if block.type == "tool_use":
        return {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
    if block.type == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "text", "text": ""}


def _whole_block(block: Block) -> Json:
    if block.type == "tool_use":
        return {**_empty_block(block), "input": json.loads(block.text or "{}")}
    return {**_empty_block(block), block.type: block.text}


def _deltas(block: Block) -> Iterator[Json]:
    for piece in pieces(block):
        if block.type == "tool_use":
            yield {"type": "input_json_delta", "partial_json": piece}
        elif block.type == "thinking":
            yield {"type": "thinking_delta", "thinking": piece}
        else:
            yield {"type": "text_delta", "text": piece}


def _last_user_text(body: Json) -> str:
    """All text of the last user message that is not only tool results."""
    for entry in reversed(body.get("messages", [])):
        content = entry["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        texts = [part["text"] for part in parts if part["type"] == "text"]
        if entry["role"] == "user" and texts:
            return "\n".join(texts)
    return ""
