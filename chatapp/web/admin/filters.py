"""Forms that filter lists: GET, so that they are addresses to keep and work without JavaScript."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import date
from uuid import UUID

from flask import request

from chatapp.core import accounts
from chatapp.errors import NotFound

LONGEST = 1000
NOBODY = UUID(int=0)


class Asked:
    """The fields of this request's form. What cannot be used asks for nothing, and `errors` tells why by field."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def text(self, name: str) -> str:
        return request.args.get(name, "").replace("\x00", "").strip()[:LONGEST]

    def yes_no(self, name: str) -> bool | None:
        return {"true": True, "1": True, "false": False, "0": False}.get(self.text(name).lower())

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        value = self.text(name)
        if value and value not in choices:
            self.errors[name] = "Choose one of the list."
        return value if value in choices else None

    def day(self, name: str) -> date | None:
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self.errors[name] = "A date is written like 2030-12-31."
            return None

    def number(self, name: str) -> float | None:
        value = self.text(name)
        try:
            number = float(value) if value else None
        except ValueError:
            number = math.nan
        if number is not None and not math.isfinite(number):
            self.errors[name] = "That is not a number."
            return None
        return number

    def place(self, name: str) -> int | None:
        """A number that a database can count to; None for anything else."""
        value = self.text(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None

    def id(self, name: str) -> UUID | None:
        value = self.text(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            return NOBODY

    def person(self, name: str) -> UUID | None:
        """By user name or id; for a name that nobody has, an id that nobody has either, so that nothing is found."""
        value = self.text(name)
        if not value:
            return None
        try:
            return accounts.find_user(value).id
        except NotFound:
            pass
        try:
            return UUID(value)
        except ValueError:
            self.errors[name] = "Nobody has that user name."
            return NOBODY
