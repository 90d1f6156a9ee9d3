"""Long texts repeat themselves: what stands in the same surroundings is judged once.

A text of nothing but names of secrets, numbers or commands would otherwise cost ten times as much as prose.
"""

from __future__ import annotations

from collections.abc import Callable

from chatapp.guards.pii.spans import Span

# Up to this many characters a text is judged place by place: remembering would cost more than it saves.
SHORT = 8_000


class Repeats:
    """What was found at the places of one text that one recogniser looks at, as far as it looks: `before`, `after`."""

    def __init__(self, text: str, before: int, after: int) -> None:
        self._text = text
        self._before = before
        self._after = after
        self._known: dict[str, tuple[int, int, str] | None] | None = {} if len(text) > SHORT else None

    def at(self, place: int, judge: Callable[[], Span | None]) -> Span | None:
        """What `judge` finds here, or has found in the same surroundings."""
        if self._known is None or place < self._before:
            return judge()
        key = self._text[place - self._before : place + self._after]
        if key in self._known:
            known = self._known[key]
            return None if known is None else Span(known[0] + place, known[1] + place, known[2])
        span = judge()
        self._known[key] = None if span is None else (span.start - place, span.end - place, span.category)
        return span
