"""Whatever goes wrong, in the shapes of this dialect (waldur 0.4). Nothing else here writes an error body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchPath
from werkzeug.routing import RequestRedirect

from chatapp import errors
from chatapp.core.snapshots import time_json
from chatapp.db import now
from chatapp.web import outages
from chatapp.web.api import gate

logger = structlog.get_logger(__name__)

RETRY_AFTER = 5  # seconds


def handle(bp: Blueprint) -> None:
    """Let `bp` answer every error of its views in this dialect."""
    bp.register_error_handler(errors.ChatError, _domain_error)
    bp.register_error_handler(ValidationError, _invalid_fields)
    bp.register_error_handler(HTTPException, _http_error)
    bp.register_error_handler(Exception, _unexpected)


def answer_routing_error() -> ResponseReturnValue | None:
    """Unknown paths and methods below /api/: no blueprint is asked for those, so this runs before every request."""
    error = request.routing_exception
    if error is None or isinstance(error, RequestRedirect) or not _is_ours(request.path):
        return None
    try:
        if gate.resource() in (*gate.BEHIND, *gate.OUTSIDE):
            with outages.told():
                gate.check()
    except errors.ChatError as refusal:
        return _domain_error(refusal)
    return _http_error(error)


def _is_ours(path: str) -> bool:
    return f"{path}/".startswith("/api/") and not f"{path}/".startswith("/api/v1/")


def _domain_error(error: errors.ChatError) -> ResponseReturnValue:
    match error:
        case errors.Unauthenticated() | errors.Inactive():
            return _detail(401, str(error), {"WWW-Authenticate": "Token"})
        case errors.Invalid() | errors.NothingToReload():
            return [str(error)], 400
        case errors.Forbidden():
            return _detail(403, str(error))
        case errors.NotFound():
            return _detail(404, str(error))
        case errors.ToolRefused():
            return _detail(422, str(error))
        case errors.FeatureDisabled():
            return _detail(424, str(error))
        case errors.CapacityExceeded():
            return _at_capacity(error.code, error.reset_at, str(error))
        case errors.TooManyTurns():
            return _at_capacity("active_turns", now() + timedelta(seconds=RETRY_AFTER), str(error))
        case errors.ShuttingDown() | errors.DatabaseAway():
            return _detail(503, str(error), {"Retry-After": str(RETRY_AFTER)})
    return _detail(409, str(error))


def _at_capacity(code: str, reset_at: datetime, detail: str) -> ResponseReturnValue:
    seconds = max(1, ceil((reset_at - now()).total_seconds()))
    body = {
        "error": "rate_limited",
        "code": code,
        "reset_at": time_json(reset_at),
        "retry_after_seconds": seconds,
        "detail": detail,
    }
    return body, 429, {"Retry-After": str(seconds)}


def _invalid_fields(error: ValidationError) -> ResponseReturnValue:
    """A message about the whole body, which no field explains, gets the key that clients know for it."""
    given = error.messages
    messages: dict[str, Any] = given if isinstance(given, dict) else {error.field_name: given}
    return {"non_field_errors" if name == SCHEMA else name: words for name, words in messages.items()}, 400


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.response is not None:
        return error
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return _detail(error.code, _words(error), headers)


def _words(error: HTTPException) -> str:
    if isinstance(error, MethodNotAllowed):
        return f'Method "{request.method}" not allowed.'
    if isinstance(error, NoSuchPath) and error.description == NoSuchPath.description:
        return "Not found."
    return error.description or error.name


def _unexpected(error: Exception) -> ResponseReturnValue:
    if away := outages.outage(error):
        return _domain_error(away)
    logger.exception("request.failed", method=request.method, endpoint=request.endpoint)
    return _detail(500, str(InternalServerError.description))


def _detail(status: int, words: str, headers: Mapping[str, str] | None = None) -> ResponseReturnValue:
    return {"detail": words}, status, dict(headers or {})
