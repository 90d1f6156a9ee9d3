"""One view of a text for all detectors: what is hidden is shown, what is disguised is plain, and the way back is kept.

Everything is done character by character, so the cost is linear and every character knows where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from chatapp.guards.arrays import NDArray, np

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
_KNOWN = 1 << 16

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


class _Pieces(dict[str, str]):
    """What each character is read as, worked out on first sight."""

    def __missing__(self, char: str) -> str:
        piece = _READ_AS.get(char)
        if piece is None:
            piece = "" if _DROPPED.match(char) else unicodedata.normalize("NFKC", char)
        if len(piece) > _LONGEST_PIECE:
            piece = char
        if len(self) >= _KNOWN:
            self.clear()
        self[char] = piece
        return piece


_READ_AS = _TAGS | _BLANKS
_PIECES = _Pieces()


def normalise(text: str) -> Normalised:
    """The text in compatibility form (NFKC), without invisible characters, look-alikes of mixed words in Latin."""
    if text.isascii():
        return Normalised(text)
    pieces = [_PIECES[char] for char in text]
    plain = "".join(pieces)
    is_swollen = len(plain) > max(LONGEST, len(text))
    if is_swollen:  # the end would be out of sight behind a filler of ligatures
        pieces = [piece if len(piece) < 2 else char for piece, char in zip(pieces, text, strict=True)]
        plain = "".join(pieces)
    places = None
    lengths = list(map(len, pieces))
    if lengths.count(1) != len(pieces):
        places = np.repeat(np.arange(len(pieces)), lengths)
    has_dropped = _DROPPED.search(text) is not None  # a search without looking around leaps, and most texts have none
    has_tags = _TAG.search(text) is not None and _TAGGED.search(text) is not None
    hidden = has_dropped and _HIDDEN.search(text) is not None
    return Normalised(_in_one_script(plain), has_tags, hidden, is_swollen, places)


def _in_one_script(text: str) -> str:
    """Words that mix Latin with look-alikes, in Latin; all words, when the text has no foreign letter but twins."""
    if not _LATIN.search(text) or not _FOREIGN.search(text):
        return text
    plain = text.translate(_LOOK_ALIKES)
    if not _FOREIGN.search(_TWINS.sub("", text)):
        return plain
    return _MIXED.sub(lambda word: plain[word.start() : word.end()], text)
