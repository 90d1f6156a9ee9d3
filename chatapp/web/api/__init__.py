"""The snake_case chat API: the dialect of generated Waldur clients."""

from __future__ import annotations

from flask import Flask

from chatapp.web.api import errors, gate
from chatapp.web.api.routing import AnyUuid, Routes

bp = Routes("api", __name__, url_prefix="/api")
bp.before_request(gate.check)
errors.handle(bp)


def init_app(app: Flask) -> None:
    from chatapp.web.api import messages, quota, sessions, stream, system_prompts, threads, tools

    _ = messages, quota, sessions, stream, system_prompts, threads, tools
    app.url_map.converters["any_uuid"] = AnyUuid
    app.before_request(errors.answer_routing_error)
    app.register_blueprint(bp)
