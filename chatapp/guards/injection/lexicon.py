"""The words of attacks in many languages, and where a text uses them (lexicon.txt)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import cast

from chatapp.guards.arrays import NDArray, np
from chatapp.guards.injection.folding import fold
from chatapp.guards.injection.ngrams import Hashes, Ints

PATH = Path(__file__).with_name("lexicon.txt")
# Scripts written without blanks, or with articles and particles attached: a word may begin anywhere.
UNSPACED = tuple(zip("\u0590\u0e00\u1780\u3040\u3400\uac00", "\u06ff\u0eff\u17ff\u30ff\u9fff\ud7af", strict=True))
# Entries are looked up by so many characters; shorter ones as they are. In a LONG text places are ruled out by DEEP.
BEGINNING, DEEP = 3, 7
LONG = 1_500
KNOWN = 1 << 14
DEPTHS = (BEGINNING, DEEP)
# The basic plane of Unicode; also the size of the tables that rule most places out.
PLANE = 0x10000
OTHER, LETTER, ANYWHERE = range(3)
# The same concept is found again only so many characters later.
AGAIN = 8
FACTOR = np.uint64(0x9E3779B1)

Concepts = tuple[int, ...]

# Signs of attacks that are not words: what they hold at least one of, and the pattern. None of them repeats
# without a bound, so all are linear.
SIGNS = {
    "sign_delimiter": ((">",), r"<\|[a-z_]{2,20}\|>|<<sys>>|</?s>"),
    "sign_instruction": (("]",), r"\[/?inst\]"),
    "sign_role_tag": (
        ("<", "[", "{", "("),
        r"[<\[{(]/?\s?(?:system(?: mode)?|admin|developer|instructions?|sys|root|override|user|assistant)\s?[>\])}:]",
    ),
    "sign_heading": (
        ("##", "--", "==", "**"),
        r"(?:##|--|==|\*\*)\s?(?:system|instruction|prompt|new|begin|end of|tool_result|override|admin)",
    ),
    # That it begins a word is asked after the first letter, so that the search can leap from one to the next.
    "sign_turn": (
        (":",),
        r"[hascgudb](?<!\w.)(?:(?<=h)uman|(?<=a)(?:ssistant|i)|(?<=s)ystem|(?<=c)hatgpt|(?<=g)pt"
        r"|(?<=u)ser|(?<=d)an|(?<=b)ot)"
        r"\s?:",
    ),
    "sign_fence": (("```",), r"```\s?(?:system|prompt|admin|instructions?)"),
    "sign_slot": (
        ("[", "{"),
        r"\[(?:insert|your|user|prompt|keyword|targetlanguage|name)\b|\{(?:prompt|query|user|generator)",
    ),
    "sign_remote": (("://",), r"https?://[^\s]{0,80}?(?:evil|attacker|\?[a-z]{1,8}=)"),
    "sign_question": (
        ("",),
        r"^\s?(?:how|where|when|which|can i|could i|may i|should i|why|what is|is there|does)\b",
    ),
}


class Lexicon:
    """Words and phrases that begin the same way are found together; `concepts` names what words and signs stand for."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        names = sorted({concept for concept, _ in lines})
        self.concepts = [*names, *SIGNS]
        self._signs = [
            (len(names) + number, needles, re.compile(pattern))
            for number, (needles, pattern) in enumerate(SIGNS.values())
        ]
        meanings: dict[str, dict[tuple[int, bool], None]] = {}
        # All at once, which takes a tenth of the time.
        folded = fold(";".join(entries for _, entries in lines)).split(";")
        for (concept, _), entries in zip(lines, folded, strict=True):
            for entry in entries.split(","):
                word = entry.strip().rstrip("*")
                is_open = entry.rstrip().endswith("*") or _is_unspaced(word[-1])
                meanings.setdefault(word, {})[names.index(concept), is_open] = None
        # What each means where letters follow, and where none do.
        self._entries: dict[str, tuple[Concepts, Concepts]] = {
            word: (tuple(concept for concept, is_open in found if is_open), tuple(concept for concept, _ in found))
            for word, found in meanings.items()
        }
        self._beginnings = _Beginnings(self._entries)
        short = [word for word in self._entries if len(word) <= DEEP]
        self._whole = [_table(word for word in short if len(word) == length) for length in range(DEEP + 1)]
        self._heads = {depth: _table({word[:depth] for word in self._entries if len(word) > depth}) for depth in DEPTHS}

    def find(self, text: str, codes: Hashes) -> tuple[Ints, Ints]:
        """Places and concepts in a folded text and its code points, in the order of the text."""
        found: list[int] = []  # place and concept in one number, which sorts faster than a pair
        count = len(self.concepts)
        latest = [-AGAIN] * count
        for start in self._candidates(codes):
            concepts, lengths = self._beginnings[text[start : start + DEEP + 1]]
            for length in lengths:
                entry = self._entries.get(text[start : start + length])
                if entry is not None:
                    concepts += entry[not text[start + length].isalnum()]
            for concept in concepts:
                if start - latest[concept] >= AGAIN:
                    latest[concept] = start
                    found.append(start * count + concept)
        for concept, needles, sign in self._signs:
            if any(needle in text for needle in needles):
                found += [match.start() * count + concept for match in sign.finditer(text)]
        found.sort()
        numbers = np.array(found, dtype=np.int64)
        return numbers // count, numbers % count

    def _candidates(self, codes: Hashes) -> list[int]:
        """Where a word begins whose first characters are those of an entry, or of something with the same hash."""
        depth = DEEP if len(codes) > LONG else BEGINNING
        codes = np.concatenate((codes, np.full(DEEP, ord(" "), dtype=np.uint64)))
        kinds = _kinds()[np.minimum(codes[:-DEEP], PLANE - 1)]
        begins = (kinds[1:] == ANYWHERE) | ((kinds[1:] == LETTER) & (kinds[:-1] == OTHER))
        starts = np.flatnonzero(begins) + 1
        hashes = np.zeros(len(starts), dtype=np.uint64)
        known = np.zeros(len(starts), dtype=bool)
        for length in range(1, depth + 1):
            hashes = hashes * FACTOR + codes[starts + (length - 1)]
            known |= self._whole[length][_slot(hashes)]
        known |= self._heads[depth][_slot(hashes)]
        return cast(list[int], starts[known].tolist())


