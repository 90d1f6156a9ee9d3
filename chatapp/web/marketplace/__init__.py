"""The marketplace's pages: what people have and can order, and what staff maintain."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("marketplace", __name__)


def init_app(app: Flask) -> None:
    from chatapp.web.marketplace import catalogue, files, formats, keys, manage, orders, projects, resources

    _ = catalogue, files, keys, manage, orders, projects, resources
    formats.init_app(app)
    app.register_blueprint(bp)
