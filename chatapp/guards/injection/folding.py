"""Text as the model reads it: small letters without accents, one digit for all, single blanks, a blank in front."""

from __future__ import annotations

import re
import unicodedata

from chatapp.guards.characters import Rewriting, as_text, code_points

# Marks that are stacked on letters as accents or as a disguise; vowel signs of other scripts are not among them.
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_SYLLABLE = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_DIGITS = str.maketrans("123456789", "000000000")
# Rules, frames of tables and dotted lines are as long as their author liked.
_RULE = re.compile(r"([^\w\s])(?:(?:\s?\1){3,}|([^\w\s])(?:\1\2){3,})")


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
    return f" {' '.join(_RULE.sub(_shortened, text).split())}"


def _shortened(rule: re.Match[str]) -> str:
    return rule[1] * 3 if rule[2] is None else (rule[1] + rule[2]) * 2
