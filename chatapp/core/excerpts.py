"""What a search has found, cut out of its text: plain parts, some of them hits. Whoever shows them escapes each part.

The indexes keep no text, so the hits are looked for again, in the few messages of one page. Words are compared by their
beginnings, without case and accents: close to what the indexes' stemmers do.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from chatapp.core.search import phrases

LENGTH = 150
BEFORE = 40
ENDINGS = ("ingly", "edly", "ing", "ies", "ed", "es", "ly", "s", "e", "y")
SHORTEST_STEM = 3
WORD = re.compile(r"\w+")
SIGNS = re.compile(r"```\w*|\*\*|__|`|^#+ |\s+", re.MULTILINE)
NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    is_hit: bool


class _Folded(dict[int, str]):
    """Every character as one small letter without accents, so that positions stay."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFD", chr(code).lower())[0]
        self[code] = folded
        return folded


_folded = _Folded()


def excerpt(text: str, query: str) -> list[Part]:
    """A line around the first hit, or the beginning of the text where none is recognised."""
    words = _words(query)
    hit = words.search(_fold(text))
    start = _word_start(text, hit.start() - BEFORE) if hit else 0
    end = start + LENGTH if hit is None else max(start + LENGTH, hit.end())
    line = SIGNS.sub(" ", text[start : end + 1])
    line = " ".join(line.split()[: None if end >= len(text) else -1]) or line[:LENGTH]
    return _parts(("\u2026 " if start else "") + line + (" \u2026" if end < len(text) else ""), words)


def marked(name: str, query: str) -> list[Part]:
    """The whole name."""
    literally = re.escape(_fold(query.strip()))
    return _parts(name, re.compile("|".join(filter(None, [literally, _words(query).pattern]))))


def _parts(text: str, words: re.Pattern[str]) -> list[Part]:
    parts, end = [], 0
    for hit in words.finditer(_fold(text)):
        parts += [Part(text[end : hit.start()], False), Part(text[hit.start() : hit.end()], True)]
        end = hit.end()
    return [part for part in [*parts, Part(text[end:], False)] if part.text]


def _words(query: str) -> re.Pattern[str]:
    """Finds each phrase of the query, and each word of it."""
    found = [WORD.findall(_fold(phrase)) for phrase in phrases(query)]
    runs = [r"\W{1,20}".join(map(_inflected, words)) for words in found if words]
    return re.compile("|".join(rf"\b{run}\b" for run in sorted(runs, key=len, reverse=True))) if runs else NOTHING


def _inflected(word: str) -> str:
    stem = next(
        (word.removesuffix(e) for e in ENDINGS if word.endswith(e) and len(word) - len(e) >= SHORTEST_STEM), word
    )
    if len(stem) > SHORTEST_STEM and stem[-1] == stem[-2]:
        stem = stem[:-1]
    return re.escape(stem) + (r"\w{0,4}" if len(stem) >= SHORTEST_STEM else "")


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_folded)


def _word_start(text: str, near: int) -> int:
    """The beginning of the next word from there on."""
    if near <= 0:
        return 0
    space = text.find(" ", near, near + BEFORE)
    return near if space < 0 else space + 1
