"""Attacks in disguise: the plain readings of a text. A reading is judged like any text; being one adds nothing.

At most one reading of each kind, four in all: encoded parts decoded in place, letters put together and digits read as
letters, rot13, reversed. Each is only tried when the text looks like it.
"""

from __future__ import annotations

import binascii
import codecs
import html
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from chatapp.guards.characters import kinds, one_kind
from chatapp.guards.terms import Terms

# The categories of waldur-chat-api section 7.5 that name a disguise.
BASE64 = "base64_payload"
HEX = "hex_encoding"
LEET = "leetspeak"
CIPHER = "cipher_encoding"
REVERSED = "reverse_encoding"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a disguised text says, and the category of the disguise; None for one that has none."""

    text: str
    category: str | None


def readings(text: str) -> Iterator[Reading]:
    """The plain readings of a normalised text, none for most texts."""
    for reading in (_decoded(text), _respelled(text), *_turned(text)):
        if reading is not None and reading.text != text:
            yield reading


_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
# Every alternative begins with its character, and one stands before the repetition, so that the search can leap.
_HEX_ESCAPE = r"(?:\\x[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}|0(?<!\w0)x[0-9A-Fa-f]{2}[ ,]*)"
_HEX_ESCAPES = re.compile(rf"{_HEX_ESCAPE}{_HEX_ESCAPE}{{3,}}")
# That it begins a word is asked after the first character, so that the search can leap from one to the next.
_HEX = re.compile(r"[0-9A-Fa-f](?<!\w.)[0-9A-Fa-f][ :]?(?:[0-9A-Fa-f]{2}[ :]?){7,}\b")
_ENTITY, _UNICODE_ESCAPE = r"&#x?[0-9A-Fa-f]{2,6};", r"\\u[0-9A-Fa-f]{4}"
_ENTITIES = re.compile(rf"{_ENTITY}(?:{_ENTITY}){{2,}}")
_UNICODE_ESCAPES = re.compile(rf"{_UNICODE_ESCAPE}(?:{_UNICODE_ESCAPE}){{2,}}")


_HEX_CLASS, _HEX_RUN = one_kind(string.hexdigits), b"x" * 16
_ENCODED_CLASS, _ENCODED_RUN = one_kind(f"{string.ascii_letters}{string.digits}+/_-"), b"x" * 16
_HEX_DIGITS = re.compile(r"(?:\\x|%|0x)?([0-9A-Fa-f]{2})")


def _decoded(text: str) -> Reading | None:
    """Base64, hexadecimal and escaped parts decoded where they stand."""
    plain = text
    if "&#" in plain:
        plain = _ENTITIES.sub(lambda match: html.unescape(match[0]), plain)
    if "\\u" in plain:
        plain = _UNICODE_ESCAPES.sub(lambda match: codecs.decode(match[0].encode("ascii"), "unicode_escape"), plain)
    if plain != text:
        return Reading(plain, HEX)
    if "\\x" in plain or "%" in plain or "0x" in plain:
        plain = _HEX_ESCAPES.sub(lambda match: _from_escapes(match[0]), plain)
    letters = plain.encode("ascii", "replace")
    if _HEX_RUN in letters.translate(_HEX_CLASS, b" :"):
        plain = _HEX.sub(lambda match: _from_hex(match[0]), plain)
    if plain != text:
        return Reading(plain, HEX)
    if _ENCODED_RUN in letters.translate(_ENCODED_CLASS):
        plain = _ENCODED.sub(lambda match: _from_base64(match[0]), text)
    return Reading(plain, BASE64) if plain != text else None


def _from_hex(run: str) -> str:
    digits = run.replace(":", "").replace(" ", "")
    # Numbers alone are numbers: of words in hexadecimal every other letter has one of a to f.
    return run if digits.isdecimal() else _readable(bytes.fromhex(digits)) or run


def _from_base64(run: str) -> str:
    digits = run.rstrip("=")
    if len(digits) % 4 == 1 or not digits.strip(string.hexdigits):  # the second was read as hexadecimal already
        return run
    digits = digits.replace("-", "+").replace("_", "/")
    try:
        return _readable(binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)) or run
    except binascii.Error:
        return run


def _from_escapes(run: str) -> str:
    if run.startswith("%"):  # a page of nothing else takes a tenth of the time at once
        return unquote(run) if "x" in run else bytes.fromhex(run.replace("%", "")).decode(errors="replace")
    return _readable(bytes.fromhex("".join(_HEX_DIGITS.findall(run)))) or run


# No text that can be printed has these.
_UNREADABLE = bytes({*range(0x20), 0x7F, 0xC0, 0xC1, *range(0xF5, 0x100)} - set(b"\t\n\v\f\r\x1c\x1d\x1e\x1f"))


def _readable(data: bytes) -> str:
    """The bytes as text, empty when they are none."""
    if len(data.translate(None, _UNREADABLE)) < len(data):
        return ""
    text = data.decode(errors="replace")  # a page of what is no text takes a fifth of the time without exceptions
    if len(text) <= 3 or "\ufffd" in text:
        return ""
    return text if "".join(text.split()).isprintable() else ""


# Single letters with the same kind of separator between: a long run shows the habit, then short ones count too.
_SEPARATOR, _SEPARATED = r"[-._*+~|/]", r"[^\s\-._*+~|/]"
# The first letter is looked back at, so that the search can leap from one separator to the next.
_FIRST_SEPARATOR = rf"{_SEPARATOR}(?<=(?<!\w)[^\W_].){_SEPARATED}"
_DOTTED = re.compile(rf"{_FIRST_SEPARATOR}(?:{_SEPARATOR}{_SEPARATED}){{2,}}")
_DOTTED_WORD = re.compile(rf"{_FIRST_SEPARATOR}(?:{_SEPARATOR}{_SEPARATED})*{_SEPARATOR}?(?!\w)")
_SPACED = re.compile(r"(?<!\S)\S(?: \S){3,}(?!\S)")
_SPACED_WORD = re.compile(r"(?<!\S)\S(?: \S)+(?!\S)")
# Sums, as commits are called by, are none. Written out, with the letters that equal them in another case: the same
# found without regard to case takes longer.
_A_TO_Z = "A-Za-z\u0130\u0131\u017f\u212a"
_MIXED = re.compile(
    rf"(?<![\w.:/-])(?![0-9a-f]{{7,40}}(?!\w))(?=[{_A_TO_Z}@$!|]{{0,19}}[0-9@$!|])(?=[0-9@$!|]{{0,19}}[{_A_TO_Z}])[{_A_TO_Z}0-9@$!|]{{2,20}}"
    r"(?![\w:/-]|\.\d)"
)
_BEFORE_LETTER = re.compile(rf"[0-9@$!|][{_A_TO_Z}]")
_ADDRESS = re.compile(r"[A-Za-z0-9]+@[A-Za-z0-9]+\.[A-Za-z]")
_DIGIT_LETTERS = tuple(zip("0134578@$", "oieastbas", strict=True))
# At the end of a word, and far from its next letter, these are no letters.
_SIGN_LETTERS = ((re.compile(r"!(?=[!|]{0,7}\w)"), "i"), (re.compile(r"\|(?=[!|]{0,7}\w)"), "l"))
# So many such words, and every digit of the text is read as a letter; in a long text, fewer are nothing but chance.
_THOROUGH = 3
# What must be somewhere in a text with such words, in tables of the kinds of its characters: found without a search.
_SPACED_KINDS, _SPACED_KIND = kinds({" ": " "}), b"x x x x"
_DOTTED_KINDS, _DOTTED_KIND = kinds(dict.fromkeys("-._*+~|/", ".") | {" ": " "}), b"x.x.x.x"
_MIXED_KINDS = kinds(dict.fromkeys(string.ascii_letters, "a") | dict.fromkeys("0123456789@$|", "0") | {"!": "!"})
_MIXED_KINDS_FOUND = (b"0a", b"a0", b"a!")


def _respelled(text: str) -> Reading | None:
    """Spaced and dotted letters as words, and digits in words as letters."""
    joined = text
    letters = text.encode("ascii", "replace")
    if _SPACED_KIND in letters.translate(_SPACED_KINDS) and _SPACED.search(joined):
        joined = _SPACED_WORD.sub(lambda match: match[0].replace(" ", ""), joined)
        letters = joined.encode("ascii", "replace")
    if _DOTTED_KIND in letters.translate(_DOTTED_KINDS) and _DOTTED.search(joined):
        joined = _DOTTED_WORD.sub(lambda match: re.sub(_SEPARATOR, "", match[0]), joined)
    is_long = len(joined) > _LONG
    mixed = list(islice(filter(_is_leet, _mixed(joined)) if is_long else _mixed(joined), _THOROUGH))
    if mixed and (len(mixed) == _THOROUGH or not is_long):
        return Reading(_without_digits(joined) if len(mixed) == _THOROUGH else _replaced(joined, mixed), LEET)
    return Reading(joined, None) if joined != text else None


def _is_leet(word: re.Match[str]) -> bool:
    """Whether one of its digits and signs is no number at the end, as in `host12`, and no part of an address."""
    return _BEFORE_LETTER.search(word[0]) is not None and _ADDRESS.match(word.string, word.start()) is None


def _replaced(text: str, words: list[re.Match[str]]) -> str:
    for word in words:
        text = text[: word.start()] + _without_digits(word[0]) + text[word.end() :]
    return text


def _mixed(text: str) -> Iterator[re.Match[str]]:
    """Words that have digits or signs between or before letters."""
    letters = text.encode("ascii", "replace").translate(_MIXED_KINDS)
    return _MIXED.finditer(text) if any(kind in letters for kind in _MIXED_KINDS_FOUND) else iter(())


def _without_digits(text: str) -> str:
    """Its words with letters for digits, and for signs that do not end a word."""
    for digit, letter in _DIGIT_LETTERS:
        text = text.replace(digit, letter)
    for sign, letter in _SIGN_LETTERS:
        text = sign.sub(letter, text)
    return text


_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and you your for are with this that not all have what how tell show say give is of to in it do me my now "
        "be und der die das nicht du ist sie les des est vous que las los una para non che per alle "
        "ignore instructions previous password system prompt rules forget please write",
    )
)
_TOKEN = re.compile(r"[A-Za-z]{2,12}")
_ROT13 = str.maketrans(
    string.ascii_letters,
    string.ascii_lowercase[13:]
    + string.ascii_lowercase[:13]
    + string.ascii_uppercase[13:]
    + string.ascii_uppercase[:13],
)
_ROTATED = frozenset(word.translate(_ROT13) for word in _COMMON) - _COMMON - {"be", "or", "on"}
_TURNED = frozenset(word[::-1] for word in _COMMON if word != word[::-1]) - _COMMON - {"on", "era", "od", "eh", "won"}
# How many words must look turned or rotated on the first page, unless the text says that it is; in a text longer than
# that, where short words look like that by chance, so many different ones of a few words in a row, wherever they stand.
_ENOUGH = 2
_ENOUGH_IN_A_ROW, _ROW = 3, 12
_TOO_SHORT = 2
_PAGE = 4_000
_LONG = 2 * _PAGE


def _look(words: frozenset[str], text: str, all_words: list[str]) -> bool:
    """Whether a text, of which these are all words if it is longer than a page, is partly made of such words."""
    if len(text) <= _LONG and len(_places(words, text[:_PAGE])) >= _ENOUGH:
        return True
    found = frozenset(word for word in words.intersection(all_words) if len(word) > _TOO_SHORT)
    if len(found) < _ENOUGH_IN_A_ROW:
        return False
    places = _places(found, text)
    return any(last - first < _ROW for first, last in zip(places, places[_ENOUGH_IN_A_ROW - 1 :], strict=False))


def _places(words: frozenset[str], text: str) -> list[int]:
    """Which words of a text, counted from its beginning, are among these."""
    return [place for place, word in enumerate(_TOKEN.findall(text)) if word.lower() in words]


_SAYS_ROTATED = frozenset(("rot13", "rot-13", "rot 13", "caesar", "cesar"))
_SAYS_TURNED = frozenset(("revers", "backward", "right to left", "rückwärts", "envers", "invers", "revés"))
_SAYS = Terms(sorted(_SAYS_ROTATED | _SAYS_TURNED))


def _turned(text: str) -> Iterator[Reading]:
    """Letters rotated by thirteen, and the text from its end, where it looks like that or says that it is."""
    lowered = text.lower()
    said = _SAYS.places(lowered).keys()
    words = lowered.split() if len(text) > _PAGE else []
    if said & _SAYS_ROTATED or _look(_ROTATED, text, words):
        yield Reading(text.translate(_ROT13), CIPHER)
    if said & _SAYS_TURNED or _look(_TURNED, text, words):
        yield Reading(text[::-1], REVERSED)


_LEET_VERBS = frozenset(
    (
        "hack",
        "bypass",
        "ignore",
        "exploit",
        "jailbreak",
        "override",
        "disable",
        "crack",
        "inject",
        "reveal",
        "disregard",
    )
)


def says_leet(text: str) -> bool:
    """Does a word with digits for letters spell the verb of an attack?"""
    plain = _without_digits(text).lower()
    if not any(verb in plain for verb in _LEET_VERBS):
        return False
    return any(_without_digits(word).lower() in _LEET_VERBS for word in {match[0] for match in _mixed(text)})
