"""National identity numbers in a text: by their shape and check digits, and by the words around them."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from itertools import chain

from chatapp.guards.characters import kinds
from chatapp.guards.pii.context import LOOKALIKE, Nearby, Surroundings
from chatapp.guards.pii.digits import Digits
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.identifiers import NAMES, RECOGNISERS, Recogniser, french, nino
from chatapp.guards.pii.spans import Span

LABEL = re.compile(
    r"(?<!\w)(?:" + "|".join(f"(?P<{name}>{words})" for name, (words, _) in NAMES.items()) + r")[\s:=#\"'(\-]{1,4}"
    r"(?:(?:is|on|ist|lautet|est|es|är|er|jest|yra|ir) )?$",
)
OWN = {name: checks for name, (_, checks) in NAMES.items()}


def _by_shape() -> dict[str, tuple[Recogniser, ...]]:
    table: dict[str, tuple[Recogniser, ...]] = {}
    for recogniser in RECOGNISERS:
        for shape in recogniser.shapes.split():
            written = shape.replace("_", " ")
            table[written] = (*table.get(written, ()), recogniser)
    return table


COST = 30
BY_SHAPE = _by_shape()
# Those that are known by their check digits, without words around them.
WORDLESS = frozenset(shape for shape, kinds in BY_SHAPE.items() if any(kind.needs is None for kind in kinds))
# What is left of a known shape without the letters in front.
TAILS = frozenset(shape.lstrip("A").removeprefix("-") for shape in BY_SHAPE if not shape.isdigit())
# With a letter or a sign in it or before it, at the first of its digits: most numbers have none and are passed over.
LETTERED = re.compile(
    r"[0-9](?<![0-9].)(?:(?<=[A-Za-z\-].)|(?=[0-9]{0,17}+[A-Za-z+\-]))[0-9A-Za-z+\-]{3,17}+(?![0-9A-Za-z])"
)
LONGEST_HEAD = 7
HEAD = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{0,6}-?$")
INSURANCE = re.compile(r"[A-Za-z](?<![0-9A-Za-z].)[A-Za-z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-Da-d](?![0-9A-Za-z])")
# What is in every text with such a number, in kinds of characters without blanks: found without a search.
INSURANCE_KINDS = kinds(
    dict.fromkeys("0123456789", "0") | dict.fromkeys(string.ascii_letters, "a") | dict.fromkeys("ABCDabcd", "A")
)
INSURANCE_KINDS_FOUND = tuple(head + b"000000A" for head in (b"aa", b"aA", b"Aa", b"AA"))
CORSICAN = re.compile(r"[12](?<![0-9A-Za-z].) ?[0-9]{2} ?[0-9]{2} ?2[AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?![0-9A-Za-z])")
SHAPES = bytes.maketrans(f"{string.digits}{string.ascii_letters}".encode(), b"9" * 10 + b"A" * 52)


def national_id(digits: Digits, near: Nearby) -> Span | None:
    """The national number in these digits."""
    recognisers = BY_SHAPE.get(digits.shape)
    if recognisers is None or digits.plus:
        return None
    return _recognise(digits.written, digits.start, recognisers, near, alone=digits.alone)


def lettered_ids(text: str, around: Surroundings, effort: Effort) -> Iterator[Span]:
    """The national numbers that hold letters."""
    shapes = text.encode("ascii", "replace").translate(SHAPES).decode("ascii")
    matches = LETTERED.finditer(text)
    for match in matches:
        if shapes[match.start() : match.end()] not in TAILS:
            continue
        head = HEAD.search(text, max(0, match.start() - 8), match.start())
        if head is None:
            continue
        start, end = head.start(), match.end()
        recognisers = BY_SHAPE.get(shapes[start:end])
        if recognisers is None or shapes[start:end].isdigit():
            continue
        if not effort.allows("lettered", COST):
            effort.mask_all(_tails(shapes, chain((match,), matches)), "pii_national_id")
            break
        written = text[start:end]
        alone = len(text) - len(written) < 8 and text.strip() == written
        span = _recognise(written, start, recognisers, around.at(start, end), alone=alone)
        if span is not None:
            yield span
    yield from _with_blanks(text, effort)


def _tails(shapes: str, matches: Iterable[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """The places of what has the shape of a number, with what may stand in front."""
    for match in matches:
        start, end = match.span()
        if shapes[start:end] in TAILS:
            yield max(0, start - LONGEST_HEAD), end


def _with_blanks(text: str, effort: Effort) -> Iterator[Span]:
    letters = text.encode("ascii", "replace").translate(INSURANCE_KINDS, b" ")
    may_be = any(kinds in letters for kinds in INSURANCE_KINDS_FOUND)
    for match in INSURANCE.finditer(text) if may_be else ():
        if not effort.allows("lettered", COST):
            effort.mask(*match.span(), "pii_national_id")
        elif nino(match[0]):
            yield Span(*match.span(), "pii_national_id")
    if "2A" in text or "2B" in text:
        for match in CORSICAN.finditer(text):
            if not effort.allows("lettered", COST):
                effort.mask(*match.span(), "pii_france_nir")
            elif french(match[0]):
                yield Span(*match.span(), "pii_france_nir")


def _recognise(
    written: str, start: int, recognisers: tuple[Recogniser, ...], near: Nearby, *, alone: bool
) -> Span | None:
    if near.label(LOOKALIKE):
        return None
    named = near.label(LABEL)
    if named is not None and named.lastgroup is not None:
        own = OWN[named.lastgroup]
        recognisers = tuple(recogniser for recogniser in recognisers if recogniser.check in own)
    shouted = written.upper()
    for recogniser in recognisers:
        if recogniser.needs is not None and not alone and not near.tells(recogniser.needs):
            continue
        if recogniser.accepts(shouted):
            return Span(start, start + len(written), recogniser.category)
    return None
