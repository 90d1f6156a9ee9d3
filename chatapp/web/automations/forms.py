"""The form for the inputs of a run: a field for each argument of each step, by the JSON schema of its tool."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chatapp import tools
from chatapp.automations.crystallizing import GATE
from chatapp.automations.running import MOST_INPUT
from chatapp.tools import Tool
from chatapp.values import Json
from chatapp.web.automations.presenting import label, spelled, title

NEEDED = "Please fill this in."
LONG_TEXT = 300  # characters that do not fit into one line
LARGEST = 2**53  # above it readers of JSON round
LONGEST_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: text, long, number, choice, json or secret."""

    name: str
    label: str
    kind: str
    value: str
    hint: str
    error: str
    is_required: bool
    choices: Sequence[str]
    longest: int | None


@dataclass(frozen=True, slots=True)
class FormStep:
    number: int
    key: str
    title: str
    is_gate: bool
    is_available: bool
    error: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Given:
    """What a form says: inputs by key of step, and what is wrong by name of field or key of step."""

    inputs: dict[str, Json]
    errors: dict[str, str]


def steps(found: Sequence[Json], form: Mapping[str, str] | None, errors: Mapping[str, str]) -> list[FormStep]:
    """The steps with their fields: as they were sent, or with what the automation would use."""
    kinds = _kinds()
    return [
        FormStep(
            number=number,
            key=step["key"],
            title=title(step),
            is_gate=step["kind"] == GATE,
            is_available=step["kind"] == GATE or step["kind"] in kinds,
            error=errors.get(step["key"], ""),
            fields=[_field(step, tool, name, form, errors) for tool, name in _arguments(step, kinds)],
        )
        for number, step in enumerate(found, 1)
    ]


def read(found: Sequence[Json], form: Mapping[str, str]) -> Given:
    """The inputs that the form gives to the steps. An empty field is one that is left out."""
    given, kinds = Given({}, {}), _kinds()
    for step in found:
        arguments = list(_arguments(step, kinds))
        named = {name for _, name in arguments}
        inputs = {name: value for name, value in step["inputs"].items() if name not in named}
        for tool, name in arguments:
            try:
                _take(inputs, step, tool, name, form)
            except ValueError as error:
                given.errors[f"{step['key']}.{name}"] = str(error)
        if step["kind"] in kinds:
            given.inputs[step["key"]] = inputs
    if not given.errors and len(orjson.dumps(given.inputs)) > MOST_INPUT:
        given.errors[found[0]["key"]] = f"All inputs together have at most {MOST_INPUT // 1024} KiB."
    return given


def errors_of(faults: Iterable[tuple[tuple[str | int, ...], str]], form: Mapping[str, str]) -> dict[str, str]:
    """What does not fit the schemas, by name of field where there is such a field, else by key of step."""
    errors: dict[str, str] = {}
    for (key, *path), message in faults:
        name = f"{key}.{path[0]}" if path else str(key)
        errors.setdefault(name if name in form else str(key), message[:LONGEST_MESSAGE])
    return errors


def _kinds() -> dict[str, Tool]:
    return {tool.name: tool for tool in tools.built_in()}


def _arguments(step: Json, kinds: Mapping[str, Tool]) -> Iterator[tuple[Tool, str]]:
    if tool := kinds.get(step["kind"]):
        for name in tool.parameters["properties"]:
            yield tool, name


def _take(inputs: Json, step: Json, tool: Tool, name: str, form: Mapping[str, str]) -> None:
    """Put the argument into the inputs. Raises ValueError, in words for the person."""
    text = form.get(f"{step['key']}.{name}", "").replace("\r\n", "\n")
    schema = tool.parameters["properties"][name]
    if not text.strip():
        if _is_required(step, tool, name):
            raise ValueError(NEEDED)
        return
    if "\x00" in text:
        raise ValueError("This contains a character that cannot be stored.")
    inputs[name] = _value(text, schema)


def _value(text: str, schema: Json) -> Any:
    if "enum" in schema:
        return _chosen(text, schema["enum"])
    match _type(schema):
        case "string":
            return text
        case "boolean":
            return _chosen(text, [True, False])
        case "integer" | "number" as kind:
            return _number(text.strip(), kind)
    return _json(text)


def _chosen(text: str, values: Sequence[Any]) -> Any:
    for value in values:
        if spelled(value) == text:
            return value
    raise ValueError("Please choose one of these.")


def _number(text: str, kind: str) -> int | float:
    try:
        number = int(text) if kind == "integer" else float(text)
    except ValueError:
        raise ValueError("Please write a whole number." if kind == "integer" else "Please write a number.") from None
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise ValueError("This number is too large.")
    return number


def _json(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"This is not valid JSON: {error.msg}, line {error.lineno}.") from None
    if b"\\u0000" in orjson.dumps(value):
        raise ValueError("This contains a character that cannot be stored.")
    return value


def _field(step: Json, tool: Tool, name: str, form: Mapping[str, str] | None, errors: Mapping[str, str]) -> Field:
    schema, path = tool.parameters["properties"][name], f"{step['key']}.{name}"
    frozen = step["inputs"].get(name)
    is_secret = name in tool.secrets
    value = form.get(path, "") if form is not None else "" if frozen is None else spelled(frozen)
    return Field(
        name=path,
        label=label(name),
        kind="secret" if is_secret else _kind(schema, value),
        value="" if is_secret else value,
        hint=str(schema.get("description", "")),
        error=errors.get(path, ""),
        is_required=_is_required(step, tool, name),
        choices=[spelled(value) for value in schema.get("enum", (True, False))],
        longest=schema.get("maxLength"),
    )


def _kind(schema: Json, value: str) -> str:
    kind = _type(schema)
    if "enum" in schema or kind == "boolean":
        return "choice"
    if kind == "string":
        return "long" if "\n" in value or schema.get("maxLength", 0) > LONG_TEXT else "text"
    return "number" if kind in ("integer", "number") else "json"


def _type(schema: Json) -> str:
    """The one type that a value may have, apart from null; empty when there are several."""
    named = schema.get("type", ())
    kinds = [kind for kind in ([named] if isinstance(named, str) else named) if kind != "null"]
    return kinds[0] if len(kinds) == 1 else ""


def _is_required(step: Json, tool: Tool, name: str) -> bool:
    """By the schema, or because the conversation gave a secret that was not kept."""
    is_missing = step["needsInput"] and name in tool.secrets and name in step["inputs"]
    return name in tool.parameters.get("required", ()) or is_missing
