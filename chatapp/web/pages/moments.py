"""Moments as their reader writes them: in the language and the time zone of the account, else of the browser."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from flask import Flask, request
from markupsafe import Markup

from chatapp.core.snapshots import time_json
from chatapp.web.auth import reader
from chatapp.web.pages.days import zone_of

ZONE_COOKIE = "timezone"
TIME = Markup('<time datetime="{}" lang="{}">{}</time>')


def init_app(app: Flask) -> None:
    app.jinja_env.filters["moment"] = moment


def zone() -> ZoneInfo:
    user = reader()
    return zone_of((user.timezone if user else "") or request.cookies.get(ZONE_COOKIE, ""))


def locale() -> str:
    user = reader()
    return user.locale if user else "en"


def moment(value: datetime) -> Markup:
    """Date and time as HTML."""
    local = value.astimezone(zone())
    return _shown(value, f"{format_date(local, 'medium', locale())}, {format_time(local, 'short', locale=locale())}")


def own_name(code: str) -> str:
    """What the speakers of a language call it."""
    name = Locale.parse(code).get_display_name() or code
    return name[:1].upper() + name[1:]


def _shown(value: datetime, text: str) -> Markup:
    return TIME.format(time_json(value), locale().replace("_", "-"), text)
