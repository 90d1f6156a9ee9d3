"""Texts as code points, and rewritten character by character with numpy: no loop over characters in Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator

from chatapp.guards.arrays import NDArray, np

Codes = NDArray[np.uint32]
Ints = NDArray[np.int64]

CHARACTERS = sys.maxunicode + 1


def code_points(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def as_text(codes: Codes) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def kinds(names: dict[str, str]) -> bytes:
    """A table for `bytes.translate` that makes of each character its kind, x of all others."""
    return bytes(ord(names.get(chr(code), "x")) for code in range(256))


def one_kind(characters: Collection[str]) -> bytes:
    """A table that makes x of these characters and a blank of all others."""
    return bytes(ord("x") if chr(code) in characters else ord(" ") for code in range(256))


def runs(text: str, kind: bytes, fewest: int) -> Iterator[tuple[int, int]]:
    """Where so many characters of `one_kind`, all of ASCII, stand in a row: an expression tries every place instead."""
    letters = text.encode("ascii", "replace").translate(kind) + b" "
    least = b"x" * fewest
    start = letters.find(least)
    while start >= 0:
        end = letters.find(b" ", start + fewest)
        yield start, end
        start = letters.find(least, end)


class Rewriting:
    """What each character is read as: one character, several or none, worked out on first sight."""

    def __init__(self, piece: Callable[[str], str]) -> None:
        self._piece = piece
        # Pages of these tables take no memory before a character of theirs was seen.
        self._codes = np.zeros(CHARACTERS, dtype=np.uint32)
        self._sizes = np.zeros(CHARACTERS, dtype=np.uint8)  # 0: not seen, or the length of the piece and one

    def widths(self, codes: Codes) -> Ints:
        """How many characters each is read as."""
        sizes = self._sizes[codes]
        if not sizes.all():
            self._learn(set(codes[sizes == 0].tolist()))
            sizes = self._sizes[codes]
        return sizes.astype(np.int64) - 1

    def read(self, codes: Codes, widths: Ints) -> Codes:
        """The characters as they are read. One whose width was made 1 stays as it is if its piece is longer."""
        rewritten = self._codes[codes]
        if (widths == 1).all():
            return rewritten
        rewritten = np.repeat(rewritten, widths)
        longer = np.flatnonzero(widths > 1)
        if len(longer):
            kinds, which = np.unique(codes[longer], return_inverse=True)
            pieces = [list(map(ord, self._piece(chr(kind)))) for kind in kinds.tolist()]
            most = max(map(len, pieces))
            table = np.array([piece + [0] * (most - len(piece)) for piece in pieces], dtype=np.uint32)
            starts = (np.cumsum(widths) - widths)[longer]
            for place in range(most):
                reaches = widths[longer] > place
                rewritten[starts[reaches] + place] = table[which[reaches], place]
        return rewritten

    def _learn(self, codes: Collection[int]) -> None:
        for code in codes:
            piece = self._piece(chr(code))
            self._codes[code] = ord(piece) if len(piece) == 1 else code
            self._sizes[code] = len(piece) + 1
