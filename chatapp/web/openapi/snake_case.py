"""What the description of the snake_case API cannot be derived from: words, refusals, fields of its own."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from werkzeug.routing import Rule

from chatapp.values import Json
from chatapp.web.api import bp, gate, paging
from chatapp.web.api.filters import SortKeys
from chatapp.web.api.parsing import AnyText, Choice, Text, WholeNumber, YesOrNo
from chatapp.web.contract import answer_of, reading_of
from chatapp.web.openapi.describing import UUID, Dialect

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


TEXTS: Json = {"type": "array", "items": {"type": "string"}}
BY_FIELD: Json = {"type": "object", "additionalProperties": TEXTS}
# A plain string, as published (waldur 9.1).
UNKNOWN_TOOL: Json = {"type": "object", "properties": {"tool": {"type": "string"}}, "required": ["tool"]}
RETRY_AFTER: Json = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}

REFUSALS: dict[int, Json] = {
    400: {
        "description": "The input cannot be used: texts by field, about the whole, or about JSON that cannot be read.",
        "schema": {"anyOf": [BY_FIELD, TEXTS, Refusal, UNKNOWN_TOOL]},
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
    503: {"description": "The database cannot be reached, or the server is being restarted.", "headers": RETRY_AFTER},
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


def _resource(rule: Rule) -> str:
    """The first word of the path after /api/."""
    return rule.rule.split("/")[2]


def _refusals(rule: Rule, view: Any) -> list[int]:
    """The statuses that this view may refuse with."""
    answer, reading = answer_of(view), reading_of(view)
    possible = {401, 403, 503, *answer.refusals}
    if _resource(rule) in gate.BEHIND:
        possible |= {409, 424}
    if rule.arguments or answer.paged:
        possible.add(404)
    if reading:
        possible.add(400)
    if "body" in reading:
        possible |= {413, 415}
    return sorted(possible)


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


DIALECT = Dialect(
    blueprint=bp.name,
    title="Chat API",
    about=ABOUT,
    security={"token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"}},
    types=OWN_TYPES,
    own_fields=_own_fields,
    catalogue=REFUSALS,
    refusal=Refusal,
    refusals=_refusals,
    tag=lambda rule, view: _resource(rule),
    path_id=UUID,
    page_parameters=PAGE_PARAMETERS,
    page_headers=PAGE_HEADERS,
)
