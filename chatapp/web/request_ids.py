"""Every request has an id: lines of the log carry it, and the answer says it, so that a complaint finds its lines."""

from __future__ import annotations

import re

from flask import Flask, Request, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from chatapp import config
from chatapp.db import new_id

HEADER = "X-Request-Id"
GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_tell)


def _begin() -> None:
    g.request_id = _id_of(request)
    clear_contextvars()  # a connection's requests follow each other in one thread
    bind_contextvars(request_id=g.request_id)


def _id_of(incoming: Request) -> str:
    """The proxy's where there is one: it has the request in its own log. Nobody else chooses it."""
    given = incoming.headers.get(HEADER, "") if config.current().trusted_proxies else ""
    return given if GIVEN.fullmatch(given) else new_id().hex


def _tell(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    return response
