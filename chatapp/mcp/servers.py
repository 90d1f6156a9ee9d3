"""What administrators decide about MCP servers: which there are, who may use which tools. Every change is audited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from chatapp.core import audit, sealing
from chatapp.db import new_id, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import McpServer, User
from chatapp.tools import built_in
from chatapp.values import Audience

NAME_LENGTH, URL_LENGTH, TOKEN_LENGTH = 100, 2_000, 4_000
PREFIX = re.compile(r"[a-z0-9_]{1,20}")
TOKEN = re.compile(r"[\x21-\x7e]*")
SERVER_AUDIENCES = (Audience.EVERYBODY, Audience.SUPPORT, Audience.STAFF)
MOST_SERVERS = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """A server as an administrator wants it. `token` None: as it was."""

    name: str
    prefix: str
    url: str
    token: str | None = None
    requires_approval: bool = True
    trusts_hints: bool = False
    audience: str = Audience.EVERYBODY


def every() -> Sequence[McpServer]:
    """All of them with their tools, by name."""
    query = select(McpServer).options(selectinload(McpServer.tools)).order_by(McpServer.name, McpServer.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def get(server_id: UUID) -> McpServer:
    """Raises NotFound."""
    return _found(session.get(McpServer, server_id, populate_existing=True))


def add(user: User, wish: Wish) -> McpServer:
    """Raises Invalid with the field's name."""
    wish = _checked(wish)
    _check_prefix(wish.prefix)
    server = McpServer(
        id=new_id(),
        name=wish.name,
        prefix=wish.prefix,
        url=wish.url,
        token=sealing.seal(wish.token) if wish.token else "",
        requires_approval=wish.requires_approval,
        trusts_hints=wish.trusts_hints,
        audience=wish.audience,
    )
    try:
        with transaction():
            session.add(server)
            session.flush()
            _audit("mcp_server_added", user, server.id, prefix=server.prefix)
    except IntegrityError:
        raise Invalid("Another server has this prefix.", "prefix") from None
    return server


def change(user: User, server_id: UUID, wish: Wish) -> McpServer:
    """The prefix stays: earlier conversations name tools by it. Raises NotFound, Invalid with the field's name."""
    wish = _checked(wish)
    with transaction():
        server = _lock(server_id)
        if wish.token is None and server.token and _origin(wish.url) != _origin(server.url):
            raise Invalid("Enter the token again: the stored one is for another address.", "token")
        values = {
            name: getattr(wish, name) for name in ("name", "url", "requires_approval", "trusts_hints", "audience")
        }
        if wish.token is not None:
            values["token"] = sealing.seal(wish.token) if wish.token else ""
        changed = [name for name, value in values.items() if getattr(server, name) != value]
        for name in changed:
            setattr(server, name, values[name])
        if changed:
            _audit("mcp_server_changed", user, server.id, fields=changed)
    return server


def switch(user: User, server_id: UUID, enabled: bool) -> McpServer:
    """Offer the tools of the server, or none of them. Raises NotFound."""
    with transaction():
        server = _lock(server_id)
        if server.enabled != enabled:
            server.enabled = enabled
            _audit("mcp_server_enabled" if enabled else "mcp_server_disabled", user, server.id)
    return server


def set_audiences(user: User, server_id: UUID, audiences: Mapping[UUID, str]) -> McpServer:
    """Who may use which tools; others stay as they are. Raises NotFound, Invalid."""
    if not set(audiences.values()) <= set(Audience):
        raise Invalid("Choose one of the groups.", "audience")
    with transaction():
        server = _lock(server_id)
        switched = {}
        for tool in server.tools:
            wanted = audiences.get(tool.id, tool.audience)
            if tool.audience != wanted:
                tool.audience = switched[tool.alias] = str(wanted)
        if switched:
            _audit("mcp_tools_switched", user, server.id, tools=switched)
    return server


def remove(user: User, server_id: UUID) -> None:
    """With its tools and its token. Raises NotFound."""
    with transaction():
        server = _lock(server_id)
        _audit("mcp_server_removed", user, server.id, prefix=server.prefix)
        session.delete(server)


def _checked(wish: Wish) -> Wish:
    name, url = " ".join(wish.name.split()), wish.url.strip()
    token = wish.token.strip() if wish.token is not None else None
    if not 0 < len(name) <= NAME_LENGTH:
        raise Invalid(f"A name has 1 to {NAME_LENGTH} characters.", "name")
    if problem := _problem_of(url):
        raise Invalid(problem, "url")
    if token and (len(token) > TOKEN_LENGTH or not TOKEN.fullmatch(token)):
        raise Invalid("A token has no spaces and only letters, digits and signs.", "token")
    if wish.audience not in SERVER_AUDIENCES:
        raise Invalid("Choose one of the groups.", "audience")
    return Wish(name, wish.prefix, url, token, wish.requires_approval, wish.trusts_hints, str(wish.audience))


def _problem_of(url: str) -> str:
    import httpx2

    try:
        parts = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError):
        return "This is no address."
    if len(url) > URL_LENGTH or parts.scheme not in ("http", "https") or not parts.host:
        return "An address begins with https:// or http:// and names a host."
    if parts.userinfo or parts.fragment:
        return "The address must hold neither a name, a password nor a #. A token has its own field."
    return ""


def _check_prefix(prefix: str) -> None:
    """No tool of one server can have the name of another's, nor that of one that comes with the program."""
    if not PREFIX.fullmatch(prefix):
        raise Invalid("A prefix has 1 to 20 small letters, digits and _.", "prefix")
    if any(tool.name.startswith(f"{prefix}_") for tool in built_in()):
        raise Invalid("Tools of this site begin with this prefix.", "prefix")
    others = session.scalars(select(McpServer.prefix)).all()
    if prefix in others:
        raise Invalid("Another server has this prefix.", "prefix")
    if any(f"{prefix}_".startswith(f"{other}_") or f"{other}_".startswith(f"{prefix}_") for other in others):
        raise Invalid("With this prefix, tools could have the names of another server's.", "prefix")
    if len(others) >= MOST_SERVERS:
        raise Invalid(f"There are {MOST_SERVERS} servers already.", "prefix")


def _origin(url: str) -> tuple[str, str, int | None]:
    import httpx2

    parts = httpx2.URL(url)
    return parts.scheme, parts.host, parts.port


def _lock(server_id: UUID) -> McpServer:
    return _found(session.get(McpServer, server_id, with_for_update=True, populate_existing=True))


def _found(server: McpServer | None) -> McpServer:
    if server is None:
        raise NotFound("server")
    return server


def _audit(event: str, user: User, server_id: UUID, **details: Any) -> None:
    audit.record(event, user, object_id=server_id, **details)
