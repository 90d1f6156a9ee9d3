"""The recognisers one after the other, each behind a test that costs next to nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import partial

from chatapp.guards.pii import context
from chatapp.guards.pii.context import Surroundings
from chatapp.guards.pii.credentials import collect_credentials
from chatapp.guards.pii.digits import CLUSTER, groups
from chatapp.guards.pii.emails import emails
from chatapp.guards.pii.national_ids import BY_SHAPE, lettered_ids, national_id
from chatapp.guards.pii.payments import CARD_SHAPES, card, ibans
from chatapp.guards.pii.phones import DISTINCT_SHAPES, phone
from chatapp.guards.pii.spans import Collected, Span
from chatapp.guards.pii.vat import vat_numbers

DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,8}[0-9]){3}")
# In JSON and program text a written line break stands between values; two blanks keep the offsets.
ESCAPED_BLANK = re.compile(r"\\[nrt]")
# How numbers in groups are written that are known without a word for it.
KNOWN_SHAPES = frozenset((*BY_SHAPE, *CARD_SHAPES, *DISTINCT_SHAPES))
NUMBER_KINDS = (card, national_id, phone)


def find(text: str, allowlist: Collection[str] = ()) -> list[Span]:
    """All personal data and credentials in a text: sorted, disjoint, in code points.

    What equals an entry of the allowlist, whatever its case and separators, is left out; an entry `@domain` stands for
    all e-mail addresses of the domain.
    """
    if "\\" in text:
        text = ESCAPED_BLANK.sub("  ", text)
    found = Collected()
    collect_credentials(text, found)
    if "@" in text:
        found.add(emails(text))
    if DIGITS.search(text):
        found.add(ibans(text))
        found.add(vat_numbers(text, found))
        around = Surroundings(text)
        found.add(_numbers(text, around, found))
        found.add(lettered_ids(text, around))
    spans = found.sorted()
    return [span for span in spans if not _allowed(text[span.start : span.end], allowlist)] if allowlist else spans


def _numbers(text: str, around: Surroundings, found: Collected) -> Iterator[Span]:
    """The first kind that knows a group of digits. What is yielded is in `found` before the next group is tried."""
    for cluster in CLUSTER.finditer(text):
        start, end = cluster.span()
        if found.covers(start, end):
            continue
        is_told = partial(_is_told, around, start, end)
        for digits in groups(text, cluster, KNOWN_SHAPES, is_told):
            if found.overlaps(digits.start, digits.end):
                continue
            near = around.at(digits.start, digits.end)
            span = next((span for kind in NUMBER_KINDS if (span := kind(digits, near)) is not None), None)
            if span is not None:
                yield span
                if span.end >= end and span.start <= start:
                    break


def _is_told(around: Surroundings, start: int, end: int) -> bool:
    """Whether words of phone numbers stand near a row of numbers."""
    begin, stop = start - context.BEFORE, end + context.AFTER
    return around.tell(context.PHONE, begin, stop) or around.tell(context.NUMBER, begin, stop)


def _allowed(value: str, allowlist: Collection[str]) -> bool:
    plain = _plain(value)
    return any(
        value.casefold().endswith(entry.casefold()) if entry.startswith("@") else _plain(entry) == plain
        for entry in allowlist
    )


def _plain(value: str) -> str:
    return re.sub(r"[\s.\-/()]", "", value).casefold()
