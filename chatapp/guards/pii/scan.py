"""The recognisers one after the other, each behind a test that costs next to nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import partial

from chatapp.guards.pii import context
from chatapp.guards.pii.credentials import collect_credentials
from chatapp.guards.pii.digits import CLUSTER, MOST_DIGITS, Digits, groups
from chatapp.guards.pii.emails import emails
from chatapp.guards.pii.national_ids import lettered_ids, national_id
from chatapp.guards.pii.payments import card, ibans
from chatapp.guards.pii.phones import phone
from chatapp.guards.pii.repeats import Repeats
from chatapp.guards.pii.spans import Collected, Span
from chatapp.guards.pii.vat import vat_numbers

DIGITS = re.compile(r"[0-9](?:[^0-9\n]{0,8}[0-9]){3}")
# In JSON and program text a written line break stands between values; two blanks keep the offsets.
ESCAPED_BLANK = re.compile(r"\\[nrt]")
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
        found.add(_numbers(text, found))
        found.add(lettered_ids(text))
    spans = found.sorted()
    return [span for span in spans if not _allowed(text[span.start : span.end], allowlist)] if allowlist else spans


def _numbers(text: str, found: Collected) -> Iterator[Span]:
    """The first kind that knows a group of digits. What is yielded is in `found` before the next group is tried."""
    places = Repeats(text, context.BEFORE + 8, context.AFTER + MOST_DIGITS * 2 + 8)
    for cluster in CLUSTER.finditer(text):
        start, end = cluster.span()
        if found.covers(start, end):
            continue
        if end - start <= MOST_DIGITS * 2 and not found.overlaps(start - 2, end + 2):
            span = places.at(start, partial(_first_number, text, cluster, found, places))
            if span is not None:
                yield span
            if span is None or span.end >= end:
                continue
        yield from _numbers_of(text, cluster, found, places)


def _first_number(text: str, cluster: re.Match[str], found: Collected, places: Repeats) -> Span | None:
    return next(_numbers_of(text, cluster, found, places), None)


def _numbers_of(text: str, cluster: re.Match[str], found: Collected, places: Repeats) -> Iterator[Span]:
    is_row = cluster.end() - cluster.start() > MOST_DIGITS * 2
    for digits in groups(text, cluster):
        if found.overlaps(digits.start, digits.end):
            continue
        judge = partial(_known_number, text, digits)
        # In a row of numbers each has its own surroundings; readings of one number share theirs.
        span = places.at(digits.start, judge) if is_row and len(digits.written) == len(digits.plain) else judge()
        if span is not None:
            yield span


def _known_number(text: str, digits: Digits) -> Span | None:
    near = context.nearby(text, digits.start, digits.end)
    return next((span for kind in NUMBER_KINDS if (span := kind(digits, near)) is not None), None)


def _allowed(value: str, allowlist: Collection[str]) -> bool:
    plain = _plain(value)
    return any(
        value.casefold().endswith(entry.casefold()) if entry.startswith("@") else _plain(entry) == plain
        for entry in allowlist
    )


def _plain(value: str) -> str:
    return re.sub(r"[\s.\-/()]", "", value).casefold()
