"""Text as the model reads it: small letters without accents, one digit for all, single blanks, a blank in front."""

from __future__ import annotations

import re
import unicodedata

# Marks that are stacked on letters as accents or as a disguise; vowel signs of other scripts are not among them.
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_DIGIT = re.compile(r"\d")


def fold(text: str) -> str:
    """The folded text. Linear in its length."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
    return f" {' '.join(_DIGIT.sub('0', text.lower()).split())}"
