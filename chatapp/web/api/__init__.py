"""The snake_case chat API: the dialect of generated Waldur clients."""

from __future__ import annotations

from flask import Flask

from chatapp.web.api import auth, errors
from chatapp.web.api.routing import AnyUuid, Routes

bp = Routes("api", __name__, url_prefix="/api")
bp.before_request(auth.identify)
errors.handle(bp)


def init_app(app: Flask) -> None:
    from chatapp.web.api import messages, sessions, stream, threads

    _ = messages, sessions, stream, threads
    app.url_map.converters["any_uuid"] = AnyUuid
    app.before_request(errors.answer_routing_error)
    app.register_blueprint(bp)
