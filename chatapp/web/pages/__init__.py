"""The pages that people chat in, and the fragments that htmx asks for."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("pages", __name__)


def init_app(app: Flask) -> None:
    from chatapp.web.pages import (
        accounts,
        chat,
        diagrams,
        disclosure,
        embedding,
        errors,
        exchanges,
        feedback,
        history,
        live,
        presenting,
    )

    _ = accounts, chat, diagrams, disclosure, embedding, exchanges, feedback, history, live
    errors.init_app(app)
    presenting.init_app(app)
    app.register_blueprint(bp)
