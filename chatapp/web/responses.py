"""Answers without a document, and those that are sent while they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import Response


def empty(status: int) -> Response:
    """No body, and no type of one: a client would try to read it."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def streamed(pieces: Iterator[bytes], mimetype: str, headers: Mapping[str, str]) -> Response:
    """The pieces as they come. The server takes and closes them itself: who stands between it and a reader that waits
    holds a part of the stack for as long as that does, and handles each piece once more.
    """
    return Response(pieces, mimetype=mimetype, headers=dict(headers), direct_passthrough=True)
