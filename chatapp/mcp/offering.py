"""The tools of MCP servers in turns: who is offered which, and calling them. No server is asked for its list here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from sqlalchemy import bindparam, select

from chatapp import config
from chatapp.core import sealing
from chatapp.db import rest, session
from chatapp.mcp import UNREADABLE_TOKEN, Refusal, ServerTrouble, answers
from chatapp.models import McpServer, McpTool, User
from chatapp.prepared import Prepared
from chatapp.tools import Call, Category, Tool
from chatapp.values import Audience, Json, ToolResult

OFFERED = (
    select(
        McpTool.server_id,
        McpTool.name,
        McpTool.alias,
        McpTool.description,
        McpTool.parameters,
        McpTool.reads_only,
        McpServer.name.label("server_name"),
        McpServer.requires_approval,
        McpServer.trusts_hints,
    )
    .join(McpServer, McpServer.id == McpTool.server_id)
    .where(
        McpServer.enabled,
        McpTool.refusal == "",
        McpTool.audience.in_(bindparam("audiences", expanding=True)),
        McpServer.audience.in_(bindparam("audiences", expanding=True)),
    )
    .order_by(McpServer.prefix, McpTool.name)
)
ANY = Prepared(select(McpServer.id).where(McpServer.enabled).limit(1))
PATIENCE = 0.95  # of a tool's time: what is wrong is told before the call is given up
SWITCHED_OFF = "This tool is switched off."


def offered(user: User) -> Iterator[Tool]:
    """What `tools.permitted` asks for the tools of this person."""
    if ANY.first() is None:
        return
    audiences = [str(audience) for audience in Audience.of(user.is_staff, user.is_support)]
    for row in session.connection().execute(OFFERED, {"audiences": audiences}):
        yield Tool(
            row.alias,
            f"[{row.server_name}] {row.description}",
            row.parameters,
            partial(call, row.server_id, row.name, row.parameters),
            category=Category.MCP,
            requires_approval=row.requires_approval,
            writes=not (row.reads_only and row.trusts_hints),
            deterministic=False,
        )


def call(server_id: UUID, name: str, parameters: Json, made: Call) -> ToolResult:
    """Make a call, and hold no connection to the database while it lasts. Whatever the server does, this returns."""
    from chatapp.mcp.client import Client  # its HTTP client is nothing for whoever has no such servers

    server = session.get(McpServer, server_id, populate_existing=True)
    if server is None or not server.enabled:
        return ToolResult.error(SWITCHED_OFF)
    rest()
    try:
        token = sealing.unseal(server.token) if server.token else ""
        with Client(server.url, token, config.current().tool_timeout * PATIENCE, server.protocol) as client:
            return answers.result_of(client.call(name, made.arguments, parameters))
    except sealing.SealBroken:
        return ToolResult.error(f"{server.name}: {UNREADABLE_TOKEN}")
    except Refusal as refusal:
        if refusal.code == answers.INVALID_PARAMS and refusal.said:
            return ToolResult.invalid(refusal.said[: answers.SHORT])
        return ToolResult.error(f"{server.name}: {refusal}")
    except ServerTrouble as trouble:
        return ToolResult.error(f"{server.name}: {trouble}")
