"""The pages that people chat in, and the fragments that htmx asks for."""

from __future__ import annotations

from importlib import import_module

from flask import Blueprint, Flask

bp = Blueprint("pages", __name__)

VIEWS = [
    "account",
    "accounts",
    "approvals",
    "chat",
    "diagrams",
    "disclosure",
    "embedding",
    "exchanges",
    "exports",
    "feedback",
    "files",
    "history",
    "installing",
    "invited",
    "live",
    "readings",
    "replies",
    "sharing",
    "single_sign_on",
    "two_step",
]


def init_app(app: Flask) -> None:
    from chatapp.web.pages import errors, moments, presenting

    for name in VIEWS:
        import_module(f"{__name__}.{name}")
    errors.init_app(app)
    moments.init_app(app)
    presenting.init_app(app)
    app.register_blueprint(bp)
