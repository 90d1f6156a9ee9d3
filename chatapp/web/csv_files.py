"""Tables as CSV files that spreadsheets open without executing anything."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

# What a spreadsheet takes for the beginning of a formula, also in the wide letters of East Asian keyboards.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
MARK = "\ufeff".encode()  # tells Excel that it is UTF-8

Cell = str | int | float | bool | None


def lines(head: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[bytes]:
    """The file, a row at a time: memory does not grow with it."""
    yield MARK + _line(head)
    for row in rows:
        yield _line(row)


def _line(row: Iterable[Cell]) -> bytes:
    spool = StringIO()
    csv.writer(spool).writerow(map(_cell, row))
    return spool.getvalue().encode()


def _cell(value: Cell) -> str | int | float:
    """A text that would be a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
