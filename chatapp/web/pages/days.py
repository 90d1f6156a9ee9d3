"""The headings of the history: days and months as the reader's calendar counts them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def heading(moment: datetime, zone: ZoneInfo, today: date) -> str:
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
    return MONTHS[day.month - 1] if day.year == today.year else f"{MONTHS[day.month - 1]} {day.year}"


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC for one that does not exist."""
    return ZoneInfo(name if name in _names() else "UTC")


@cache
def _names() -> frozenset[str]:
    # Looking them up reads several hundred files.
    return frozenset(available_timezones())
