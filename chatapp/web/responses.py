"""Answers without a document."""

from __future__ import annotations

from flask import Response


def empty(status: int) -> Response:
    """No body, and no type of one: a client would try to read it."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response
