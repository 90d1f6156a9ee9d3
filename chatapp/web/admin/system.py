"""How the installation is, and its settings: nothing on the page opens anything."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp import config
from chatapp.core import configuration, system
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only


@bp.get("/system/")
@staff_only
def system_page() -> ResponseReturnValue:
    return _page()


@bp.post("/system/reach/")
@staff_only
def reach_services() -> ResponseReturnValue:
    """Services are asked when somebody wants to know, not with every look at the page."""
    reached = system.reach()
    if htmx_request.htmx:
        return render_template("admin/_system_reach.html", reached=reached)
    return _page(reached)


def _page(reached: object = None) -> str:
    return render_template(
        "admin/system.html",
        program=system.program(),
        database=system.database(),
        provider=config.current().provider_in_force,
        relay=system.relay(),
        has_redis=bool(config.current().redis_url),
        workers=system.working(),
        queues=system.queues(),
        disk=system.disk(),
        settings=configuration.shown(),
        reached=reached,
    )
