"""The recognisers one after the other, each behind a test that costs next to nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from chatapp.guards.pii.context import nearby
from chatapp.guards.pii.credentials import collect_credentials
from chatapp.guards.pii.digits import clusters
from chatapp.guards.pii.emails import emails
from chatapp.guards.pii.national_ids import lettered_ids, national_id
from chatapp.guards.pii.payments import card, ibans
from chatapp.guards.pii.phones import phone
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
        found.add(vat_numbers(text))
        found.add(_numbers(text, found))
        found.add(lettered_ids(text))
    spans = found.sorted()
    return [span for span in spans if not _allowed(text[span.start : span.end], allowlist)] if allowlist else spans


def _numbers(text: str, found: Collected) -> Iterator[Span]:
    """The first kind that knows a group of digits. What is yielded is in `found` before the next group is tried."""
    for digits in clusters(text):
        if found.overlaps(digits.start, digits.end):
            continue
        near = nearby(text, digits.start, digits.end)
        for kind in NUMBER_KINDS:
            span = kind(digits, near)
            if span is not None:
                yield span
                break


def _allowed(value: str, allowlist: Collection[str]) -> bool:
    plain = _plain(value)
    return any(
        value.casefold().endswith(entry.casefold()) if entry.startswith("@") else _plain(entry) == plain
        for entry in allowlist
    )


def _plain(value: str) -> str:
    return re.sub(r"[\s.\-/()]", "", value).casefold()
