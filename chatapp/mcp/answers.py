"""What a server's tool came to, as a result of a tool of ours (2025-11-25 and 2026-07-28, tools: results)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chatapp.values import Json, ToolResult

SHORT = 500  # characters that are kept with the conversation
INVALID_PARAMS = -32602
NEEDS_MORE = "The tool wants to ask back, which is not possible here."


def result_of(answer: Json) -> ToolResult:
    """Texts and structured content; other content is named only.

    An error of the tool is a validation error here: its words come from outside, and only what is no plain error is
    marked where it reads like instructions.
    """
    if answer.get("resultType") == "input_required":
        return ToolResult.error(NEEDS_MORE)
    text = "\n".join(_texts(answer.get("content")))
    if answer.get("isError") is True:
        return ToolResult.invalid(f"The tool failed: {text}"[:SHORT] if text else "The tool failed.")
    structured = answer.get("structuredContent")
    summary = _shortened(text) or "Done."
    if structured is None:
        return ToolResult.success(summary, text if len(text) > SHORT else None)
    named = [entry for entry in _texts(answer.get("content")) if entry.startswith("[")]
    data = {"content": structured, "attached": named} if named else structured
    return ToolResult.success(summary, data)


def _texts(content: Any) -> Iterator[str]:
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, Mapping):
            continue
        kind, text = part.get("type"), part.get("text")
        if kind == "text" and isinstance(text, str):
            yield text
        elif kind in ("image", "audio"):
            yield f"[{kind}{_named(part, 'mimeType')}, not passed on]"
        elif kind == "resource_link":
            yield f"[resource{_named(part, 'name', 'uri')}, not passed on]"
        elif kind == "resource" and isinstance(inner := part.get("resource"), Mapping):
            yield f"[resource{_named(inner, 'uri', 'mimeType')}, not passed on]"


def _named(part: Mapping[str, Any], *names: str) -> str:
    return "".join(f" {part[name][:200]}" for name in names if isinstance(part.get(name), str))


def _shortened(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
