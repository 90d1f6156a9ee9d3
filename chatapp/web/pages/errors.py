"""Errors as pages, for everything that is not an API."""

from __future__ import annotations

import structlog
from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError

from chatapp import errors
from chatapp.web import auth, outages

logger = structlog.get_logger(__name__)

RETRY_AFTER = 5  # seconds

STATUS: dict[type[errors.ChatError], tuple[int, str]] = {
    errors.NotFound: (404, "Not found"),
    errors.Invalid: (400, "That did not work"),
    errors.Forbidden: (403, "Not allowed"),
    errors.ReasonNeeded: (403, "A reason is needed"),
    errors.Conflict: (409, "Not now"),
    errors.InUse: (409, "Not now"),
    errors.KeyReused: (409, "That was sent before"),
    errors.NothingToReload: (409, "Nothing to answer"),
    errors.TurnActive: (409, "One moment"),
    errors.TooLarge: (413, "That is too large"),
    errors.StorageFull: (413, "No room is left"),
    errors.UnsupportedType: (415, "That file is not taken"),
    errors.Conflict: (409, "That does not work now"),
    errors.TooManyTurns: (429, "One moment"),
    errors.TooManyAttempts: (429, "One moment"),
    errors.ModelUnavailable: (503, "No language model"),
    errors.ShuttingDown: (503, "The server is being restarted"),
    errors.DatabaseAway: (503, "One moment"),
}

TITLES = {
    400: "That request cannot be understood",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    413: "That is too long",
    429: "One moment",
}

MESSAGES = {
    404: "This page was not found. It may have been deleted, or it is not yours to see.",
    405: "This address cannot be used like that.",
}


def init_app(app: Flask) -> None:
    app.register_error_handler(errors.ChatError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: errors.ChatError) -> tuple[int, str]:
    """HTTP status and title of an error of the domain."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (400, "That did not work"))


def _domain_error(error: errors.ChatError) -> tuple[str, int]:
    status, title = status_of(error)
    return _page(status, title, str(error))


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.response is not None:
        return error
    title = TITLES.get(error.code, error.name)
    message = MESSAGES.get(error.code) or error.description or error.name
    try:
        with outages.told():  # the page shows who reads it
            page = _page(error.code, title, message)
    except errors.DatabaseAway as away:
        return _away(away)
    return (*page, [header for header in error.get_headers() if header[0] == "Allow"])


def _unexpected(error: Exception) -> ResponseReturnValue:
    if away := outages.outage(error):
        return _away(away)
    logger.exception("request.failed", method=request.method, endpoint=request.endpoint)
    return _page(500, "Something went wrong", str(InternalServerError.description))


def _away(error: errors.DatabaseAway) -> ResponseReturnValue:
    auth.forget_reader()
    return (*_domain_error(error), {"Retry-After": str(RETRY_AFTER)})


def _page(code: int, title: str, message: str) -> tuple[str, int]:
    return render_template("errors/error.html", code=code, title=title, message=message), code
