"""Static files: compressed once, and kept by browsers for good.

The version in the address is a digest of all files, so what files ask of each other (`@import`, `<use href>`) is
versioned as well, and a release changes every address at once. A page of the release before gets the present file and
may not keep it.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory
from werkzeug.security import safe_join

FOLDER = Path(__file__).resolve().parents[1] / "static"
TEXT = (".css", ".js", ".svg", ".json", ".webmanifest")
YEAR = 365 * 24 * 3600
SMALLEST = 1024  # bytes: compressing less than a packet saves nothing


def init_app(app: Flask) -> None:
    app.static_folder = str(FOLDER)
    app.add_url_rule("/static/<path:filename>", "static", _send)
    app.add_url_rule("/static/v-<version>/<path:filename>", "static", _send)
    app.url_defaults(_add_version)
    app.after_request(_compress_page)


def accepts_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0


@cache
def version() -> str:
    """A digest of all static files."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        values.setdefault("version", version())


def _send(filename: str, version: str = "") -> Response:
    path = safe_join(str(FOLDER), filename)
    packed = _packed(path) if path and filename.endswith(TEXT) and accepts_gzip() else b""
    if packed:
        response = Response(packed, mimetype=mimetypes.guess_type(filename)[0])
        response.headers["Content-Encoding"] = "gzip"
        response.add_etag()
        response.make_conditional(request)
    else:
        response = send_from_directory(FOLDER, filename)
    response.vary.add("Accept-Encoding")
    _keep(response, version)
    return response


def _keep(response: Response, asked: str) -> None:
    if asked == version():
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = YEAR
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True


@cache
def _packed(path: str) -> bytes:
    """The file compressed; empty for a small one and for one that does not exist."""
    content = Path(path).read_bytes() if Path(path).is_file() else b""
    return gzip.compress(content, 9, mtime=0) if len(content) >= SMALLEST else b""


def _compress_page(response: Response) -> Response:
    """Whole pages only: a stream is sent as it comes."""
    if response.mimetype != "text/html" or response.is_streamed or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    if accepts_gzip() and len(response.get_data()) >= SMALLEST and "Content-Encoding" not in response.headers:
        response.set_data(gzip.compress(response.get_data(), 5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
