"""The names of time zones."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

OTHERS = ("Etc/", "SystemV/", "posix/", "right/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


@cache
def names() -> frozenset[str]:
    """Every name that the system knows. Looking them up reads several hundred files."""
    return frozenset(available_timezones())


@cache
def to_choose_from() -> tuple[str, ...]:
    """Those that name a place, one after the other; aliases of countries and technical names are left out."""
    return ("UTC", *sorted(name for name in names() if "/" in name and not name.startswith(OTHERS)))
