"""Schemas that come from outside, made fit to be given to models and to check arguments with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from chatapp.values import Json

LONGEST = 16_000  # characters of JSON, references resolved
DEEPEST = 24
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SCHEMA_MAPS = ("properties", "dependentSchemas")
AS_IT_IS = ("const", "default", "enum", "examples")
# Regular expressions of strangers can keep a process busy for hours: the server checks those itself.
LEFT_OUT = ("$comment", "$defs", "$schema", "definitions", "pattern", "patternProperties")
FOREIGN = ("$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef")
UNKNOWN_TO_MODELS = ("allOf", "anyOf", "not", "oneOf")


class Unusable(Exception):
    """Why, in words that continue "Its parameters"."""


def usable(given: Any) -> Json:
    """The schema of a tool's arguments without references and regular expressions. Raises Unusable."""
    from jsonschema import Draft202012Validator, SchemaError

    if not isinstance(given, dict) or given.get("type") != "object":
        raise Unusable("are no JSON schema of an object.")
    found = dict(_Reader(given).schema(given))
    if any(name in found for name in UNKNOWN_TO_MODELS):
        raise Unusable("are alternatives (anyOf, oneOf, allOf, not) as a whole, which models do not take.")
    if any(not NAME.fullmatch(name) for name in found.get("properties", ())):
        raise Unusable("have names that models do not take.")
    try:
        Draft202012Validator.check_schema(found)
    except SchemaError as error:
        raise Unusable(f"are no valid JSON schema: {error.json_path}."[:200]) from None
    return found


class _Reader:
    """Copies a schema, bounded in size and depth also after its references are resolved."""

    def __init__(self, root: Json) -> None:
        self._root, self._left = root, LONGEST

    def schema(self, node: Any, depth: int = 0) -> Any:
        if depth > DEEPEST:
            raise Unusable("are nested too deeply, or refer to themselves.")
        if not isinstance(node, Mapping):
            return self._counted(node)
        if not set(FOREIGN).isdisjoint(node):
            raise Unusable("name or refer to other schemas.")
        node = self._resolved(node, depth)
        return {
            self._counted(name): self._part(name, part, depth + 1)
            for name, part in node.items()
            if name not in LEFT_OUT
        }

    def _part(self, name: str, part: Any, depth: int) -> Any:
        if name in AS_IT_IS:
            return self._counted(part)
        if name in SCHEMA_MAPS and isinstance(part, Mapping):
            return {self._counted(key): self.schema(entry, depth) for key, entry in part.items()}
        if isinstance(part, list):
            return [self.schema(entry, depth) for entry in part]
        return self.schema(part, depth)

    def _resolved(self, node: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        """With what it refers to, which is within the same schema."""
        for _ in range(DEEPEST):
            if not isinstance(reference := node.get("$ref"), str):
                return node
            target: Any = self._root
            if not reference.startswith("#/"):
                raise Unusable("refer to themselves or to schemas elsewhere.")
            for step in reference[2:].split("/"):
                target = target.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
            if not isinstance(target, Mapping):
                raise Unusable("refer to what is not there.")
            node = {**target, **{name: part for name, part in node.items() if name != "$ref"}}
        raise Unusable("refer to themselves.")

    def _counted(self, value: Any) -> Any:
        self._left -= len(orjson.dumps(value))
        if self._left < 0:
            raise Unusable("are too long, or refer to themselves.")
        return value
