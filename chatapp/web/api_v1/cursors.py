"""Cursor lists: opaque, signed positions in one list of one person (turns-api 0.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer

from chatapp.values import Json
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import Text
from chatapp.web.api_v1.problems import Unprocessable

Row = TypeVar("Row")
# The values of a row by which its list is sorted, the id last.
Position = tuple[Any, ...]
Fetch = Callable[[Position | None, int], tuple[Sequence[Row], bool]]

# The parameter that carries a cursor; an empty one is none.
Cursor = partial(Text, 512, raw=True, load_default="")


def page(
    query: Json,
    fetch: Fetch[Row],
    position_of: Callable[[Row], Position],
    order: str = "",
) -> tuple[Sequence[Row], str | None]:
    """The rows after the query's cursor with the next one, None where nothing follows. Raises Unprocessable."""
    serializer = URLSafeSerializer(current_app.config["SECRET_KEY"], _scope(order))
    rows, has_more = fetch(_read(serializer, query["cursor"]), query["limit"])
    return rows, str(serializer.dumps(list(map(_plain, position_of(rows[-1]))))) if has_more else None


def _scope(order: str) -> str:
    """A cursor works on the list that it came from: endpoint, thread, owner, order."""
    return f"{request.path} {caller().id} {order}".lower().replace("-", "")


def _read(serializer: URLSafeSerializer, cursor: str) -> Position | None:
    if not cursor:
        return None
    try:
        return tuple(map(_value, serializer.loads(cursor)))
    except BadData as error:
        raise Unprocessable.of("query", "cursor", msg="This cursor is not of this list") from error


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return {"u": value.hex} if isinstance(value, UUID) else value


def _value(plain: Any) -> Any:
    match plain:
        case {"t": text}:
            return datetime.fromisoformat(text)
        case {"u": text}:
            return UUID(text)
    return plain