class _Beginnings(dict[str, tuple[Concepts, tuple[int, ...]]]):
    """What the entries mean that DEEP characters and the next one decide, and the lengths of those that may follow.

    Worked out on first sight.
    """

    def __init__(self, entries: Mapping[str, tuple[Concepts, Concepts]]) -> None:
        self._entries = entries
        self._lengths: dict[str, set[int]] = {}
        for word in entries:
            if len(word) > DEEP:
                self._lengths.setdefault(word[:DEEP], set()).add(len(word))

    def __missing__(self, text: str) -> tuple[Concepts, tuple[int, ...]]:
        concepts: Concepts = ()
        for length in range(1, min(len(text), DEEP) + 1):
            entry = self._entries.get(text[:length])
            if entry is not None:
                concepts += entry[not text[length : length + 1].isalnum()]
        if len(self) >= KNOWN:
            self.clear()
        self[text] = found = concepts, tuple(sorted(self._lengths.get(text[:DEEP], ())))
        return found


def _is_unspaced(char: str) -> bool:
    return any(first <= char <= last for first, last in UNSPACED)


def _slot(hashes: Hashes) -> Hashes:
    return (hashes ^ (hashes >> np.uint64(17))) & np.uint64(PLANE - 1)


def _table(words: Iterable[str]) -> NDArray[np.bool_]:
    """Which slots the words have, all of one length."""
    table = np.zeros(PLANE, dtype=bool)
    codes = np.array([list(map(ord, word)) for word in words], dtype=np.uint64)
    if len(codes):
        hashes = np.zeros(len(codes), dtype=np.uint64)
        for column in codes.T:
            hashes = hashes * FACTOR + column
        table[_slot(hashes)] = True
    return table


@cache
def _kinds() -> NDArray[np.int8]:
    """Of every character of the basic plane: a letter or digit, one where a word may begin anywhere, or another."""
    kinds = np.full(PLANE, OTHER, dtype=np.int8)
    kinds[np.strings.isalnum(np.arange(PLANE, dtype=np.uint32).view("<U1"))] = LETTER
    kinds[ord("_")] = LETTER
    for first, last in UNSPACED:
        span = slice(ord(first), ord(last) + 1)
        kinds[span][kinds[span] == LETTER] = ANYWHERE
    return kinds


@cache
def lexicon() -> Lexicon:
    """The lexicon of the product, read on first use."""
    parts = (line.partition(": ") for line in PATH.read_text("utf-8").splitlines() if line[:1].isalpha())
    return Lexicon([(concept, entries) for concept, _, entries in parts])
