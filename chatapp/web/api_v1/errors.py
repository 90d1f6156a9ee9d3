"""Whatever goes wrong, in the shapes of this dialect (turns-api 0.2 to 0.6). Nothing else here writes an error body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from chatapp import errors
from chatapp.core.snapshots import time_json
from chatapp.db import now
from chatapp.web import outages
from chatapp.web.api_v1 import auth
from chatapp.web.api_v1.problems import Problem, Unprocessable, entry
from chatapp.web.api_v1.reading import camel

logger = structlog.get_logger(__name__)

RETRY_AFTER = 5  # seconds
# Where they are called otherwise than in the domain.
WIRE_NAMES = {"token_name": "name"}
REFUSALS: dict[type, tuple[int, str]] = {
    errors.Inactive: (403, "account_disabled"),
    auth.CrossSite: (403, "csrf_failed"),
    errors.OnlyReads: (403, "token_only_reads"),
    errors.FeatureDisabled: (403, "chat_disabled"),
    errors.Forbidden: (403, "chat_disabled"),
    errors.NothingToReload: (409, "nothing_to_reload"),
    errors.TooLarge: (413, "artifact_too_large"),
    errors.StorageFull: (413, "storage_full"),
    errors.UnsupportedType: (415, "unsupported_media_type"),
    errors.ModelUnavailable: (503, "model_unavailable"),
}
# The same request may work in a moment.
LATER: dict[type, tuple[int, str]] = {
    errors.TooManyTurns: (429, "too_many_active_turns"),
    errors.ShuttingDown: (503, "shutting_down"),
    errors.DatabaseAway: (503, "database_unavailable"),
}
# Of errors that the framework raises.
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    500: "internal_error",
}


def handle(bp: Blueprint) -> None:
    """Let `bp` answer every error of its views in this dialect."""
    bp.register_error_handler(errors.ChatError, _domain_error)
    bp.register_error_handler(Unprocessable, _unprocessable)
    bp.register_error_handler(HTTPException, _http_error)
    bp.register_error_handler(Exception, _unexpected)


def answer_routing_error() -> ResponseReturnValue | None:
    """Unknown paths and methods below /api/v1/: no blueprint is asked for those, so this runs before every request."""
    error = request.routing_exception
    if error is None or isinstance(error, RequestRedirect) or not f"{request.path}/".startswith("/api/v1/"):
        return None
    try:
        with outages.told():
            auth.check()
    except errors.ChatError as refusal:
        return _domain_error(refusal)
    return _http_error(error)


def _unprocessable(error: Unprocessable) -> ResponseReturnValue:
    return {"detail": error.detail}, 422


def _domain_error(error: errors.ChatError) -> ResponseReturnValue:
    """What tells more than words is written here, all others in the tables, found by the most special class."""
    match error:
        case auth.NotAuthenticated():
            return _answer(401, "not_authenticated", "Not authenticated", {"WWW-Authenticate": "Bearer"})
        case errors.Unauthenticated():
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return _answer(401, "invalid_credentials", "Invalid or expired credentials", challenge)
        case errors.NotFound():
            return _answer(404, f"{error.what.replace(' ', '_')}_not_found", f"{error.what.capitalize()} not found")
        case errors.Conflict():
            return _answer(409, error.code, str(error), None, **error.details)
        case errors.TurnActive():
            return _answer(409, "turn_active", str(error), activeTurnId=str(error.turn_id))
        case errors.ApprovalNotPending():
            return _answer(409, "approval_not_pending", str(error), status=error.status)
        case errors.BadInputs():
            faults = [entry(("body", "inputs", *path), Problem("value_error", words)) for path, words in error.faults]
            return _unprocessable(Unprocessable(faults))
        case errors.Invalid():
            return _unprocessable(Unprocessable.of("body", *_loc(error), msg=str(error)))
        case errors.QuotaExceeded():
            more = {"period": error.period, "resetAt": time_json(error.reset_at)}
            return _answer(429, "quota_exceeded", str(error), _retry_at(error.reset_at), **more)
        case errors.CapacityExceeded():
            return _answer(429, "capacity_exceeded", str(error), _retry_at(error.reset_at))
    for kind in type(error).__mro__:
        if kind in REFUSALS:
            return _answer(*REFUSALS[kind], str(error))
        if kind in LATER:
            return _answer(*LATER[kind], str(error), {"Retry-After": str(RETRY_AFTER)})
    return _unexpected(error)


def _loc(error: errors.Invalid) -> list[str | int]:
    """A field of the domain as it is called in bodies."""
    name = [WIRE_NAMES.get(error.field, camel(error.field))] if error.field else []
    return [*name, *([] if error.index is None else [error.index])]


def _retry_at(moment: datetime) -> dict[str, str]:
    return {"Retry-After": str(max(1, ceil((moment - now()).total_seconds())))}


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.response is not None:
        return error
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return _answer(error.code, CODES.get(error.code, "http_error"), error.name, headers)


def _unexpected(error: Exception) -> ResponseReturnValue:
    if away := outages.outage(error):
        return _domain_error(away)
    logger.exception("request.failed", method=request.method, endpoint=request.endpoint)
    return _answer(500, "internal_error", "Internal server error")


def _answer(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, /, **more: Any
) -> ResponseReturnValue:
    return {"detail": detail, "code": code, **more}, status, dict(headers or {})
