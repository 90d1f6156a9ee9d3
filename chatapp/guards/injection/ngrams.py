"""Hashed n-grams of characters and words, with numpy: no loop over characters in Python."""

from __future__ import annotations

from chatapp.guards.arrays import NDArray, np

BUCKETS = 1 << 18
# Character n-grams of these lengths, and runs of up to three words.
CHARACTERS = (3, 4, 5)
# Blanks are added at both ends, and a few characters fold to more than one.
LONGEST = 60_000

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C15
_MULTIPLIER = 0xBF58476D1CE4E5B9


def _powers(base: int) -> Hashes:
    return np.cumprod(np.full(LONGEST, base % 2**64, dtype=np.uint64), dtype=np.uint64)


# The hash of text[i:j] is sum(code * base**k) * base**-i: prefix sums give it for every span at once.
_POWERS = _powers(_BASE)
_INVERSES = _powers(pow(_BASE, -1, 2**64))


def ngrams(codes: Hashes) -> list[tuple[Ints, Ints | None]]:
    """For each order, the buckets of its n-grams and where they begin; None: one at every place from the first on.

    `codes` are the code points of a folded text, which begins and ends with a blank, at most LONGEST of them.
    """
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(codes * _POWERS[: len(codes)])))
    orders: list[tuple[Ints, Ints | None]] = []
    for length in CHARACTERS:
        if len(codes) >= length:
            spans = (sums[length:] - sums[:-length]) * _INVERSES[: len(codes) - length + 1]
            orders.append((_buckets(spans, length), None))
    starts, ends = _words(codes)
    words = (sums[ends] - sums[starts]) * _INVERSES[starts]
    orders.append((_buckets(words, 11), starts))
    if len(words) > 1:
        pairs = words[:-1] * np.uint64(3) + words[1:]
        orders.append((_buckets(pairs, 12), starts[:-1]))
        if len(words) > 2:
            orders.append((_buckets(pairs[:-1] * np.uint64(3) + words[2:], 13), starts[:-2]))
    return orders


def _words(codes: Hashes) -> tuple[Ints, Ints]:
    """Where words begin and end: letters and the digit of folded text, and all that is not ASCII."""
    is_word = (codes >= 0xAA) | ((codes >= ord("a")) & (codes <= ord("z"))) | (codes == ord("0"))
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    return edges[::2], edges[1::2]


def _buckets(hashes: Hashes, seed: int) -> Ints:
    """Well mixed, so that the low bits depend on all of the hash."""
    mixed = hashes >> np.uint64(29)
    mixed ^= hashes
    mixed *= np.uint64((_MULTIPLIER + 2 * seed) % 2**64)
    mixed ^= mixed >> np.uint64(32)
    mixed &= np.uint64(BUCKETS - 1)
    return mixed.view(np.int64)
