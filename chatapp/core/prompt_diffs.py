"""What changed from one text to another, line by line, and within lines that changed a little."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

CONTEXT = 3  # unchanged lines around a change
MOST_LINES = 4_000  # comparing more could take seconds: then all of one text is replaced by all of the other
MOST_CHARACTERS = 20_000  # in lines whose words are compared
SIMILAR = 0.5
WORDS = re.compile(r"\s*(?:\w+|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """`old` and `new` are its numbers in the two texts. A gap stands for `skipped` unchanged lines."""

    kind: Literal["same", "removed", "added", "gap"]
    old: int | None = None
    new: int | None = None
    pieces: tuple[Piece, ...] = ()
    skipped: int = 0


Pair = tuple[tuple[Piece, ...], tuple[Piece, ...]]


def between(old: str, new: str) -> list[Line]:
    """The changes with some lines around each; empty when no line differs."""
    before, after = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(None, before, after)
    if len(before) + len(after) > MOST_LINES:
        return list(_replaced(before, after, 0, 0))
    lines: list[Line] = []
    shown = 0
    for group in matcher.get_grouped_opcodes(CONTEXT):
        lines += _gap(group[0][1] - shown)
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += _same(before[old_from:old_to], old_from, new_from)
            else:
                lines += _replaced(before[old_from:old_to], after[new_from:new_to], old_from, new_from)
        shown = group[-1][2]
    return lines + _gap(len(before) - shown) if lines else []


def _gap(skipped: int) -> list[Line]:
    return [Line("gap", skipped=skipped)] if skipped else []


def _same(texts: Sequence[str], old: int, new: int) -> Iterator[Line]:
    for number, text in enumerate(texts, 1):
        yield Line("same", old + number, new + number, (Piece(text),))


def _replaced(before: Sequence[str], after: Sequence[str], old: int, new: int) -> Iterator[Line]:
    """All that is gone, then all that has come; in pairs of lines, the words that differ are marked."""
    mark = _marked if sum(map(len, before)) + sum(map(len, after)) < MOST_CHARACTERS else _whole
    pairs = [mark(gone or "", come or "") for gone, come in zip_longest(before, after)]
    for number, (gone, _) in enumerate(pairs[: len(before)], 1):
        yield Line("removed", old=old + number, pieces=gone)
    for number, (_, come) in enumerate(pairs[: len(after)], 1):
        yield Line("added", new=new + number, pieces=come)


def _whole(gone: str, come: str) -> Pair:
    return (Piece(gone),), (Piece(come),)


def _marked(gone: str, come: str) -> Pair:
    old, new = WORDS.findall(gone), WORDS.findall(come)
    matcher = SequenceMatcher(None, old, new)
    if matcher.quick_ratio() < SIMILAR or matcher.ratio() < SIMILAR:
        return _whole(gone, come)
    codes = matcher.get_opcodes()
    removed = (Piece("".join(old[i:j]), tag != "equal") for tag, i, j, _, _ in codes if i < j)
    added = (Piece("".join(new[i:j]), tag != "equal") for tag, _, _, i, j in codes if i < j)
    return tuple(removed), tuple(added)
