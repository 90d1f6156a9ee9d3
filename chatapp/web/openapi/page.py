"""An OpenAPI document in words, for its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from chatapp.values import Json
from chatapp.web.contract import JSON

LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
}

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """`answer` and `refusals` are rows of status and meaning."""

    id: str
    tag: str
    summary: str
    method: str
    path: str
    parameters: list[Row]
    body: str
    answer: Row
    refusals: list[str]


def operations(document: Json) -> list[Operation]:
    """Everything that can be done, by path."""
    return [
        _operation(method.upper(), path, described, methods.get("parameters", []))
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method != "parameters"
    ]


def objects(document: Json) -> dict[str, list[Row]]:
    """Fields and their types, by name of the object."""
    return {name: list(_fields(schema)) for name, schema in sorted(document["components"]["schemas"].items())}


def refusals(document: Json) -> dict[str, Row]:
    """What a status means and the type of its body."""
    return {
        name.removeprefix("Refusal"): (reply["description"], _body(reply))
        for name, reply in document["components"]["responses"].items()
    }


def _operation(method: str, path: str, described: Json, in_path: list[Json]) -> Operation:
    answers = ((status, reply) for status, reply in described["responses"].items() if "$ref" not in reply)
    status, answer = next(answers)
    return Operation(
        id=described["operationId"],
        tag=described["tags"][0],
        summary=described["summary"],
        method=method,
        path=path,
        parameters=[_parameter(parameter) for parameter in in_path + described.get("parameters", [])],
        body=_body(described.get("requestBody", {})),
        answer=(status, _body(answer) or "no body"),
        refusals=[status for status, reply in described["responses"].items() if "$ref" in reply],
    )


def _parameter(parameter: Json) -> Row:
    where = "in the path" if parameter["in"] == "path" else ""
    return parameter["name"], "; ".join(filter(None, (type_of(parameter["schema"]), where)))


def _body(described: Json) -> str:
    """The type of a body in its first media type, and which one that is when it is not JSON."""
    for mimetype, content in described.get("content", {}).items():
        return ("" if mimetype == JSON else f"{mimetype}: ") + type_of(content["schema"])
    return ""


def _fields(schema: Json) -> Iterator[Row]:
    for name, described in schema.get("properties", {}).items():
        needed = "; required" if name in schema.get("required", ()) else ""
        yield name, type_of(described) + needed


def type_of(schema: Json) -> str:
    """A type in words."""
    match schema:
        case {"$ref": reference}:
            return str(reference).rpartition("/")[2]
        case {"anyOf": options}:
            return " or ".join(map(type_of, options))
        case {"const": value}:
            return f'"{value}"'
        case {"enum": values}:
            return "one of " + ", ".join("null" if value is None else f'"{value}"' for value in values)
        case {"type": "array", "items": items}:
            return f"list of {type_of(items)}"
    return ", ".join((_kind(schema), *_limits(schema)))


def _kind(schema: Json) -> str:
    given: Any = schema.get("type", "anything")
    kinds = given if isinstance(given, list) else [given]
    return " or ".join(str(schema.get("format", kind)) if kind == "string" else str(kind) for kind in kinds)


def _limits(schema: Json) -> Iterator[str]:
    for key, words in LIMITS.items():
        if key in schema:
            yield words.format(f"{schema[key]:,}")
    if schema.get("default") not in (None, ""):
        yield f"default {orjson.dumps(schema['default']).decode()}"
