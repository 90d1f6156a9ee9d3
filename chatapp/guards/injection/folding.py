"""Text as the model reads it: small letters without accents, one digit for all, single blanks, a blank in front."""

from __future__ import annotations

import re
import unicodedata

# Marks that are stacked on letters as accents or as a disguise; vowel signs of other scripts are not among them.
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_SYLLABLE = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_DIGITS = str.maketrans("123456789", "000000000")
# Rules, frames of tables and dotted lines are as long as their author liked.
_RULE = re.compile(r"([^\w\s])(?:(?:\s?\1){3,}|([^\w\s])(?:\1\2){3,})")
_KNOWN = 1 << 16


class _Folded(dict[str, str]):
    """What each character is read as, worked out on first sight: whole texts take longer the more marks are stacked."""

    def __missing__(self, char: str) -> str:
        plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", char.lower())))
        folded = "0" if char.isdecimal() else plain.replace("ς", "σ")
        if len(self) >= _KNOWN:
            self.clear()
        self[char] = folded
        return folded


_FOLDED = _Folded()


def fold(text: str) -> str:
    """The folded text. Linear in its length."""
    if text.isascii():
        text = text.lower().translate(_DIGITS)
    else:
        text = _SYLLABLE.sub(lambda match: unicodedata.normalize("NFC", match[0]), text)
        text = "".join([_FOLDED[char] for char in text])
    return f" {' '.join(_RULE.sub(_shortened, text).split())}"


def _shortened(rule: re.Match[str]) -> str:
    return rule[1] * 3 if rule[2] is None else (rule[1] + rule[2]) * 2
