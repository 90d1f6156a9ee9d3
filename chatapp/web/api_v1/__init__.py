"""The camelCase turns API: threads, messages, turns over server-sent events (turns-api)."""

from __future__ import annotations

from flask import Blueprint, Flask

from chatapp.web.api_v1 import auth, errors

bp = Blueprint("api_v1", __name__, url_prefix="/api/v1")
bp.before_request(auth.check)
errors.handle(bp)


def init_app(app: Flask) -> None:
    from chatapp.web.api_v1 import (
        access_tokens,
        agents,
        approvals,
        artifacts,
        attachments,
        automations,
        feedback,
        messages,
        streams,
        threads,
        turns,
    )

    _ = access_tokens, agents, approvals, artifacts, attachments, automations, feedback, messages
    _ = streams, threads, turns
    app.before_request(errors.answer_routing_error)
    app.register_blueprint(bp)
