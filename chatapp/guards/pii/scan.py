"""The recognisers one after the other, each behind a test that costs next to nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache, partial
from itertools import groupby

from chatapp.guards.pii import context
from chatapp.guards.pii.context import Surroundings
from chatapp.guards.pii.credentials import collect_credentials
from chatapp.guards.pii.digits import CLUSTER, ISSUED, SHAPE, Digits, groups
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.emails import emails
from chatapp.guards.pii.national_ids import BY_SHAPE, WORDLESS, lettered_ids, national_id
from chatapp.guards.pii.payments import CARD_SHAPES, card, ibans
from chatapp.guards.pii.phones import DISTINCT_SHAPES, phone
from chatapp.guards.pii.spans import Collected, Span
from chatapp.guards.pii.vat import vat_numbers

DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,8}[0-9]){3}")
# In JSON and program text a written line break stands between values; two blanks keep the offsets.
ESCAPED_BLANK = re.compile(r"\\[nrt]")


def _without_longer(shapes: Collection[str]) -> list[str]:
    """Those of digits that hold no other: what holds one of all shapes holds one of these."""
    bare = [shape for shape in shapes if not any(map(str.isalpha, shape))]
    return [shape for shape in bare if not any(other != shape and other in shape for other in bare)]


# How numbers in groups are written that are known without a word for it.
KNOWN_SHAPES = frozenset((*BY_SHAPE, *CARD_SHAPES, *DISTINCT_SHAPES))
SURE_SHAPES = WORDLESS | CARD_SHAPES
SHORTEST_KNOWN, SHORTEST_SURE = _without_longer(KNOWN_SHAPES), _without_longer(SURE_SHAPES)
FORMS = re.compile(r"9{12,19}|(?:9[ .\-])?(?:\(?999\) ?|999-)999-9999|999\.999\.9999|99(?:[ .]99){4}|999-9999-9999")
# In a text longer than this, no number is all there is.
MUCH = 64
# How many characters of a row of numbers are looked at for a microsecond; of a short row all parts are tried.
ROW, LONG_ROW = 12, 80
# What a look at a part of a row costs.
LOOK = 6
# What a look at a number costs, and each check of the identity numbers of its shape.
COST, COST_OF_CHECK = 20, 4


def find(text: str, allowlist: Collection[str] = ()) -> list[Span]:
    """All personal data and credentials in a text: sorted, disjoint, in code points.

    What equals an entry of the allowlist, whatever its case and separators, is left out; an entry `@domain` stands for
    all e-mail addresses of the domain.
    """
    if "\\" in text:
        text = ESCAPED_BLANK.sub("  ", text)
    found = Collected()
    effort = Effort()
    collect_credentials(text, found, effort)
    if "@" in text:
        found.add(emails(text, effort))
    if DIGITS.search(text):
        found.add(ibans(text, effort))
        found.add(vat_numbers(text, found, effort))
        around = Surroundings(text)
        found.add(_numbers(text, around, found, effort))
        found.add(lettered_ids(text, around, effort))
    if flood := effort.flood():
        found.swallow(flood)
    spans = found.sorted()
    return [span for span in spans if not _allowed(text[span.start : span.end], allowlist)] if allowlist else spans


def _numbers(text: str, around: Surroundings, found: Collected, effort: Effort) -> Iterator[Span]:
    """The first kind that knows a group of digits. What is yielded is in `found` before the next group is tried."""
    is_long = len(text) > MUCH
    for cluster in CLUSTER.finditer(text):
        start, end = cluster.span()
        if found.covers(start, end):
            continue
        is_told = partial(_is_told, around, start, end)
        if not effort.allows("rows", 4 + 2 * (end - start) // (1 if end - start < LONG_ROW else ROW)):
            _mask_rows(text, start, around, effort)
            return
        for digits in groups(text, cluster, _may_be, is_told):
            if not effort.allows("rows", LOOK):
                _mask_rows(text, digits.start, around, effort)
                return
            if found.overlaps(digits.start, digits.end):
                continue
            near = around.at(digits.start, digits.end)
            if is_long and near.is_bare() and not _needs_no_words(digits):
                continue
            if not effort.allows("numbers", COST + COST_OF_CHECK * len(BY_SHAPE.get(digits.shape, ()))):
                effort.mask(digits.start, digits.end, "pii_national_id")
                continue
            span = card(digits, near) or national_id(digits, near) or phone(digits, near, effort)
            if span is not None:
                yield span
                if span.end >= end and span.start <= start:
                    break


def _mask_rows(text: str, start: int, around: Surroundings, effort: Effort) -> None:
    """Mask the rows of numbers from here on, in the parts of the text that can hold a personal one."""
    for _, clusters in groupby(CLUSTER.finditer(text, start), key=lambda cluster: cluster.start() // context.BLOCK):
        rows = [cluster.span() for cluster in clusters]
        begin, end = rows[0][0], rows[-1][1]
        has_words = around.has_words(begin, end)
        written = text[begin:end].translate(SHAPE)
        shapes = dict.fromkeys(written[first - begin : last - begin] for first, last in rows)
        if (
            any(_holds_number(shape, has_words) for shape in shapes)
            or any(ISSUED.match(text, first) for first, _ in rows)
            or has_words
            and around.is_told_roughly(begin, end)
        ):
            effort.mask_all(rows, "pii_national_id")


def _may_be(shape: str) -> bool:
    """Whether a number that is written like this can be known without words for it, or is looked at for its shape."""
    return shape in KNOWN_SHAPES or FORMS.fullmatch(shape) is not None


def _holds_number(shape: str, has_words: bool) -> bool:
    """Whether part of a row of numbers is written as a known one; of a long row, one of its groups."""
    if len(shape) > 2 * context.BLOCK:
        known = KNOWN_SHAPES if has_words else SURE_SHAPES
        return any(group in known or FORMS.fullmatch(group) for group in set(shape.split()))
    return _row_holds_number(shape, has_words)


@lru_cache(1_024)
def _row_holds_number(shape: str, has_words: bool) -> bool:
    shortest = SHORTEST_KNOWN if has_words else SHORTEST_SURE
    return any(one in shape for one in shortest) or FORMS.search(shape) is not None


def _needs_no_words(digits: Digits) -> bool:
    shape = digits.shape
    is_issued = digits.plus or digits.plain.startswith("00")
    return is_issued or shape in WORDLESS or shape in CARD_SHAPES or FORMS.fullmatch(shape) is not None


def _is_told(around: Surroundings, start: int, end: int) -> bool:
    """Whether words of phone numbers stand near a row of numbers."""
    return around.tell(context.PHONE, start - context.BEFORE, end + context.AFTER)


def _allowed(value: str, allowlist: Collection[str]) -> bool:
    plain = _plain(value)
    return any(
        value.casefold().endswith(entry.casefold()) if entry.startswith("@") else _plain(entry) == plain
        for entry in allowlist
    )


def _plain(value: str) -> str:
    return re.sub(r"[\s.\-/()]", "", value).casefold()
