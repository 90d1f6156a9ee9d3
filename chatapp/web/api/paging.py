"""Numbered pages, described in headers (waldur 0.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request
from werkzeug.exceptions import NotFound

from chatapp.values import Json

DEFAULT_SIZE = 10
MAX_SIZE = 300
LAST = "last"

Fetch = Callable[[int, int], tuple[Sequence[Any], int]]


def paged(fetch: Fetch, present: Callable[[Any], Json]) -> tuple[list[Json], dict[str, str]]:
    """The requested page as body and headers. `fetch(offset, limit)` gives its rows and the number of all."""
    size = _number(request.args.get("page_size", "")) or DEFAULT_SIZE
    size = min(size, MAX_SIZE)
    page = _page(lambda: _pages(fetch(0, 1)[1], size))
    rows, total = fetch((page - 1) * size, size)
    last = _pages(total, size)
    if page > last:
        raise NotFound("Invalid page.")
    return [present(row) for row in rows], {"X-Result-Count": str(total), "Link": _links(page, last)}


def _page(last: Callable[[], int]) -> int:
    text = request.args.get("page") or "1"
    page = last() if text == LAST else _number(text)
    if not page:
        raise NotFound("Invalid page.")
    return page


def _number(text: str) -> int:
    """A positive number that a database can count to, else 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _pages(total: int, size: int) -> int:
    return max(1, -(-total // size))


def _links(page: int, last: int) -> str:
    pages = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
    return ", ".join(f'<{_url(number)}>; rel="{rel}"' for rel, number in pages.items() if 1 <= number <= last)


def _url(page: int) -> str:
    """This request's URL for another page. Clients split the header at commas and semicolons: there are none in it."""
    parameters = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    query = urlencode(parameters + ([("page", str(page))] if page > 1 else []))
    return f"{request.base_url}?{query}" if query else request.base_url
