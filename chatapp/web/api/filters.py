"""Fields of queries: lenient about yes and no, and refusing in other words than the fields of bodies (waldur 2.2)."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from marshmallow import fields

from chatapp.web.api.parsing import Choice

CHOICE: dict[str, Any] = {"choice": "Select a valid choice. {input} is not one of the available choices."}
NUMBER: dict[str, Any] = dict.fromkeys(("invalid", "special", "too_large"), "Enter a number.")

FilterChoice = partial(Choice, load_default=None, error_messages=CHOICE)
Day = partial(fields.Date, format="%Y-%m-%d", load_default=None, error_messages={"invalid": "Enter a valid date."})
Number = partial(fields.Float, load_default=None, error_messages=NUMBER)  # a finite one


class Flag(fields.Boolean):
    """A yes or no; anything else counts as not given."""

    VALUES = {"true": True, "1": True, "false": False, "0": False}

    def __init__(self) -> None:
        super().__init__(load_default=None)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool | None:  # type: ignore[override]
        return self.VALUES.get(str(value).lower())


class SortKeys(fields.List[str]):
    """Names, each with `-` in front for descending; repeated or separated by commas. Of a name, the first counts."""

    default_error_messages = CHOICE

    def __init__(self, keys: Collection[str]) -> None:
        super().__init__(fields.String(), load_default=list)
        self.keys = keys

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        order: dict[str, str] = {}
        for key in ",".join(map(str, super()._deserialize(value, *args, **kwargs))).split(","):
            name = key.removeprefix("-")
            if key and name not in self.keys:
                raise self.make_error("choice", input=key)
            order.setdefault(name, key)
        return [key for key in order.values() if key]
