"""Where something was found: spans, how overlapping ones are settled, and what they ask for together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from chatapp.guards.pii.categories import CATEGORIES, Type
from chatapp.values import Action, Severity

SEVERITY = {
    Action.ALLOW: Severity.NONE,
    Action.WARN: Severity.MEDIUM,
    Action.REDACT: Severity.HIGH,
    Action.BLOCK: Severity.CRITICAL,
}
STRENGTH = {tier: strength for strength, tier in enumerate(SEVERITY)}


@dataclass(frozen=True, slots=True)
class Span:
    """A match: its place in code points of the text that was given, and its category (a key of CATEGORIES)."""

    start: int
    end: int
    category: str

    @property
    def type(self) -> Type:
        return CATEGORIES[self.category].type

    @property
    def tier(self) -> Action:
        return CATEGORIES[self.category].tier

    @property
    def label(self) -> str:
        return CATEGORIES[self.category].label


def strictest(spans: Iterable[Span]) -> Action:
    """The strongest action any of the spans asks for, ALLOW without spans (waldur-chat-api section 7.1)."""
    return max((span.tier for span in spans), key=STRENGTH.__getitem__, default=Action.ALLOW)


def severity(spans: Iterable[Span]) -> Severity:
    return SEVERITY[strictest(spans)]


def stricter(one: str, other: str) -> str:
    """Of two categories the one that asks for the stronger action; the first of equals."""
    return one if one == other or STRENGTH[CATEGORIES[one].tier] >= STRENGTH[CATEGORIES[other].tier] else other


class Collected:
    """Spans that do not overlap: who comes first keeps its place, what would overlap it is left out."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._spans: list[Span] = []

    def overlaps(self, start: int, end: int) -> bool:
        place = bisect_left(self._starts, end) - 1
        return place >= 0 and self._spans[place].end > start

    def covers(self, start: int, end: int) -> bool:
        """Whether all of a place is in one span."""
        place = bisect_left(self._starts, start + 1) - 1
        return place >= 0 and self._spans[place].end >= end

    def add(self, spans: Iterable[Span]) -> None:
        for span in spans:
            if not self.overlaps(span.start, span.end):
                place = bisect_left(self._starts, span.start)
                self._starts.insert(place, span.start)
                self._spans.insert(place, span)

    def swallow(self, masks: Iterable[tuple[int, int, str]]) -> None:
        """Add places with all that overlaps them, under the strictest of their categories."""
        merged: list[tuple[int, int, str]] = []
        for start, end, category in sorted([*masks, *((span.start, span.end, span.category) for span in self._spans)]):
            if merged and start < merged[-1][1]:
                first, last, name = merged[-1]
                merged[-1] = (first, max(last, end), stricter(name, category))
            else:
                merged.append((start, end, category))
        self._spans = [Span(*place) for place in merged]
        self._starts = [start for start, _, _ in merged]

    def sorted(self) -> list[Span]:
        return self._spans


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """Merge spans that overlap: the first keeps its category, as waldur-chat-api section 7.2 asks.

    First is who begins first; of those, the longest. Nothing that was found stays outside of the merged span.
    """
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = Span(merged[-1].start, span.end, merged[-1].category)
        else:
            merged.append(span)
    return merged
