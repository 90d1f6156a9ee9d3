"""Answers without a document: nothing, and pieces of one that come one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import Response


def empty(status: int) -> Response:
    """No body, and no type of one: a client would try to read it."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def streamed(pieces: Iterator[bytes], mimetype: str, headers: Mapping[str, str]) -> Response:
    """Pieces that are sent as they come, as they are: the server takes them without anything between."""
    return Response(pieces, mimetype=mimetype, headers=headers, direct_passthrough=True)
