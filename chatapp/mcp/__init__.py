"""Tools of other programs, over the Model Context Protocol (docs/mcp.md, docs/adr/0015-mcp-client.md).

`client` speaks the protocol, `catalogue` decides what of a server's list can be offered, `checking` keeps the lists up
to date, `servers` holds what administrators decide, `offering` is what turns use: it never asks for a list.
"""

from __future__ import annotations

from chatapp.errors import ChatError

UNREADABLE_TOKEN = "Its token cannot be read, because SECRET_KEY has changed. Enter it again."  # noqa: S105 - no secret


class ServerTrouble(ChatError):
    """A server cannot be used now. `str(error)` is fit for models and people, without a word of the server's."""


class Refusal(ServerTrouble):
    """The server answered that it does not do this. `code` is JSON-RPC's, or 0; `said` are the server's own words."""

    def __init__(self, text: str, code: int = 0, said: str = "") -> None:
        super().__init__(text)
        self.code, self.said = code, said
