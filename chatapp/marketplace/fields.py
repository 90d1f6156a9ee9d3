"""What the things that staff maintain consist of: the rules that forms and YAML files share."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from chatapp.market import OfferingKind, OfferingState
from chatapp.marketplace import driver

LARGEST = 2**31 - 1
MOST_MONEY = Decimal(10**9)
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Money(fields.Field[int]):
    """Cents inside, `12.50` outside."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{Decimal(value) / 100:.2f}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            amount = Decimal(str(value).strip())
        except InvalidOperation as error:
            raise ValidationError("That is not an amount: write it as 12.50.") from error
        if isinstance(value, bool) or not amount.is_finite() or not 0 <= amount <= MOST_MONEY:
            raise ValidationError("An amount is a number from 0 up.")
        if amount != amount.quantize(Decimal("0.01")):
            raise ValidationError("An amount has two digits after the point.")
        return int(amount * 100)


class Whole(fields.Integer):
    """A whole number, in a form written in digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool | float):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Features(fields.Field[dict[str, str]]):
    """Pairs of words; in a form a line each: `Backup: daily`."""

    def _serialize(self, value: dict[str, str] | None, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, str]:
        return dict(value or {})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        pairs = self._pairs(value)
        if len(pairs) > 30 or any(not name or len(name) > 60 or len(text) > 200 for name, text in pairs.items()):
            raise ValidationError("At most 30 features, their names of 60 and their texts of 200 characters.")
        return pairs

    @staticmethod
    def _pairs(value: Any) -> dict[str, str]:
        if isinstance(value, Mapping):
            if any(isinstance(text, Mapping | list) for text in value.values()):
                raise ValidationError("A feature is a name with a text.")
            return {str(name).strip(): _plain(text) for name, text in value.items()}
        lines = [line.partition(":") for line in str(value or "").splitlines() if line.strip()]
        if any(not colon for _, colon, _ in lines):
            raise ValidationError("Write a line for each feature: its name, a colon, its text.")
        return {name.strip(): text.strip() for name, _, text in lines}


class Network(fields.String):
    """An address range."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs) or "").strip()
        try:
            return str(ipaddress.ip_network(text)) if text else ""
        except ValueError as error:
            raise ValidationError("That is not a network: write it as 10.0.0.0/24.") from error


def _plain(text: Any) -> str:
    if isinstance(text, bool):
        return "yes" if text else "no"
    return "" if text is None else str(text).strip()


def _texts(longest: int, *, required: bool = False) -> dict[str, Any]:
    length = validate.Length(1 if required else 0, longest, error=f"At most {longest} characters.")
    return {"required": True, "validate": length} if required else {"load_default": "", "validate": length}


def _choice(words: Any, default: str) -> fields.String:
    return fields.String(load_default=default, validate=validate.OneOf([str(word) for word in words]))


Size = partial(Whole, validate=validate.Range(0, LARGEST, error="A number from 0 up."), load_default=0)
Count = partial(Whole, validate=validate.Range(1, LARGEST, error="A number from 1 up."), required=True)


class Named(Schema):
    slug = fields.String(
        required=True,
        validate=[
            validate.Length(1, 80, error="1 to 80 characters."),
            validate.Regexp(f"({SLUG.pattern})$", error="Small letters, digits and hyphens between them."),
        ],
    )
    name = fields.String(**_texts(150, required=True))

    @pre_load
    def strip(self, data: Any, **_: Any) -> Any:
        """Spaces around are nobody's intention."""
        if not isinstance(data, Mapping):
            return data
        return {name: value.strip() if isinstance(value, str) else value for name, value in data.items()}


class CategoryFields(Named):
    description = fields.String(**_texts(2000))


class OrganizationFields(Named):
    pass


class ProjectFields(Named):
    description = fields.String(**_texts(2000))


class OfferingFields(Named):
    kind = _choice(OfferingKind, OfferingKind.MACHINE)
    state = _choice(OfferingState, OfferingState.ACTIVE)
    provider = fields.String(**_texts(150))
    description = fields.String(**_texts(10_000))
    features = Features(load_default=dict)
    price = Money(load_default=0)
    driver = fields.String(load_default="demo", validate=validate.OneOf(driver.names()))


class FlavorFields(Named):
    cores = Count()
    ram = Count()
    disk = Size()
    price = Money(load_default=0)


class ImageFields(Named):
    min_ram = Size()
    min_disk = Size()


class NetworkFields(Named):
    cidr = Network(load_default="")
    is_default = fields.Boolean(load_default=False)
