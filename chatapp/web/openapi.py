"""The description of the snake_case API, derived from its routes and from what its views note about themselves.

/api/schema/   the OpenAPI document
/api/docs/     the same as a page
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Blueprint, Flask, current_app, render_template
from marshmallow import Schema, fields
from werkzeug.routing import Rule

from chatapp.values import Json
from chatapp.web import openapi_page
from chatapp.web.api import bp as api
from chatapp.web.api import gate, paging
from chatapp.web.api.contract import JSON, answer_of, reading_of
from chatapp.web.api.filters import SortKeys
from chatapp.web.api.parsing import AnyText, Choice, Text, WholeNumber, YesOrNo
from chatapp.web.render.markdown import render_markdown

bp = Blueprint("openapi", __name__, url_prefix="/api")

EXTENSION = "openapi"
VERSION = "1.0"  # of the API, not of the product
OWN_TYPES: dict[type, tuple[str | None, str | None]] = {
    Choice: ("string", None),
    WholeNumber: ("integer", None),
    YesOrNo: ("boolean", None),
}
ABOUT = """Every request carries `Authorization: Token <key>`. Paths end with a slash and are served without it too.
UUIDs are accepted with and without hyphens. Keys and parameters that nobody knows are ignored.
A method that a path does not have is answered with 405 and `{"detail": "..."}`."""


class Refusal(Schema):
    detail = fields.String(required=True)


class CapacityRefusal(Refusal):
    error = fields.String(required=True)
    code = fields.String(required=True)
    reset_at = fields.DateTime(required=True)
    retry_after_seconds = fields.Integer(required=True)


UUID: Json = {"type": "string", "format": "uuid"}
TEXTS: Json = {"type": "array", "items": {"type": "string"}}
BY_FIELD: Json = {"type": "object", "additionalProperties": TEXTS}
RETRY_AFTER: Json = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}

REFUSALS: dict[int, Json] = {
    400: {
        "description": "The input cannot be used: texts by field, about the whole, or about JSON that cannot be read.",
        "schema": {"anyOf": [BY_FIELD, TEXTS, Refusal]},
    },
    401: {
        "description": "No token, or one that is not valid.",
        "headers": {"WWW-Authenticate": {"schema": {"const": "Token"}}},
    },
    403: {"description": "The caller's role does not allow this."},
    404: {"description": "There is no such object or page for this caller."},
    409: {"description": "The assistant is not configured, or the caller's tokens are used up."},
    413: {"description": "The body is too long."},
    415: {"description": "The body is not JSON."},
    422: {"description": "The tool refused or failed."},
    424: {"description": "The assistant is switched off."},
    429: {"description": "The site is at its capacity.", "schema": CapacityRefusal, "headers": RETRY_AFTER},
    503: {"description": "The server is being restarted.", "headers": RETRY_AFTER},
}

PAGE_PARAMETERS: list[Json] = [
    {
        "name": "page",
        "in": "query",
        "description": "Number of the page, or the word last.",
        "schema": {"anyOf": [{"type": "integer", "minimum": 1}, {"const": paging.LAST}], "default": 1},
    },
    {
        "name": "page_size",
        "in": "query",
        "description": "Rows of a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": paging.MAX_SIZE, "default": paging.DEFAULT_SIZE},
    },
]
PAGE_HEADERS: Json = {
    "X-Result-Count": {"description": "Number of all rows.", "required": True, "schema": {"type": "integer"}},
    "Link": {
        "description": 'Addresses of other pages, each with rel="first", "prev", "next" or "last".',
        "required": True,
        "schema": {"type": "string"},
    },
}


def init_app(app: Flask) -> None:
    """Serve the description; the first who asks has it derived."""
    app.register_blueprint(bp)


@bp.get("/schema/")
def schema() -> Json:
    if EXTENSION not in current_app.extensions:
        current_app.extensions[EXTENSION] = derive(current_app)
    document: Json = current_app.extensions[EXTENSION]
    return document


@bp.get("/docs/")
def page() -> str:
    document = schema()
    return render_template(
        "pages/api.html",
        document=document,
        about=render_markdown(document["info"]["description"]),
        operations=openapi_page.operations(document),
        objects=openapi_page.objects(document),
        refusals=openapi_page.refusals(document),
    )


def derive(app: Flask) -> Json:
    """The OpenAPI document of the API's routes."""
    plugin = MarshmallowPlugin(schema_name_resolver=_component_name)
    spec = APISpec(
        title="Chat API",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": ABOUT},
        servers=[{"url": "/"}],
        security=[{"token": []}],
    )
    converter = cast("OpenAPIConverter", plugin.converter)
    converter.field_mapping = converter.field_mapping | OWN_TYPES
    converter.attribute_functions.append(_own_fields)
    spec.components.security_scheme(
        "token", {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"}
    )
    for status, refusal in deepcopy(REFUSALS).items():
        spec.components.response(_refusal_name(status), _reply(refusal.pop("schema", Refusal), **refusal))
    for rule in sorted(_routes(app), key=lambda rule: rule.rule):
        operations = dict(_operations(app, rule, converter))
        spec.path(path=_path(rule), parameters=_path_parameters(rule), operations=operations)
    return spec.to_dict()


def _routes(app: Flask) -> Iterator[Rule]:
    """Paths without a method only tell callers that they have none."""
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{api.name}.") and _methods(rule))


def _methods(rule: Rule) -> set[str]:
    return set(rule.methods or ()) - {"OPTIONS", "HEAD"}


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _resource(rule: Rule) -> str:
    """The first word of the path after /api/."""
    return rule.rule.split("/")[2]


def _path_parameters(rule: Rule) -> list[Json]:
    return [{"name": name, "in": "path", "required": True, "schema": UUID} for name in sorted(rule.arguments)]


def _operations(app: Flask, rule: Rule, converter: OpenAPIConverter) -> Iterator[tuple[str, Json]]:
    view = app.view_functions[rule.endpoint]
    name = rule.endpoint.partition(".")[2]
    methods = _methods(rule)
    for method in sorted(methods | ({"HEAD"} if answer_of(view).paged else set())):
        operation = {
            "operationId": name if {method} == methods or method == "GET" else f"{name}_{method.lower()}",
            "summary": name.replace("_", " ").capitalize() + (": headers only" if method == "HEAD" else ""),
            "tags": [_resource(rule)],
            "parameters": _query(view, converter),
            "requestBody": _body(view, method),
            "responses": _responses(rule, view, method),
        }
        yield method.lower(), {key: value for key, value in operation.items() if value}


def _query(view: Any, converter: OpenAPIConverter) -> list[Json]:
    paging_too = deepcopy(PAGE_PARAMETERS) if answer_of(view).paged else []
    if "query" not in reading_of(view):
        return paging_too
    given = converter.schema2parameters(reading_of(view)["query"](), location="query")
    return [_never_null(parameter) for parameter in given] + paging_too


def _never_null(parameter: Json) -> Json:
    """A parameter of a query is absent or has a value."""
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


def _responses(rule: Rule, view: Any, method: str) -> Json:
    answer = answer_of(view)
    described: Any = {"type": "array", "items": answer.schema} if answer.many else answer.schema
    reply = _reply(
        None if method == "HEAD" else described,
        description="The answer." if answer.schema else "Done.",
        mimetype=answer.mimetype,
        headers=deepcopy(PAGE_HEADERS) if answer.paged else {},
    )
    return {str(answer.status): reply} | {str(status): _refusal_name(status) for status in _refusals(rule, view)}


def _refusals(rule: Rule, view: Any) -> list[int]:
    """The statuses that this view may refuse with."""
    answer, reading = answer_of(view), reading_of(view)
    possible = {401, 403, *answer.refusals}
    if _resource(rule) in gate.BEHIND:
        possible |= {409, 424}
    if rule.arguments or answer.paged:
        possible.add(404)
    if reading:
        possible.add(400)
    if "body" in reading:
        possible |= {413, 415}
    return sorted(possible)


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


def _own_fields(field: fields.Field[Any], *, ret: Json) -> Json:
    """What apispec cannot know of this dialect's own fields."""
    match field:
        case Text():
            return {"minLength": 1, "maxLength": field.max_length, "description": "White space around it is removed."}
        case AnyText():
            return {"maxLength": field.max_length}
        case Choice():
            return {"enum": [*map(str, field.choices), *([None] if field.allow_none else [])]}
        case SortKeys():
            return {"items": {"type": "string", "enum": [sign + key for key in field.keys for sign in ("", "-")]}}
        case fields.DateTime():
            ret.pop("pattern", None)  # of the format in which it is written
            return {"format": "date" if isinstance(field, fields.Date) else "date-time"}
    return {}
