"""Groups of digits as people write identifiers: `4412 3638 6204 2831`, `050256-745A`, `(415) 555-0132`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FEWEST = 7
MOST_GROUPS = 12
MOST_DIGITS = 19

CLUSTER = re.compile(r"[0-9](?:[ \u00a0\u202f.\-/()]{0,2}+[0-9]){6,}+")
GROUP = re.compile(r"[^ \u00a0\u202f]+")
SHAPE = str.maketrans("012345678", "999999999") | {0xA0: " ", 0x202F: " "}
PLAIN = {ord(separator): None for separator in " \u00a0\u202f.-/()"}
BLANKS = " \u00a0\u202f"
# What begins a number with the code of a country or of an area.
ISSUED = re.compile(r"00|(?<=\()|(?<=\+)|\d+\)")
GLUE = re.compile(r"[^\W\d_]-$|[\w./#@\\]$")
TAIL = re.compile(r"[\w@\\]|[.:]\d|-[0-9a-z]|-[A-Z](?![a-z])|/\d")


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits with their separators: where they stand, how they are written and what remains without separators.

    `shape` has a 9 for each digit. `alone` tells that there is nothing else in the text. `labelled` tells that a word
    is glued to it with a hyphen, as in a stock number.
    """

    start: int
    end: int
    written: str
    shape: str
    plain: str
    alone: bool
    plus: bool


def groups(
    text: str, cluster: re.Match[str], may_be: Callable[[str], bool], is_told: Callable[[], bool]
) -> Iterator[Digits]:
    """What a CLUSTER can be read as, whole before parts; numbers that belong to words and paths are left out.

    `may_be` tells whether a number of this shape is known without words for it; `is_told` whether there are such words.
    """
    start, end = cluster.span()
    if " " in cluster[0] or "\u00a0" in cluster[0] or "\u202f" in cluster[0]:
        yield from _windows(text, start, end, may_be, is_told)
    elif end - start <= MOST_DIGITS * 2 and (
        may_be(cluster[0].translate(SHAPE)) or ISSUED.match(text, start) or is_told()
    ):
        found = _digits(text, start, end)
        if found is not None:
            yield found


def _windows(
    text: str, start: int, end: int, may_be: Callable[[str], bool], is_told: Callable[[], bool]
) -> Iterator[Digits]:
    """The whole cluster and, longest first, the runs of its groups: two numbers may stand beside each other."""
    shape = text[start:end].translate(SHAPE)
    groups = [match.span() for match in GROUP.finditer(shape)]
    longest = len(groups) if len(groups) <= MOST_GROUPS else 1
    told: bool | None = None
    for length in range(longest, 0, -1):
        for first in range(len(groups) - length + 1):
            begin, stop = groups[first][0], groups[first + length - 1][1]
            if not FEWEST <= stop - begin <= MOST_DIGITS * 2:
                continue
            if not may_be(shape[begin:stop]) and not ISSUED.match(text, start + begin):
                told = is_told() if told is None else told
                if not told:
                    continue
            found = _digits(text, start + begin, start + stop)
            if found is not None:
                yield found


def _digits(text: str, start: int, end: int) -> Digits | None:
    written = text[start:end]
    plus = text[start - 1 : start] == "+" or (text[start - 2 : start] == "+(")
    if ")" in written and "(" not in written.split(")", 1)[0]:
        if text[start - 1 : start] != "(":
            return None
        start -= 1
        written = text[start:end]
    if plus:
        start = text.rindex("+", 0, start)
    plain = written.translate(PLAIN)
    if not FEWEST <= len(plain) <= MOST_DIGITS or TAIL.match(text, end):
        return None
    if text[start - 1 : start] not in BLANKS and GLUE.search(text, max(0, start - 2), start):
        return None
    alone = not text[:start].strip() and not text[end:].strip() if start < 8 and len(text) - end < 8 else False
    return Digits(start, end, written, written.translate(SHAPE), plain, alone, plus)
