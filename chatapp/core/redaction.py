"""Data of a turn without anybody's words, for a bug report.

What may be seen is listed by field; all else is left out. A text becomes `<length:hash>`: the hash depends on a key of
this installation and on the turn, so that repetitions within a turn show and nothing can be guessed from outside.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chatapp import config
from chatapp.core import timezones
from chatapp.providers import FAILURES, StopReason
from chatapp.values import (
    Action,
    Audience,
    BlockKey,
    FinishReason,
    Json,
    Mode,
    OnActive,
    ResultType,
    Severity,
    TurnStatus,
)

PURPOSE = b"chatapp turn bundles"
HASH_LENGTH = 8
BLOCK_ID = re.compile(r"[rt][0-9]+\.[0-9]+")
CATEGORY = re.compile(r"[a-z_]{1,40}")
DEEPEST = 20
# The words of this program that a code can be. A new one is masked until it is here.
WORDS = (TurnStatus, FinishReason, StopReason, Mode, OnActive, Severity, Action, ResultType, BlockKey, Audience)
CODES = frozenset(
    (
        *(str(word) for words in WORDS for word in words),
        *(failure.code for failure in FAILURES.values()),
        *("worker_lost", "turn_timeout", "tool_timeout", "queue_timeout", "approval_expired", "internal"),
        *("personal_data", "personal_data_redacted", "credentials_blocked"),
        *("approved", "denied", "interrupt", "deletion"),
    )
)


class Redactor:
    """`names` are those of tools and models that the program knows: others a model may have made up."""

    def __init__(self, turn_id: UUID, names: Collection[str]) -> None:
        self._key = hmac.digest(config.current().signing_key().encode(), PURPOSE + turn_id.bytes, "sha256")
        self._names = names
        self._calls: dict[str, str] = {}

    def text(self, value: object) -> str:
        """Whatever it is, how long it is and whether it is the same as another."""
        said = str(value)
        digest = hmac.new(self._key, said.encode(errors="replace"), hashlib.sha256).hexdigest()
        return f"<{len(said)}:{digest[:HASH_LENGTH]}>"

    def name(self, value: object) -> str:
        return value if isinstance(value, str) and value in self._names else self.text(value)

    def call(self, value: object) -> str:
        """A call's id, which a model chose: calls are numbered."""
        return self._calls.setdefault(str(value), f"call-{len(self._calls) + 1}")

    def shape(self, value: object, depth: int = 0) -> object:
        """The structure of JSON from somewhere: numbers and names of fields tell as much as texts."""
        if value is None or isinstance(value, bool):
            return value
        if depth < DEEPEST and isinstance(value, Mapping):
            return {self.text(key): self.shape(entry, depth + 1) for key, entry in value.items()}
        if depth < DEEPEST and isinstance(value, list):
            return [self.shape(entry, depth + 1) for entry in value]
        return self.text(value)

    def pick(self, rules: Mapping[str, Rule], data: Mapping[str, Any]) -> Json:
        """The fields that have a rule, by it; how many others there were."""
        found = {
            name: None if data[name] is None else rule(self, data[name]) for name, rule in rules.items() if name in data
        }
        others = len(data.keys() - rules.keys())
        return found | ({"left_out": others} if others else {})


Rule = Callable[[Redactor, Any], object]


def text(redactor: Redactor, value: Any) -> object:
    return redactor.text(value)


def name(redactor: Redactor, value: Any) -> object:
    return redactor.name(value)


def call(redactor: Redactor, value: Any) -> object:
    return redactor.call(value)


def shape(redactor: Redactor, value: Any) -> object:
    return redactor.shape(value)


def code(redactor: Redactor, value: Any) -> object:
    return value if isinstance(value, str) and value in CODES else redactor.text(value)


def category(redactor: Redactor, value: Any) -> object:
    """What the guards have found, in their words."""
    return value if isinstance(value, str) and CATEGORY.fullmatch(value) else redactor.text(value)


def number(redactor: Redactor, value: Any) -> object:
    return value if isinstance(value, bool | int | float) else redactor.text(value)


def cost(redactor: Redactor, value: Any) -> object:
    """Numbers that are kept as text."""
    return value if isinstance(value, str) and value.replace(".", "", 1).isdecimal() else redactor.text(value)


def identifier(redactor: Redactor, value: Any) -> object:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return redactor.text(value)


def block(redactor: Redactor, value: Any) -> object:
    return value if isinstance(value, str) and BLOCK_ID.fullmatch(value) else redactor.text(value)


def time(redactor: Redactor, value: Any) -> object:
    try:
        return datetime.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return redactor.text(value)


def timezone(redactor: Redactor, value: Any) -> object:
    return value if isinstance(value, str) and value in timezones.names() else redactor.text(value)


def several(rule: Rule) -> Rule:
    def each(redactor: Redactor, value: Any) -> object:
        return [rule(redactor, entry) for entry in value] if isinstance(value, list) else redactor.text(value)

    return each


def fields(rules: Mapping[str, Rule]) -> Rule:
    def inside(redactor: Redactor, value: Any) -> object:
        return redactor.pick(rules, value) if isinstance(value, Mapping) else redactor.text(value)

    return inside
