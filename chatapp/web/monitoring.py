"""For whoever watches over the server: /healthz, /readyz, /metrics."""

from __future__ import annotations

import hmac

from flask import Flask, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from chatapp import config, metrics
from chatapp.core import readiness
from chatapp.web.auth import is_local_visit

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def init_app(app: Flask) -> None:
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=exposition, endpoint="metrics")
    app.after_request(_count)


def healthz() -> Response:
    """The process is alive."""
    return Response("ok\n", mimetype="text/plain")


def readyz() -> ResponseReturnValue:
    """200 when questions can be asked here, else 503 and why not."""
    problems = readiness.problems()
    return jsonify({"ready": not problems, "problems": problems}), 503 if problems else 200


def exposition() -> Response:
    """For a visitor on the server's own machine, or one with METRICS_TOKEN as a bearer token."""
    if not _may_read():
        abort(404)
    return Response(metrics.exposition(), content_type=EXPOSITION)


def _may_read() -> bool:
    token = config.current().metrics_token
    if not token:
        return is_local_visit()
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())


def _count(response: Response) -> Response:
    metrics.requests.labels(request.endpoint or "none", str(response.status_code)).inc()
    return response
