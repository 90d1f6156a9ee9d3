"""Money, sizes and months as their reader writes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal
from flask import Flask, request

from chatapp import config
from chatapp.market import Component, OrderKind
from chatapp.marketplace import plans
from chatapp.web.pages import moments

PASSING = ("part", "seen")
ORDER_TITLES = {OrderKind.CREATE: "Create", OrderKind.TERMINATE: "Terminate"}


def init_app(app: Flask) -> None:
    app.jinja_env.globals["address"] = address
    app.jinja_env.filters |= {
        "money": money,
        "number": number,
        "size": plans.gibibytes,
        "amount": amount,
        "month": month,
        "day": day,
        "order_title": lambda kind: ORDER_TITLES[OrderKind(kind)],
    }


def address(**changes: str) -> str:
    """This request's arguments with some of them changed; an empty one is left out."""
    given = [
        (name, value) for name, value in request.args.items(multi=True) if value and name not in (*PASSING, *changes)
    ]
    return urlencode([*given, *((name, value) for name, value in changes.items() if value)])


def money(cents: int) -> str:
    return format_currency(Decimal(cents) / 100, config.current().currency, locale=moments.locale())


def number(value: int) -> str:
    return format_decimal(value, locale=moments.locale())


def amount(value: int, component: str) -> str:
    """Of a quota's component."""
    return plans.amount(Component(component), value)


def month(first: date) -> str:
    return format_skeleton("yMMMM", first, locale=moments.locale())


def day(value: date) -> str:
    return format_date(value, "medium", moments.locale())
