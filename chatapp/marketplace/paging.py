"""Lists by keyset: a page begins after the last entry of the one before, however long the list is."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Select, literal, tuple_

from chatapp.db import UtcDateTime, session
from chatapp.errors import Invalid

T = TypeVar("T")

PAGE_LENGTH = 20
LONGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next` is where the page after this one begins; None after the last entry."""

    items: Sequence[T]
    next: str | None = None


def page(
    query: Select[T], sorts: Mapping[str, Any], sort: str, after: str | None = None, size: int = PAGE_LENGTH
) -> Page[T]:
    """Entries of `query` in the order `sort`, a name in `sorts`, with a minus the other way round.

    `sorts` names columns; their table's `id` decides among equals. Raises Invalid, about sort or after.
    """
    column = sorts.get(sort.removeprefix("-"))
    if column is None:
        raise Invalid("The list cannot be sorted by that.", "sort")
    size = max(1, min(size, LONGEST_PAGE))
    identity = column.class_.id
    if after:
        # With the columns' types: without them the store would get other texts for times and ids than it keeps.
        value, last_id = _read(after, datetime if isinstance(column.type, UtcDateTime) else column.type.python_type)
        mark = tuple_(literal(value, column.type), literal(last_id, identity.type))
        query = query.where(
            tuple_(column, identity) < mark if sort.startswith("-") else tuple_(column, identity) > mark
        )
    ends = (column.desc(), identity.desc()) if sort.startswith("-") else (column, identity)
    found = session.scalars(query.order_by(*ends).limit(size + 1)).unique().all()
    if len(found) <= size:
        return Page(found)
    last: Any = found[size - 1]
    return Page(found[:size], _write(getattr(last, column.key), last.id))


def _write(value: Any, identity: UUID) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(orjson.dumps([text, str(identity)])).decode().rstrip("=")


def _read(cursor: str, kind: type) -> tuple[Any, UUID]:
    try:
        text, identity = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        value = datetime.fromisoformat(text) if kind is datetime else text
        if not isinstance(value, kind) or (isinstance(value, datetime) and value.tzinfo is None):
            raise ValueError(f"not a {kind.__name__}")
        return value, UUID(identity)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid("That page of the list does not exist.", "after") from error
