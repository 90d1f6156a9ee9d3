"""The text with everything that was found taken out."""

from __future__ import annotations

from collections.abc import Iterable

from chatapp.guards.pii.spans import Span, disjoint


def mask(text: str, spans: Iterable[Span]) -> str:
    """The text with `[<category>_REDACTED]` in place of each span (waldur-chat-api section 7.2)."""
    parts: list[str] = []
    done = 0
    for span in disjoint(spans):
        parts += text[done : span.start], f"[{span.category}_REDACTED]"
        done = span.end
    parts.append(text[done:])
    return "".join(parts)
