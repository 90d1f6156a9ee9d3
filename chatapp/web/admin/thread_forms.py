"""The form above the log of threads (waldur 2.2, 10.12), and where a page of it begins."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from flask import abort, request

from chatapp.core.thread_lists import TIMES, TOKEN_SUMS, ThreadFilter
from chatapp.core.thread_order import SORT_KEYS, Place
from chatapp.values import Severity
from chatapp.web.admin.filters import Asked

UNNAMED = "New chat"
DEFAULT_ORDER = "-created"
LABELS = {
    "created": "Created",
    "modified": "Modified",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "total_tokens": "Total tokens",
    "models_used": "Model",
}


@dataclass(frozen=True, slots=True)
class ThreadForm:
    """What the address asks for, `key` being the order; `is_narrowed` when fields that are folded away are in use."""

    wanted: ThreadFilter
    key: str
    errors: dict[str, str]
    is_narrowed: bool

    @classmethod
    def read(cls) -> ThreadForm:
        asked = Asked()
        key = asked.text("o").split(",")[0]
        if key.removeprefix("-") not in SORT_KEYS:
            key = DEFAULT_ORDER
        wanted = ThreadFilter(
            owner_id=asked.person("user"),
            own=asked.text("scope") == "own",
            is_archived=asked.yes_no("is_archived"),
            is_flagged=asked.yes_no("is_flagged"),
            max_severity=asked.choice("max_severity", tuple(Severity)),
            has_feedback=asked.yes_no("has_feedback"),
            query=asked.text("query"),
            unnamed=UNNAMED,
            days=tuple(day for name in TIMES for day in _days(asked, name)),
            tokens=tuple(limits for name in TOKEN_SUMS for limits in _tokens(asked, name)),
            order=(key,),
        )
        folded = (*(f"{name}_min" for name in TOKEN_SUMS), *(f"{name}_max" for name in TOKEN_SUMS))
        folded += ("modified", "modified_after", "modified_before", "scope", "max_severity", "has_feedback", "created")
        return cls(wanted, key, asked.errors, any(request.args.get(name) for name in folded))

    def after(self) -> Place | None:
        """Where the page begins; 404 for what is no such place."""
        text = request.args.get("after", "")
        return _place(text, self.key) if text else None


def cursor(place: Place | None) -> str:
    if place is None:
        return ""
    value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
    return base64.urlsafe_b64encode(orjson.dumps([value, str(place.id)])).decode().rstrip("=")


def _place(text: str, key: str) -> Place:
    try:
        value, identity = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Place(_value(value, key.removeprefix("-")), UUID(identity))
    except (ValueError, TypeError, AttributeError):
        abort(404)


def _value(value: Any, name: str) -> Any:
    if name in TIMES:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment
    if value is not None and not isinstance(value, str if name == "models_used" else int):
        raise TypeError(name)
    return value


def _days(asked: Asked, name: str) -> list[tuple[str, Any, Any]]:
    exact, first, last = asked.day(name), asked.day(f"{name}_after"), asked.day(f"{name}_before")
    return [(name, *pair) for pair in ((exact, exact), (first, last)) if pair != (None, None)]


def _tokens(asked: Asked, name: str) -> list[tuple[str, Any, Any]]:
    low, high = asked.number(f"{name}_min"), asked.number(f"{name}_max")
    return [(name, low, high)] if (low, high) != (None, None) else []
