"""What holds for every request: headers, the cross-site check, the largest body."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, g, request

MAX_BODY = 1024 * 1024
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

NO_FRAMES = "frame-ancestors 'none'"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        NO_FRAMES,
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
UNKEPT = {**HEADERS, "Cache-Control": "no-store", "Vary": "HX-Request, Cookie"}


def init_app(app: Flask) -> None:
    app.config.from_mapping(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_NAME="chatapp_session",
    )
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)


def is_cross_site(incoming: Request) -> bool:
    """Whether another site makes the browser send this (turns-api 1.3).

    Sec-Fetch-Site cannot be set by scripts; Origin covers browsers that do not send it. Programs send neither.
    """
    if incoming.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    origin = incoming.headers.get("Origin")
    if origin is None:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return True
    return (parts.scheme, parts.netloc) != (incoming.scheme, incoming.host)


def allow_frames_of(origins: Sequence[str]) -> None:
    """Pages of this site and of these others may show what this request answers in a frame."""
    g.frame_ancestors = ["'self'", *origins]


def _refuse_other_sites() -> None:
    if request.path.startswith("/api/v1/"):
        return  # checks itself, once it knows who asks
    by_token = request.path.startswith("/api/") and not {"Authorization", "X-API-Key"}.isdisjoint(dict(request.headers))
    if request.method not in SAFE_METHODS and not by_token and is_cross_site(request):
        abort(403, "This request came from another site.")


def _add_headers(response: Response) -> Response:
    headers = response.headers
    if framing := g.get("frame_ancestors"):
        policy = CONTENT_SECURITY_POLICY.replace(NO_FRAMES, f"frame-ancestors {' '.join(framing)}")
        headers["Content-Security-Policy"] = policy
    given = {name.lower() for name in headers.keys()}  # noqa: SIM118 - iterating gives names and values
    if framing:
        given.add("x-frame-options")  # which knows of no other site
    wanted = HEADERS if request.endpoint == "static" else UNKEPT
    headers.extend([(name, value) for name, value in wanted.items() if name.lower() not in given])
    if wanted is UNKEPT and "vary" in given:
        response.vary.update(("HX-Request", "Cookie"))
    return response
