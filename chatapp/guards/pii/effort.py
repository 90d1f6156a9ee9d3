"""How closely the recognisers look at one text: a flood of numbers and keys is masked instead of judged one by one.

What is left out of the judgement is not let through: each recogniser has a rule that costs next to nothing for it,
and masks more than it would after a closer look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from chatapp.guards.pii.spans import stricter

# What one text is worth to each kind of recogniser and to all of them, in microseconds, roughly.
MOST, ALL = 5_000, 8_000
# Masks with no more than this between them become one.
GAP = 16
NOWHERE = -GAP - 1


class Effort:
    """What one text has left, and what was masked without a closer look when it had nothing left."""

    def __init__(self, most: int = MOST, most_of_all: int = ALL) -> None:
        self._left: dict[str, int] = defaultdict(lambda: most)
        self._left_of_all = most_of_all
        self._flood: list[tuple[int, int, str]] = []

    def allows(self, kind: str, cost: int) -> bool:
        """Whether a closer look of this cost is possible for a kind of recogniser; it is paid."""
        if self._left[kind] < cost or self._left_of_all < cost:
            self._left[kind] = 0
            return False
        self._left[kind] -= cost
        self._left_of_all -= cost
        return True

    def is_spent(self, kind: str) -> bool:
        """Whether nothing is left for a kind of recogniser."""
        return self._left[kind] <= 0 or self._left_of_all <= 0

    def mask(self, start: int, end: int, category: str) -> None:
        """Take this place for what it may be. Neighbours become one mask: a flood is masked in a few pieces."""
        self.mask_all(((start, end),), category)

    def mask_all(self, places: Iterable[tuple[int, int]], category: str) -> None:
        """Take all these places, in the order of the text, for what they may be."""
        if self._flood and self._flood[-1][2] == category:
            first, last, _ = self._flood.pop()
        else:
            first = last = NOWHERE
        for start, end in places:
            if first <= start <= last + GAP:
                if end > last:
                    last = end
            else:
                if last > 0:
                    self._flood.append((first, last, category))
                first, last = start, end
        if last > 0:
            self._flood.append((first, last, category))

    def flood(self) -> list[tuple[int, int, str]]:
        """What was masked like that, neighbours put together under the name of the strictest."""
        flood: list[tuple[int, int, str]] = []
        for start, end, category in sorted(self._flood):
            if flood and start <= flood[-1][1] + GAP:
                first, last, name = flood[-1]
                flood[-1] = (first, max(last, end), stricter(name, category))
            else:
                flood.append((start, end, category))
        return flood
