"""How people want the pages to be: theme, language of dates, time zone."""

from __future__ import annotations

from chatapp.core import timezones
from chatapp.db import transaction
from chatapp.errors import Invalid
from chatapp.models import User

THEMES = ("system", "light", "dark")
LOCALES = (
    *("en", "en_GB", "ar", "bg", "ca", "cs", "da", "de", "de_AT", "de_CH", "el", "es", "et", "fi", "fr", "ga", "he"),
    *("hi", "hr", "hu", "is", "it", "ja", "ko", "lt", "lv", "mt", "nb", "nl", "pl", "pt", "pt_BR", "ro", "sk", "sl"),
    *("sr", "sv", "tr", "uk", "vi", "zh_Hans", "zh_Hant"),
)


def change(user: User, theme: str, locale: str, timezone: str) -> None:
    """An empty time zone means the browser's. Raises Invalid."""
    if theme not in THEMES:
        raise Invalid("There is no such theme.", "theme")
    if locale not in LOCALES:
        raise Invalid("Dates cannot be written in that language.", "locale")
    if timezone and timezone not in timezones.names():
        raise Invalid("There is no such time zone.", "timezone")
    with transaction():
        user.theme, user.locale, user.timezone = theme, locale, timezone
