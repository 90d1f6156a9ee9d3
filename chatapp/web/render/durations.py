"""Lengths of time as people read them."""

from __future__ import annotations

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


def duration(milliseconds: int) -> str:
    """In two units at most."""
    if milliseconds < SECOND:
        return f"{milliseconds} ms"
    if milliseconds < MINUTE:
        return f"{milliseconds / SECOND:.2f} s"
    if milliseconds < HOUR:
        return f"{milliseconds // MINUTE} min {milliseconds % MINUTE // SECOND} s"
    return f"{milliseconds // HOUR} h {milliseconds % HOUR // MINUTE} min"


def since(milliseconds: int) -> str:
    """A moment, counted from a beginning."""
    return f"+{milliseconds / SECOND:.3f} s" if milliseconds < MINUTE else f"+{duration(milliseconds)}"
