"""VAT numbers of the European Union, with the country's prefix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from chatapp.guards.pii.checksums import national
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Collected, Span

COST = 40
# That it begins a word is asked after the first letter, so that the search can leap from one to the next.
VAT = re.compile(
    r"[ABCDEFHILMNPRSX](?<![^\W_].)"
    r"(?:(?<=A)T ?U|(?<=B)[EG]|(?<=C)[YZ]|(?<=D)[EK]|(?<=E)[ELS]|(?<=F)[IR]|(?<=H)[RU]|(?<=I)[ET]|(?<=L)[TUV]"
    r"|(?<=M)T|(?<=N)L|(?<=P)[LT]|(?<=R)O|(?<=S)[EIK]|(?<=X)I)"
    r" ?(?=[A-Z]{0,11}[0-9])[0-9A-Z]{2,12}(?![0-9A-Za-z])"
)


def vat_numbers(text: str, found: Collected, effort: Effort) -> Iterator[Span]:
    matches = VAT.finditer(text)
    for match in matches:
        start, end = match.span()
        if found.overlaps(start, end):
            continue
        if not effort.allows("vat", COST):
            effort.mask_all((one.span() for one in chain((match,), matches)), "pii_eu_vat")
        elif national("eu.vat")(match[0]):
            yield Span(start, end, "pii_eu_vat")
