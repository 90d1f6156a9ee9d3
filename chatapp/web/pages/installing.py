"""What lets browsers install the chat as an app. None of them needs a service worker for that."""

from __future__ import annotations

from flask import Response, jsonify, url_for

from chatapp import config
from chatapp.web.pages import bp

ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-mask.png", "512x512", "maskable"),
)


@bp.get("/manifest.webmanifest")
def manifest() -> Response:
    """The same for everybody: browsers ask for it without cookies."""
    name = config.current().site_name
    response = jsonify(
        id="/chat/",
        name=name,
        short_name=name[:30],
        start_url="/chat/",
        scope="/",
        display="standalone",
        background_color="#0f6e66",
        theme_color="#0f6e66",
        icons=[
            {"src": url_for("static", filename=f"img/{file}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for file, sizes, purpose in ICONS
        ],
        shortcuts=[{"name": "New chat", "url": "/chat/"}],
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
