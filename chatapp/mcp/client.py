"""A client of the Model Context Protocol for one conversation with one server: its tools, and calls of them.

It speaks the revisions with a handshake (up to 2025-11-25) and the one where each request carries all that it needs
(2026-07-28). It offers servers nothing: no sampling, no roots, no questions to people.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Self

from chatapp.mcp import Refusal, ServerTrouble
from chatapp.mcp.wire import GARBAGE, Wire
from chatapp.values import Json

STATELESS = "2026-07-28"
OFFERED = "2025-11-25"
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", OFFERED)
INFO = {"name": "chatapp", "version": "1"}
META = "io.modelcontextprotocol/"
MOST_PAGES, MOST_TOOLS = 20, 200
PLAIN = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
ENCODED = re.compile(r"=\?base64\?.*\?=")


class Client:
    """Use it as a context manager: it connects on entering, and all it does ends within `seconds`.

    `protocol` is the revision that the server spoke before; empty: it is found out. Every method raises ServerTrouble.
    """

    def __init__(self, url: str, token: str, seconds: float, protocol: str = "") -> None:
        self.protocol = protocol
        self._wire = Wire(url, token, seconds)
        self._number = 0

    def __enter__(self) -> Self:
        try:
            if not self.protocol:
                self._discover()
            elif self.protocol != STATELESS:
                self._shake_hands()
        except BaseException:
            self._wire.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._wire.session_id:
            with suppress(ServerTrouble):
                self._wire.end_session(self._headers("", {}))
        self._wire.close()

    def tools(self) -> list[Any]:
        """What the server lists, as it says it, over all pages."""
        found: list[Any] = []
        params: Json = {}
        for _ in range(MOST_PAGES):
            page = self._request("tools/list", params)
            if not isinstance(listed := page.get("tools"), list):
                raise ServerTrouble(GARBAGE)
            found += listed
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or not cursor or params.get("cursor") == cursor:
                break
            params = {"cursor": cursor}
        return found[:MOST_TOOLS]

    def call(self, name: str, arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> Json:
        """The result of a tool, as the server says it. `parameters` is the tool's schema."""
        mirrored = dict(_mirrored(parameters, arguments)) if self.protocol == STATELESS else {}
        return self._request("tools/call", {"name": name, "arguments": dict(arguments)}, mirrored)

    def _discover(self) -> None:
        """The newest revision first: a server that does not know it says so, in one way or another."""
        self.protocol = STATELESS
        try:
            versions = self._request("server/discover", {}).get("supportedVersions")
        except Refusal:
            versions = None
        if not isinstance(versions, list) or STATELESS not in versions:
            self.protocol = ""
            self._shake_hands()

    def _shake_hands(self) -> None:
        self.protocol = ""
        wish = {"protocolVersion": OFFERED, "capabilities": {}, "clientInfo": INFO}
        version = self._request("initialize", wish).get("protocolVersion")
        if version not in HANDSHAKES:
            raise ServerTrouble("It speaks no revision of the protocol that is known here.")
        self.protocol = str(version)
        self._wire.notify({"jsonrpc": "2.0", "method": "notifications/initialized"}, self._headers("", {}))

    def _request(self, method: str, params: Json, headers: Mapping[str, str] | None = None) -> Json:
        self._number += 1
        if self.protocol == STATELESS:
            meta = {"protocolVersion": STATELESS, "clientInfo": INFO, "clientCapabilities": {}}
            params = params | {"_meta": {META + name: value for name, value in meta.items()}}
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        return self._wire.request(message, self._headers(method, params) | dict(headers or {}))

    def _headers(self, method: str, params: Json) -> dict[str, str]:
        headers = {"MCP-Protocol-Version": self.protocol} if self.protocol else {}
        if self.protocol == STATELESS:
            headers["Mcp-Method"] = method
            if "name" in params:
                headers["Mcp-Name"] = _header_value(params["name"])
        return headers


def _mirrored(schema: Any, arguments: Any) -> Iterator[tuple[str, str]]:
    """The headers of the arguments that the schema wants to see in headers too (2026-07-28, custom headers)."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(arguments, Mapping):
        return
    for name, part in properties.items():
        value = arguments.get(name)
        wanted = part.get("x-mcp-header") if isinstance(part, Mapping) else None
        if isinstance(wanted, str) and re.fullmatch(r"[\w-]+", wanted, re.ASCII) and isinstance(value, str | int):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            yield f"Mcp-Param-{wanted}", _header_value(text)
        yield from _mirrored(part, value)


def _header_value(text: str) -> str:
    """As it is, or wrapped where it would not survive in a header."""
    if (PLAIN.fullmatch(text) or not text) and not ENCODED.fullmatch(text):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode('ascii')}?="
