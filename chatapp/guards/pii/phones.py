"""Phone numbers: with a country's code by the numbering plans, in a national form by context words."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from types import ModuleType

from chatapp.guards.pii.context import LOOKALIKE, PHONE, Nearby
from chatapp.guards.pii.digits import Digits
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Span

# Groupings that nothing but phone numbers has: North America, France, mobile numbers of Japan.
DISTINCT = re.compile(
    r"(?:1[ .\-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d-)\d{3}-\d{4}|[2-9]\d\d\.\d{3}\.\d{4}"
    r"|0[1-9](?:[ .]\d\d){4}|0[789]0-\d{4}-\d{4}"
)
DISTINCT_SHAPES = frozenset(("99 99 99 99 99", "9 999-999-9999"))
MOST_DIGITS = 15
COST = 70
DATE = re.compile(r"(?:19|20)\d\d[./\-]\d\d[./\-]\d\d|\d\d?[./\-]\d\d?[./\-](?:19|20)\d\d")
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
UNIT = re.compile(
    r"\s?(?:%|[kmgt]?i?b\b|ms|µs|s\b|times|tokens|bytes|rows|users|items|files|euros?|usd|eur|cores?|hours?|seconds)"
)
NOT_A_PHONE = re.compile(r"(?:npi|mrn|dea|id|zip|iban|vat|code|card|account|konto|nip|regon|pesel|nr rej\w*)\W{0,3}$")


def phone(digits: Digits, near: Nearby, effort: Effort) -> Span | None:
    """The phone number in these digits."""
    if len(digits.plain) > MOST_DIGITS:
        return None
    if digits.plus or digits.plain.startswith("00"):
        return _international(digits, effort)
    if _is_national(digits, near):
        return Span(digits.start, digits.end, "pii_phone_national")
    return None


@cache
def _numbering_plans() -> ModuleType:
    """The numbering plans of all countries, read when the first number asks for them and not at start-up."""
    return import_module("phonenumbers")


def _international(digits: Digits, effort: Effort) -> Span | None:
    if not effort.allows("plans", COST):
        return Span(digits.start, digits.end, "pii_phone_e164")
    number = "+" + (digits.plain if digits.plus else digits.plain[2:])
    plans = _numbering_plans()
    try:
        parsed = plans.parse(number)
    except plans.NumberParseException:
        return None
    if not (plans.is_possible_number(parsed) if digits.plus else plans.is_valid_number(parsed)):
        return None
    category = "pii_phone_estonian" if parsed.country_code == 372 else "pii_phone_e164"
    return Span(digits.start, digits.end, category)


def _is_national(digits: Digits, near: Nearby) -> bool:
    is_distinct = DISTINCT.fullmatch(digits.written) is not None
    if not is_distinct and not (8 <= len(digits.plain) <= 12 and near.tells(PHONE)):
        return False
    if len(set(digits.plain)) == 1 or DATE.match(digits.written) or ADDRESS.fullmatch(digits.written):
        return False
    if near.label(LOOKALIKE):
        return False
    return is_distinct or not (near.label(NOT_A_PHONE) or near.is_followed_by(UNIT))
