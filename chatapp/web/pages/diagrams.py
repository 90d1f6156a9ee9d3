"""The page in which one diagram is drawn.

It is shown in a frame without an origin: what runs there can reach neither the page around it nor any server. Diagrams
come in by `postMessage` (static/js/diagram.js), so there is nothing of anybody's in it and nobody needs to sign in.
"""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from chatapp.web.pages import bp


@bp.get("/diagram/")
def diagram() -> Response:
    response = make_response(render_template("pages/diagram.html"))
    response.headers["Content-Security-Policy"] = "; ".join(
        (
            "default-src 'none'",
            # By name: a document without an origin is nobody's 'self'.
            f"script-src {request.host_url}static/",
            f"style-src {request.host_url}static/ 'unsafe-inline'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            "sandbox allow-scripts",
        )
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
