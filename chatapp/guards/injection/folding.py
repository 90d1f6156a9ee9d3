"""Text as the model reads it: small letters without accents, one digit for all, single blanks, a blank in front."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from chatapp.guards.arrays import np
from chatapp.guards.characters import Rewriting, as_text, code_points

# Marks that are stacked on letters as accents or as a disguise; vowel signs of other scripts are not among them.
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_SYLLABLE = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_DIGITS = str.maketrans("123456789", "000000000")
# Rules, frames of tables and dotted lines are as long as their author liked.
_RULE = re.compile(r"([^\w\s])(?:(?:\s?\1){3,}|([^\w\s])(?:\1\2){3,})")
# Up to this many characters the search itself costs less than asking whether it is needed.
_SHORT = 1_500
_IS_BLANK = np.array([chr(code).isspace() for code in range(128)])
_IS_SIGN = np.array([re.match(r"[^\w\s]", chr(code)) is not None for code in range(128)])


def _piece(char: str) -> str:
    """What a character is read as: whole texts take longer the more marks are stacked."""
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", char.lower())))
    return "0" if char.isdecimal() else plain.replace("ς", "σ")


_PIECES = Rewriting(_piece)


def fold(text: str) -> str:
    """The folded text. Linear in its length."""
    if text.isascii():
        text = text.lower().translate(_DIGITS)
    else:
        codes = code_points(_SYLLABLE.sub(lambda match: unicodedata.normalize("NFC", match[0]), text))
        text = as_text(_PIECES.read(codes, _PIECES.widths(codes)))
    return f" {' '.join(_with_short_rules(text).split())}"


def _with_short_rules(text: str) -> str:
    """Looked for only where signs repeat themselves: in a page of signs the search alone would take longest of all."""
    if len(text) <= _SHORT or not text.isascii():
        return _RULE.sub(_shortened, text)
    parts: list[str] = []
    done = 0
    for start, end in _repetitions(text):
        parts += text[done:start], _RULE.sub(_shortened, text[start:end])
        done = end
    return "".join((*parts, text[done:])) if done else text


def _repetitions(text: str) -> list[tuple[int, int]]:
    """The parts of a text in ASCII where four signs are the same, or eight take turns, whatever blanks there are."""
    codes = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    places = np.flatnonzero(~_IS_BLANK[codes])
    codes = codes[places]
    signs = np.where(_IS_SIGN[codes], codes + np.uint8(1), 0)  # 0: no sign
    inside = np.zeros(len(signs) + 2, dtype=bool)
    for apart, often in ((1, 3), (2, 6)):
        same = (signs[apart:] == signs[:-apart]) & (signs[apart:] > 0)
        for _ in range(often - 1):
            same = same[1:] & same[:-1]
        for number in range(1, often + apart + 1):
            inside[number : number + len(same)] |= same
    starts, ends = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2).T
    return list(zip(places[starts].tolist(), (places[ends - 1] + 1).tolist(), strict=True))


def _shortened(rule: re.Match[str]) -> str:
    return rule[1] * 3 if rule[2] is None else (rule[1] + rule[2]) * 2


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters which one of the text it stands for.

    For showing people where something is: it takes a hundred times as long. Texts with Korean letters written apart
    come out in another way.
    """
    read_as = {char: _piece(char) for char in set(text)}
    pieces = [read_as[char] for char in text]
    folded = "".join(pieces)
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    shown, origins = [" "], [0]
    for char, number in _without_rules(folded):
        if not char.isspace() or shown[-1] != " ":
            shown.append(" " if char.isspace() else char)
            origins.append(places[number])
    if len(shown) > 1 and shown[-1] == " ":
        del shown[-1], origins[-1]
    return "".join(shown), origins


def _without_rules(folded: str) -> Iterator[tuple[str, int]]:
    """The characters, rules shortened, each with the number of one that it stands for."""
    done = 0
    for rule in _RULE.finditer(folded):
        yield from zip(folded[done : rule.start()], range(done, rule.start()), strict=True)
        yield from ((char, rule.start()) for char in _shortened(rule))
        done = rule.end()
    yield from zip(folded[done:], range(done, len(folded)), strict=True)
