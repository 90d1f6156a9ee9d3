"""VAT numbers of the European Union, with the country's prefix."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatapp.guards.pii.checksums import national
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Collected, Span

COST = 40
VAT = re.compile(
    r"(?:AT ?U|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)"
    r" ?[0-9A-Z]{2,12}(?![0-9A-Za-z])"
)


def vat_numbers(text: str, found: Collected, effort: Effort) -> Iterator[Span]:
    for match in VAT.finditer(text):
        if found.overlaps(*match.span()):
            continue
        if text[match.start() - 1 : match.start()].isalnum() or not any(map(str.isdigit, match[0])):
            continue
        if not effort.allows("vat", COST):
            effort.mask(*match.span(), "pii_eu_vat")
        elif national("eu.vat")(match[0]):
            yield Span(*match.span(), "pii_eu_vat")
