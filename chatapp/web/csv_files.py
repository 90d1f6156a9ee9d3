"""Tables as CSV files: sent while they are made, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from flask import Response
from flask import stream_with_context as in_context

from chatapp.db import patiently
from chatapp.web.content_disposition import attachment_named

PIECE = 32 * 1024
# What a spreadsheet takes for the beginning of a formula, also in the wide letters of East Asian keyboards.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | int | float | None


def csv_file(name: str, head: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Response:
    """A download; texts that a spreadsheet would compute begin with an apostrophe."""
    response = Response(in_context(_pieces(head, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = attachment_named(name)
    return response


def _pieces(head: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[bytes]:
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    with patiently():
        for row in rows:
            writer.writerow(map(_harmless, row))
            if text.tell() >= PIECE:
                yield text.getvalue().encode()
                text.seek(0)
                text.truncate()
    yield text.getvalue().encode()


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
