"""Where a text says what the guards found in it, worked out again for somebody who looks at it.

Of personal data the stored text has masks only: where something was, not what. Disguised attacks have no place at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog

from chatapp.guards import LONGEST, personal_data
from chatapp.guards.injection.evidence import evidence
from chatapp.guards.pii import CATEGORIES

logger = structlog.get_logger(__name__)

MASK = re.compile(r"\[(pii_[a-z0-9_]+)_REDACTED\]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A passage, in code points, and the category it speaks for. `is_mask`: what was found there is gone."""

    start: int
    end: int
    rule: str
    is_mask: bool = False


def marks(text: str, categories: Collection[str]) -> list[Mark]:
    """In order and disjoint: masks, personal data that is in the text, passages that speak for the categories.

    Where a guard fails, the masks alone.
    """
    seen = text[:LONGEST]
    masks = [Mark(*found.span(), found[1], is_mask=True) for found in MASK.finditer(seen) if found[1] in CATEGORIES]
    try:
        data = [Mark(span.start, span.end, span.category) for span in personal_data(seen)]
        passages = [Mark(*passage) for passage in evidence(seen, categories)]
    except Exception as error:  # noqa: BLE001 - whatever it is, the text can be read
        logger.error("marks.failed", error=type(error).__name__)
        return masks
    return _around(_around(masks, data), passages)


def _around(placed: list[Mark], others: Iterable[Mark]) -> list[Mark]:
    """All of `placed`, and of the others what is not covered by them."""
    merged: list[Mark] = []
    waiting = iter(placed)
    upcoming = next(waiting, None)
    for mark in others:
        start = mark.start
        while upcoming and upcoming.start < mark.end:
            if start < upcoming.start:
                merged.append(Mark(start, upcoming.start, mark.rule, mark.is_mask))
            merged.append(upcoming)
            start, upcoming = max(start, upcoming.end), next(waiting, None)
        start = max(start, merged[-1].end if merged else 0)
        if start < mark.end:
            merged.append(Mark(start, mark.end, mark.rule, mark.is_mask))
    return merged + ([upcoming, *waiting] if upcoming else [])
