"""The guards' rules, in words."""

from __future__ import annotations

from chatapp.core.screening import UNCHECKABLE
from chatapp.guards.injection.disguises import BASE64, CIPHER, HEX, LEET, REVERSED
from chatapp.guards.injection.explanation import RULES
from chatapp.guards.pii import CATEGORIES

ATTACKS = (*RULES, "unicode_tags", "invisible_chars", LEET, HEX, BASE64, CIPHER, REVERSED)
DISGUISES = ("unicode_tags", "invisible_chars", LEET, HEX, BASE64, CIPHER, REVERSED)
GROUPS = {"Prompt injection": (*ATTACKS, UNCHECKABLE), "Personal data": tuple(CATEGORIES)}


def name(rule: str) -> str:
    """What people call it: "instruction override", "payment card number"."""
    if category := CATEGORIES.get(rule):
        return category.label
    return "could not be checked" if rule == UNCHECKABLE else rule.replace("_", " ")


def title(rule: str) -> str:
    """The same where a line begins with it."""
    words = name(rule)
    return words[:1].upper() + words[1:]


def is_known(rule: str) -> bool:
    return any(rule in rules for rules in GROUPS.values())
