"""MCP servers: which there are, whether they work, who may use which of their tools.

Every form leads back to the page of its server; one that was refused is shown again with the reason. A token is taken
and never given back.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp.errors import Invalid
from chatapp.mcp import checking, servers
from chatapp.mcp.servers import Wish
from chatapp.models import McpServer
from chatapp.values import Audience
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.auth import signed_in_user

GROUPS = {
    Audience.EVERYBODY: "Everybody",
    Audience.SUPPORT: "Support and staff",
    Audience.STAFF: "Staff",
    Audience.NOBODY: "Nobody",
}


@bp.get("/mcp/")
@staff_only
def mcp_servers() -> ResponseReturnValue:
    return render_template("admin/mcp.html", servers=servers.every())


@bp.get("/mcp/add/")
@staff_only
def new_mcp_server() -> ResponseReturnValue:
    return _adding()


@bp.post("/mcp/add/")
@staff_only
def add_mcp_server() -> ResponseReturnValue:
    try:
        server = servers.add(signed_in_user(), _wish())
    except Invalid as error:
        return _adding({error.field: str(error)}), 400
    checking.check(server.id, signed_in_user())
    return _done("The server is added.", server.id)


@bp.get("/mcp/<uuid:server_id>/")
@staff_only
def mcp_server(server_id: UUID) -> ResponseReturnValue:
    return _page(servers.get(server_id))


@bp.post("/mcp/<uuid:server_id>/")
@staff_only
def change_mcp_server(server_id: UUID) -> ResponseReturnValue:
    try:
        servers.change(signed_in_user(), server_id, _wish())
    except Invalid as error:
        return _page(servers.get(server_id), {error.field: str(error)}), 400
    checking.check(server_id, signed_in_user())
    return _done("The server is saved.", server_id)


@bp.post("/mcp/<uuid:server_id>/check/")
@staff_only
def check_mcp_server(server_id: UUID) -> ResponseReturnValue:
    """Its state and tools, or the way back to them."""
    checking.check(server_id, signed_in_user())
    if htmx_request.htmx:
        return render_template("admin/_mcp_state.html", server=servers.get(server_id), groups=GROUPS)
    return _done("The server was asked.", server_id)


@bp.post("/mcp/<uuid:server_id>/switch/")
@staff_only
def switch_mcp_server(server_id: UUID) -> ResponseReturnValue:
    enabled = _field("enabled") == "yes"
    servers.switch(signed_in_user(), server_id, enabled)
    return _done("Its tools are offered." if enabled else "Its tools are not offered any more.", server_id)


@bp.post("/mcp/<uuid:server_id>/tools/")
@staff_only
def set_mcp_tools(server_id: UUID) -> ResponseReturnValue:
    """One audience for all tools where one is chosen, else that of each."""
    everything = _field("all")
    tools = servers.get(server_id).tools
    chosen = {tool.id: everything or request.form.get(f"tool-{tool.id}", tool.audience) for tool in tools}
    servers.set_audiences(signed_in_user(), server_id, chosen)
    return _done("That is who may use the tools now.", server_id, "tools")


@bp.post("/mcp/<uuid:server_id>/remove/")
@staff_only
def remove_mcp_server(server_id: UUID) -> ResponseReturnValue:
    servers.remove(signed_in_user(), server_id)
    flash("The server is removed.")
    return redirect(url_for("admin.mcp_servers"), 303)


def _wish() -> Wish:
    token = _field("token") or ("" if _field("forget_token") else None)
    return Wish(
        name=_field("name"),
        prefix=_field("prefix"),
        url=_field("url"),
        token=token,
        requires_approval=_field("requires_approval") == "yes",
        trusts_hints=_field("trusts_hints") == "yes",
        audience=_field("audience"),
    )


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\x00", "")


def _adding(errors: dict[str | None, str] | None = None) -> str:
    return render_template("admin/mcp_add.html", **_form(errors), server=None)


def _page(server: McpServer, errors: dict[str | None, str] | None = None) -> str:
    return render_template("admin/mcp_server.html", **_form(errors), server=server)


def _form(errors: dict[str | None, str] | None) -> dict[str, Any]:
    audiences = {audience: GROUPS[audience] for audience in servers.SERVER_AUDIENCES}
    return {"errors": errors or {}, "form": request.form if errors else None, "audiences": audiences, "groups": GROUPS}


def _done(text: str, server_id: UUID, part: str | None = None) -> ResponseReturnValue:
    flash(text)
    return redirect(url_for("admin.mcp_server", server_id=server_id, _anchor=part), 303)
