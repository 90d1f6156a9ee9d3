"""Pages of one's own automations: what they do, running them, what came out."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("automations", __name__)


def init_app(app: Flask) -> None:
    from chatapp.web.automations import catalogue, runs

    _ = catalogue, runs
    app.register_blueprint(bp)
