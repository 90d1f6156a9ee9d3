"""Asks servers for their tools, by hand and every ten minutes, and stores what they say in one transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import exists, select

from chatapp.core import allowlist, audit, quotas, sealing
from chatapp.db import now, rest, session, transaction
from chatapp.errors import NotFound
from chatapp.mcp import UNREADABLE_TOKEN, ServerTrouble, catalogue
from chatapp.mcp.catalogue import Entry
from chatapp.models import McpServer, McpTool, User
from chatapp.tools import built_in
from chatapp.values import Audience

logger = structlog.get_logger(__name__)

EVERY = 10  # minutes
SECONDS = 10.0  # for one server
GONE = "The server does not list it any more."
BROKEN = "It could not be checked: see the log of this site."


def run_if_due(moment: datetime | None = None) -> bool:
    """Check every server that is on, unless another process does so in these ten minutes; whether it was done."""
    moment = moment or now()
    if not session.scalar(select(exists().where(McpServer.enabled))):
        return False
    if not quotas.claim("mcp_check", moment.replace(minute=moment.minute // EVERY * EVERY, second=0, microsecond=0)):
        return False
    for server_id in session.scalars(select(McpServer.id).where(McpServer.enabled)).all():
        try:
            check(server_id)
        except NotFound:
            continue  # removed in the meantime
    return True


def check(server_id: UUID, actor: User | None = None) -> McpServer:
    """Ask for the tools now and keep what comes, or why nothing does. Raises NotFound.

    `actor` is who wants to know, which is written down with what is kept; None: nobody, it was time to ask.
    """
    server = session.get(McpServer, server_id, populate_existing=True)
    if server is None:
        raise NotFound("server")
    asked = (server.url, server.token, server.prefix)
    allowlist.keep_fresh()
    rest()
    protocol, trouble = "", ""
    entries: list[Entry] = []
    try:
        protocol, entries = _ask(*asked)
    except sealing.SealBroken:
        trouble = UNREADABLE_TOKEN
    except ServerTrouble as error:
        trouble = str(error)
    except Exception:
        logger.exception("mcp.check_failed", server=str(server_id))
        trouble = BROKEN
    with transaction():
        server = _keep(server_id, asked, protocol, entries, trouble)
        if actor:
            works, tools = not server.last_error, len(server.tools)
            audit.record("mcp_server_checked", actor, object_id=server_id, works=works, tools=tools)
    return server


def _ask(url: str, token: str, prefix: str) -> tuple[str, list[Entry]]:
    from chatapp.mcp.client import Client  # its HTTP client is nothing for whoever has no such servers

    with Client(url, sealing.unseal(token) if token else "", SECONDS) as client:
        listed = client.tools()
    return client.protocol, catalogue.read(prefix, listed, {tool.name for tool in built_in()})


def _keep(server_id: UUID, asked: tuple[str, str, str], protocol: str, entries: list[Entry], trouble: str) -> McpServer:
    """Within the caller's transaction."""
    server = session.get(McpServer, server_id, with_for_update=True, populate_existing=True)
    if server is None:
        raise NotFound("server")
    if (server.url, server.token, server.prefix) != asked:
        return server  # what came is of another address
    server.checked_at, server.last_error = now(), trouble
    if not trouble:
        server.protocol = protocol
        _update(server, entries)
    return server


def _update(server: McpServer, entries: list[Entry]) -> None:
    """What an administrator has decided about a tool stays, also when the tool comes back after it had gone."""
    known = {tool.name: tool for tool in server.tools}
    for entry in entries:
        tool = known.pop(entry.name, None)
        if tool is None:
            tool = McpTool(server_id=server.id, name=entry.name, audience=Audience.STAFF)
            server.tools.append(tool)
        elif (tool.description, tool.parameters, tool.reads_only) != (
            entry.description,
            entry.parameters,
            entry.reads_only,
        ):
            tool.changed_at = server.checked_at
        tool.alias, tool.description, tool.parameters = entry.alias, entry.description, entry.parameters
        tool.reads_only, tool.refusal = entry.reads_only, entry.refusal
    for tool in known.values():
        if tool.audience == Audience.STAFF:
            server.tools.remove(tool)
        else:
            tool.refusal = GONE
