"""Stored content as it leaves: somebody else has made it, so no browser may take it for a page of this site.

It is a file to be saved, of the type that was found in it and of no other, and where a browser shows it all the same it
may do nothing there (turns-api 3.13).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from flask import Response, request, stream_with_context

from chatapp.core import artifacts
from chatapp.db import release
from chatapp.models import Artifact
from chatapp.web.content_disposition import attachment_named

PIECE = 64 * 1024


def content_of(artifact: Artifact) -> Response:
    """The bytes of an artifact, or 304 for whoever has them. Raises NotFound."""
    name = artifact.original_filename or f"{artifact.title or artifact.kind}.{_ending(artifact)}"
    headers = {
        "Content-Disposition": attachment_named(name),
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    if artifact.sha256 in request.if_none_match:
        response = Response(status=304, headers=headers)
    else:
        file = artifacts.open_content(artifact)
        response = Response(_pieces(file), headers=headers)
        response.call_on_close(file.close)  # nobody may have begun to read
        response.headers["Content-Type"] = artifact.mime_type
        response.headers["Content-Length"] = str(artifact.size_bytes)
    response.set_etag(artifact.sha256)
    release()
    return response


def file_of(pieces: Iterable[bytes], name: str, mimetype: str) -> Response:
    """A file that is made while it is sent."""
    release()
    response = Response(stream_with_context(iter(pieces)), mimetype=mimetype)
    response.headers["Content-Disposition"] = attachment_named(name)
    return response


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _ending(artifact: Artifact) -> str:
    return "json" if artifact.kind == "json" else "txt"
