"""The pages of those who run the site, under /admin/. A page is a view with `staff_only` and an entry of `SECTIONS`."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, url_for
from flask.typing import ResponseReturnValue

from chatapp.web.admin.access import staff_only

bp = Blueprint("admin", __name__, url_prefix="/admin")

# What the navigation shows: endpoint and label. The current one is found by the beginning of the address.
SECTIONS = (("admin.mcp_servers", "MCP servers"),)


@bp.get("/")
@staff_only
def overview() -> ResponseReturnValue:
    return redirect(url_for(SECTIONS[0][0]))


@bp.context_processor
def _navigation() -> dict[str, object]:
    return {"sections": [(url_for(endpoint), label) for endpoint, label in SECTIONS]}


def init_app(app: Flask) -> None:
    from chatapp.web.admin import mcp

    _ = mcp
    app.register_blueprint(bp)
