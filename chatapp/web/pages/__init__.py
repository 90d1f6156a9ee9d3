"""The pages that people chat in, and the fragments that htmx asks for."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("pages", __name__)


def init_app(app: Flask) -> None:
    from chatapp.web.pages import (
        account,
        accounts,
        approvals,
        chat,
        diagrams,
        disclosure,
        embedding,
        errors,
        exchanges,
        exports,
        feedback,
        files,
        history,
        installing,
        invited,
        live,
        moments,
        presenting,
        readings,
        replies,
        sharing,
        single_sign_on,
        two_step,
    )

    _ = (
        account,
        accounts,
        chat,
        diagrams,
        disclosure,
        embedding,
        exchanges,
        exports,
        feedback,
        files,
        history,
        installing,
        live,
    )
    _ = approvals, invited, live, readings, replies, sharing, single_sign_on, two_step
    errors.init_app(app)
    moments.init_app(app)
    presenting.init_app(app)
    app.register_blueprint(bp)
