"""One view of a text for all detectors: what is hidden is shown, what is disguised is plain, and the way back is kept.

Everything is done character by character, so the cost is linear and every character knows where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from chatapp.guards.arrays import NDArray, np
from chatapp.guards.characters import Rewriting, as_text, code_points

_TAGS = {chr(0xE0000 + code): chr(code) for code in range(0x20, 0x7F)}
_BLANKS = dict.fromkeys("\u2800\u3164\u115f\u1160\uffa0", " ")
_INVISIBLE = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e001f\U000e007f-\U000e0fff"
)
_DROPPED = re.compile(f"[{_INVISIBLE}]")
# Joiners are spelling in Persian and Indic words and in emoji: only what sits between other letters is hidden.
_HIDDEN = re.compile(f"(?<=[A-Za-z\u00c0-\u052f])[{_INVISIBLE}]+(?=[A-Za-z\u00c0-\u052f])")
# The flags of England, Scotland and Wales are a black flag spelled out in tag characters.
_TAG = re.compile("[\U000e0020-\U000e007e]")
_TAGGED = re.compile("(?<!\U0001f3f4)(?<![\U000e0020-\U000e007e])[\U000e0020-\U000e007e]+")

# Whole phrases that are one character stay one, and a page of them does not become a book.
_LONGEST_PIECE = 4
LONGEST = 60_000

_LATIN = re.compile("[A-Za-z]")
_FOREIGN = re.compile("[\u0370-\u058f]")
_MIXED = re.compile(r"(?<!\w)(?=\w*[A-Za-z])(?=\w*[\u0370-\u058f])\w+")
_LOOK_ALIKES = str.maketrans(
    # Cyrillic, Greek, Armenian.
    "авегийкмнопрстухьѕіјһԁԛԝАВЕЅІЈКМНОРСТУХ" + "αβγεηικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "աօսհոզցյլ",
    "aberuukmhonpctyxbsijhdqwABESIJKMHOPCTYX" + "abyenikvoptuxwABEZHIKMNOPTYX" + "wouhnqgjl",
)
# Those that nobody can tell apart; whole words of them are found in no language.
_TWINS = re.compile("[асеорухіјѕһԁԛԝАВЕЅІЈКМНОРСТУХοΑΒΕΖΗΙΚΜΝΟΡΤΥΧօ]")


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text as detectors read it. `has_tags` and `has_hidden`: it holds writing that no reader would have seen.

    `is_swollen`: written out it would be longer than LONGEST, so its ligatures were left as they are.
    """

    text: str
    has_tags: bool = False
    has_hidden: bool = False
    is_swollen: bool = False
    _places: NDArray[np.int64] | None = None

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of a non-empty span of `text`, with whatever is hidden inside of it."""
        if self._places is None:
            return start, end
        return int(self._places[start]), int(self._places[end - 1]) + 1


def _piece(char: str) -> str:
    """What a character is read as."""
    piece = _READ_AS.get(char)
    if piece is None:
        piece = "" if _DROPPED.match(char) else unicodedata.normalize("NFKC", char)
    return piece if len(piece) <= _LONGEST_PIECE else char


_READ_AS = _TAGS | _BLANKS
_PIECES = Rewriting(_piece)
_IN_LATIN = Rewriting(lambda char: char.translate(_LOOK_ALIKES))


def normalise(text: str) -> Normalised:
    """The text in compatibility form (NFKC), without invisible characters, look-alikes of mixed words in Latin."""
    if text.isascii():
        return Normalised(text)
    codes = code_points(text)
    widths = _PIECES.widths(codes)
    is_swollen = int(widths.sum()) > max(LONGEST, len(text))
    if is_swollen:  # the end would be out of sight behind a filler of ligatures
        widths = np.minimum(widths, 1)
    plain = as_text(_PIECES.read(codes, widths))
    places = None if (widths == 1).all() else np.repeat(np.arange(len(codes)), widths)
    has_tags = _TAG.search(text) is not None and _TAGGED.search(text) is not None
    hidden = not widths.all() and _HIDDEN.search(text) is not None
    return Normalised(_in_one_script(plain), has_tags, hidden, is_swollen, places)


def _in_one_script(text: str) -> str:
    """Words that mix Latin with look-alikes, in Latin; all words, when the text has no foreign letter but twins."""
    if not _LATIN.search(text) or not _FOREIGN.search(text):
        return text
    codes = code_points(text)
    plain = as_text(_IN_LATIN.read(codes, _IN_LATIN.widths(codes)))
    if not _FOREIGN.search(_TWINS.sub("", text)):
        return plain
    return _MIXED.sub(lambda word: plain[word.start() : word.end()], text)
