"""Where fixed words occur in a text: all of them in one pass with numpy, instead of one search for each."""

from __future__ import annotations

from collections.abc import Iterable

from chatapp.guards.arrays import NDArray, np

# Up to this many characters, a search for each word costs less.
SHORT = 1_500
HEAD = 3
SLOTS = 1 << 16

Codes = NDArray[np.uint32]
# The words that occur and where each begins, in the order of the text.
Places = dict[str, list[int]]


class Terms:
    """Words that are looked for together, in small letters."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(dict.fromkeys(words))
        self._ascii = tuple(word for word in self._words if word.isascii())
        self._by_head: dict[str, tuple[str, ...]] = {}
        self._table: NDArray[np.bool_] | None = None
        self._lengths = sorted({min(len(word), HEAD) for word in self._words})
        for word in self._words:
            head = word[:HEAD]
            self._by_head[head] = (*self._by_head.get(head, ()), word)

    def places(self, lowered: str) -> Places:
        """Where each word begins, in the order of the text; words that do not occur are left out."""
        words = self._ascii if lowered.isascii() else self._words
        if len(lowered) <= SHORT:
            return {word: _all(word, lowered) for word in words if word in lowered}
        found: Places = {}
        for length in self._lengths:
            for place in self._candidates(lowered, length):
                for word in self._by_head.get(lowered[place : place + length], ()):
                    if lowered.startswith(word, place):
                        found.setdefault(word, []).append(place)
        return found

    def _candidates(self, lowered: str, length: int) -> list[int]:
        """Where a word with a head of this length may begin."""
        if self._table is None:
            self._table = self._heads()
        codes = np.frombuffer(lowered.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        slots = _slots([codes[shift : len(codes) - length + 1 + shift] for shift in range(length)])
        places: list[int] = np.flatnonzero(self._table[slots]).tolist()
        return places

    def _heads(self) -> NDArray[np.bool_]:
        table = np.zeros(SLOTS, dtype=bool)
        for head in self._by_head:
            table[_slots([np.array([ord(letter)], dtype=np.uint32) for letter in head])] = True
        return table


def _slots(codes: list[Codes]) -> Codes:
    mixed = codes[0] * np.uint32(len(codes) * 2 + 1)
    for code in codes[1:]:
        mixed = mixed * np.uint32(0x9E3779B1) + code
    mixed ^= mixed >> np.uint32(15)
    return mixed & np.uint32(SLOTS - 1)


def _all(word: str, text: str) -> list[int]:
    places = []
    place = text.find(word)
    while place >= 0:
        places.append(place)
        place = text.find(word, place + 1)
    return places
