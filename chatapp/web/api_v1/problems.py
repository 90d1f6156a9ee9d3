"""What is wrong with an input, and where: one entry for every failing field (turns-api 0.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA

from chatapp.values import Json

Loc = tuple[str | int, ...]

WORDS = {
    "missing": "Field required",
    "string_type": "Input should be a string",
    "int_type": "Input should be an integer",
    "float_type": "Input should be a number",
    "bool_type": "Input should be true or false",
    "dict_type": "Input should be an object",
    "list_type": "Input should be an array",
    "int_parsing": "Input should be an integer",
    "bool_parsing": "Input should be true or false",
    "greater_than_equal": "Input should be greater than or equal to {limit}",
    "less_than_equal": "Input should be less than or equal to {limit}",
    "string_too_short": "Input should have at least {limit} character(s)",
    "string_too_long": "Input should have at most {limit} characters",
    "too_long": "Input should have at most {limit} elements",
    "uuid_parsing": "Input should be a UUID",
    "enum": "Input should be one of: {limit}",
    "json_invalid": "The body is not JSON: {limit}",
    "idempotency_key_reuse": "This idempotency key was used before with other content",
}


@dataclass(frozen=True, slots=True)
class Problem:
    type: str
    msg: str

    @classmethod
    def of(cls, type: str, limit: Any = "") -> Problem:
        return cls(type, WORDS[type].format(limit=limit))


class Unprocessable(Exception):
    """The input failed validation. `detail` is the array that the caller gets."""

    def __init__(self, detail: list[Json]) -> None:
        super().__init__(detail)
        self.detail = detail

    @classmethod
    def of(cls, *loc: str | int, type: str = "value_error", msg: str = "") -> Unprocessable:
        """One problem at one place."""
        return cls([entry(loc, Problem(type, msg) if msg else Problem.of(type))])


def refusal(type: str, limit: Any = "") -> ValidationError:
    """What a field raises about its value."""
    return ValidationError([Problem.of(type, limit)])


def value_error(msg: str, field_name: str = SCHEMA) -> ValidationError:
    """What a rule across fields raises."""
    return ValidationError([Problem("value_error", msg)], field_name)


def entry(loc: Loc, problem: Problem) -> Json:
    return {"loc": list(loc), "msg": problem.msg, "type": problem.type}


def entries(loc: Loc, messages: Any) -> Iterator[Json]:
    """The messages of a schema, which are nested as its fields are, one by one."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from entries(loc if name == SCHEMA else (*loc, name), inner)
    else:
        yield from (entry(loc, problem) for problem in messages)
