"""How tools write down amounts and lists: for a model to read, short enough to be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from babel.numbers import format_currency

from chatapp import config
from chatapp.marketplace.organizations import QuotaView
from chatapp.marketplace.paging import Page
from chatapp.marketplace.plans import amount
from chatapp.models import User
from chatapp.values import Json

T = TypeVar("T")

MOST_ROWS = 50
MOST_NAMED = 8


def money(user: User, cents: int) -> str:
    """Cents as the person writes amounts of money."""
    return format_currency(Decimal(cents) / 100, config.current().currency, locale=user.locale)


def month(first: date) -> str:
    """A month as arguments name it."""
    return f"{first:%Y-%m}"


def day(moment: datetime | date) -> str:
    return f"{moment:%Y-%m-%d}"


def counted(number: int, thing: str, things: str = "") -> str:
    """For example: no projects, 1 project, 2 projects."""
    many = things or f"{thing}s"
    return f"1 {thing}" if number == 1 else f"{number or 'no'} {many}"


def names(found: Iterable[str]) -> str:
    """The first of them, and how many there are besides."""
    words = list(found)
    rest = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def rows(name: str, found: Page[T], row: Callable[[T], Json]) -> Json:
    """A page of a list as data; `more` when there is another one."""
    return bounded(name, [row(item) for item in found.items], is_cut=found.next is not None)


def bounded(name: str, found: Sequence[Any], *, is_cut: bool = False) -> Json:
    """The first of them; `more` when there are others."""
    more = is_cut or len(found) > MOST_ROWS
    return {name: list(found[:MOST_ROWS])} | ({"more": True} if more else {})


def known(**fields: Any) -> Json:
    """Fields without those that say nothing."""
    return {name: value for name, value in fields.items() if value not in (None, "", (), [], {})}


def quota(view: QuotaView) -> Json:
    """One component of a project's quota."""
    if view.most is None:
        return {"component": view.component, "used": amount(view.component, view.used), "limit": "unlimited"}
    return {
        "component": view.component,
        "used": amount(view.component, view.used),
        "limit": amount(view.component, view.most),
        "left": amount(view.component, view.left or 0),
    }
