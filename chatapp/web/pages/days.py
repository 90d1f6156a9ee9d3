"""The headings of the history: days and months as the reader's calendar counts them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton

from chatapp.core import timezones


def heading(moment: datetime, zone: ZoneInfo, today: date, locale: str = "en") -> str:
    """Under what a thread of that moment stands."""
    day = moment.astimezone(zone).date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day >= today - timedelta(days=7):
        return "Previous 7 days"
    if day >= today - timedelta(days=30):
        return "Previous 30 days"
    return month(day.replace(day=1), day.year == today.year, locale)


@cache
def month(first: date, without_year: bool, locale: str) -> str:
    """The name of the month that begins on that day."""
    return format_date(first, "LLLL", locale) if without_year else format_skeleton("yMMMM", first, locale=locale)


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC for one that does not exist."""
    return ZoneInfo(name if name in timezones.names() else "UTC")
