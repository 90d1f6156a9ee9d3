"""An OpenAPI document from the routes of a blueprint and the notes on its views; nothing in it is written by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from chatapp.values import Json
from chatapp.web.contract import JSON, answer_of, reading_of

VERSION = "1.0"  # of the APIs, not of the product
UUID: Json = {"type": "string", "format": "uuid"}
# What apispec calls the parts of a request.
LOCATIONS = {"query": "query", "headers": "header"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the views of an API do not tell: its name and words, how it refuses, its own kinds of field.

    `catalogue` describes each status of a refusal, `refusals` tells which a view may answer with; a refusal without a
    schema in the catalogue has the body `refusal`. `types` and `own_fields` are for apispec.
    """

    blueprint: str
    title: str
    about: str
    security: Mapping[str, Json]
    types: Mapping[type, tuple[str | None, str | None]]
    own_fields: Callable[..., Json]
    catalogue: Mapping[int, Json]
    refusal: type[Schema]
    refusals: Callable[[Rule, Any], list[int]]
    tag: Callable[[Rule, Any], str]
    path_id: Json
    page_parameters: Sequence[Json] = field(default=())
    page_headers: Json = field(default_factory=dict)


def derive(app: Flask, dialect: Dialect) -> Json:
    """The OpenAPI document of the dialect's routes."""
    plugin = MarshmallowPlugin(schema_name_resolver=_component_name)
    spec = APISpec(
        title=dialect.title,
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": dialect.about},
        servers=[{"url": "/"}],
        security=[{name: []} for name in dialect.security],
    )
    converter = cast("OpenAPIConverter", plugin.converter)
    converter.field_mapping = converter.field_mapping | dict(dialect.types)
    converter.attribute_functions.append(dialect.own_fields)
    for name, scheme in dialect.security.items():
        spec.components.security_scheme(name, dict(scheme))
    for status, refusal in deepcopy(dict(dialect.catalogue)).items():
        schema = refusal.pop("schema", dialect.refusal)
        spec.components.response(_refusal_name(status), _reply(schema, **refusal))
    describing = _Describing(app, dialect, converter)
    for rule in sorted(_routes(app, dialect), key=lambda rule: rule.rule):
        parameters = [_path_parameter(name, dialect) for name in sorted(rule.arguments)]
        spec.path(path=_path(rule), parameters=parameters, operations=dict(describing.operations(rule)))
    return spec.to_dict()


@dataclass(frozen=True, slots=True)
class _Describing:
    app: Flask
    dialect: Dialect
    converter: OpenAPIConverter

    def operations(self, rule: Rule) -> Iterator[tuple[str, Json]]:
        view = self.app.view_functions[rule.endpoint]
        name = rule.endpoint.partition(".")[2]
        methods = _methods(rule)
        for method in sorted(methods | ({"HEAD"} if answer_of(view).paged else set())):
            operation = {
                "operationId": name if {method} == methods or method == "GET" else f"{name}_{method.lower()}",
                "summary": name.replace("_", " ").capitalize() + (": headers only" if method == "HEAD" else ""),
                "tags": [self.dialect.tag(rule, view)],
                "parameters": self._parameters(view),
                "requestBody": _body(view, method),
                "responses": self._responses(rule, view, method),
            }
            yield method.lower(), {key: value for key, value in operation.items() if value}

    def _parameters(self, view: Any) -> list[Json]:
        reading = reading_of(view)
        given = [
            _never_null(parameter)
            for name, location in LOCATIONS.items()
            if name in reading
            for parameter in self.converter.schema2parameters(reading[name](), location=location)
        ]
        return given + (deepcopy(list(self.dialect.page_parameters)) if answer_of(view).paged else [])

    def _responses(self, rule: Rule, view: Any, method: str) -> Json:
        answer = answer_of(view)
        described: Any = {"type": "array", "items": answer.schema} if answer.many else answer.schema
        reply = _reply(
            None if method == "HEAD" else described,
            description="The answer." if answer.schema else "Done.",
            mimetype=answer.mimetype,
            headers=deepcopy(self.dialect.page_headers) if answer.paged else {},
        )
        replies = {str(answer.status): reply}
        if answer.or_nothing:
            replies["204"] = _reply(None, description="There is nothing.")
        return replies | {str(status): _refusal_name(status) for status in self.dialect.refusals(rule, view)}


def _routes(app: Flask, dialect: Dialect) -> Iterator[Rule]:
    """Paths without a method only tell callers that they have none."""
    return (r for r in app.url_map.iter_rules() if r.endpoint.startswith(f"{dialect.blueprint}.") and _methods(r))


def _methods(rule: Rule) -> set[str]:
    return set(rule.methods or ()) - {"OPTIONS", "HEAD"}


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _path_parameter(name: str, dialect: Dialect) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": dict(dialect.path_id)}


def _never_null(parameter: Json) -> Json:
    """A parameter is absent or has a value."""
    described: Json = parameter["schema"]
    if isinstance(described.get("type"), list):
        (described["type"],) = (word for word in described["type"] if word != "null")
    if "enum" in described:
        described["enum"] = [value for value in described["enum"] if value is not None]
    if described.get("default", ...) is None:
        del described["default"]
    return parameter


def _body(view: Any, method: str) -> Json:
    if "body" not in reading_of(view):
        return {}
    given = reading_of(view)["body"](partial=method == "PATCH")
    is_needed = not given.partial and any(field.required for field in given.fields.values())
    return {"required": is_needed, "content": {JSON: {"schema": given}}}


def _reply(schema: Any, *, description: str, mimetype: str = JSON, headers: Json | None = None) -> Json:
    reply: Json = {"description": description}
    if headers:
        reply["headers"] = headers
    if schema:
        reply["content"] = {mimetype: {"schema": schema}}
    return reply


def _refusal_name(status: int) -> str:
    return f"Refusal{status}"


def _component_name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    partial = "Patch" if getattr(schema, "partial", None) else ""
    return partial + kind.__name__.removesuffix("Output")
