"""What the description of the turns API cannot be derived from: words, refusals, fields of its own."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields
from werkzeug.routing import Rule

from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.asking import Slot, ToolkitMessages
from chatapp.web.api_v1.fields import (
    Bounded,
    Choice,
    Count,
    Items,
    Number,
    Object,
    Objects,
    Text,
    Uuid,
    WholeNumber,
    YesOrNo,
)
from chatapp.web.api_v1.idempotency import LONGEST, Key
from chatapp.web.auth import SESSION_COOKIE
from chatapp.web.contract import answer_of, reading_of
from chatapp.web.openapi.describing import Dialect

ABOUT = f"""Conversations as *threads* of *messages*; each question with its answer is a *turn*, told live by
server-sent events that can be read again from any number on. Keys are in camelCase, times in UTC.

A request names its caller by `Authorization: Bearer <secret>` (or `Token`), by `X-API-Key: <secret>`, or by the cookie
`{SESSION_COOKIE}` of a browser that has signed in; the first of them decides. UUIDs are accepted in any letter case,
with and without hyphens. Keys and parameters that nobody knows are ignored. Lists give a `nextCursor`, null on the last
page. Paths have no slash at the end. A method that a path does not have is answered with 405, its methods are in
`Allow`."""
TYPES: dict[type, tuple[str | None, str | None]] = {
    Text: ("string", None),
    Slot: ("string", None),
    Key: ("string", None),
    Uuid: ("string", "uuid"),
    Choice: ("string", None),
    YesOrNo: ("boolean", None),
    WholeNumber: ("integer", None),
    Count: ("integer", None),
    Number: ("number", None),
    Object: ("object", None),
    Objects: ("object", None),
    ToolkitMessages: ("array", None),
}
RETRY_AFTER: Json = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
# In any spelling, so not of the format "uuid".
PATH_ID: Json = {"type": "string", "pattern": "^[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}$"}


class Refusal(Schema):
    """Some codes add further keys."""

    class Meta:
        unknown = INCLUDE

    detail = fields.String(required=True)
    code = fields.String(required=True)


class Problem(Schema):
    loc = fields.List(fields.Raw(metadata={"type": ["string", "integer"]}), required=True)
    msg = fields.String(required=True)
    type = fields.String(required=True)


class Problems(Schema):
    detail = fields.List(fields.Nested(Problem), required=True)


CATALOGUE: dict[int, Json] = {
    401: {
        "description": "No credential, or one that is not valid.",
        "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
    },
    403: {"description": "The account is disabled, the assistant is not for it, or another site sent the request."},
    404: {"description": "The object does not exist for this caller."},
    409: {"description": "The request conflicts with the present state."},
    413: {"description": "The body is too large."},
    415: {"description": "The body is not JSON."},
    422: {"description": "The request failed validation: every failing field.", "schema": Problems},
    429: {"description": "Too many answers at once, or the tokens are used up.", "headers": RETRY_AFTER},
    503: {
        "description": "The database cannot be reached, no language model is there, or the server is being restarted.",
        "headers": RETRY_AFTER,
    },
}


def _refusals(rule: Rule, view: Any) -> list[int]:
    """The statuses that this view may refuse with."""
    reading = reading_of(view)
    possible = {401, 403, 503, *answer_of(view).refusals}
    if rule.arguments:
        possible |= {404, 422}
    if reading:
        possible.add(422)
    if "body" in reading:
        possible |= {413, 415}
    return sorted(possible)


def _own_fields(field: fields.Field[Any], *, ret: Json) -> Json:
    """What apispec cannot know of this dialect's own fields."""
    match field:
        case Text():
            return {"maxLength": field.longest} | ({"minLength": field.shortest} if field.shortest else {})
        case Key():
            return {"minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]*$"}
        case Choice():
            return {"enum": [*field.choices, *([None] if field.allow_none else [])]}
        case Bounded():
            return {"minimum": field.lowest, "maximum": field.highest}
        case Objects():
            return {"additionalProperties": {"type": "object"}}
        case Items():
            return {"maxItems": field.most}
        case ToolkitMessages():
            return {"items": {"type": "object"}}
        case fields.DateTime():
            ret.pop("pattern", None)  # of the format in which it is written
            return {"format": "date-time"}
        case fields.Method() | fields.Constant():
            ret.pop("readOnly", None)  # as everything in an answer
            return {key: value for key, value in field.metadata.items() if key in ("type", "format", "enum")}
    return {}


DIALECT = Dialect(
    blueprint=bp.name,
    title="Turns API",
    about=ABOUT,
    security={
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "browser": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    },
    types=TYPES,
    own_fields=_own_fields,
    catalogue=CATALOGUE,
    refusal=Refusal,
    refusals=_refusals,
    tag=lambda rule, view: str(view.__module__).rpartition(".")[2].replace("_", "-"),
    path_id=PATH_ID,
)
