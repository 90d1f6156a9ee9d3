"""JSON-RPC messages over streamable HTTP: one POST a message, answered by JSON or by a stream of events.

Nothing that a server sends is trusted: size, depth and time are bounded, redirects are not followed, and the token is
taken out of whatever comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2
import orjson

from chatapp import config
from chatapp.mcp import Refusal, ServerTrouble
from chatapp.outgoing import AddressRefused, Allowed, Network
from chatapp.values import Json

MOST_BYTES = 1024 * 1024
DEEPEST = 40
SHORTEST_SECRET = 4  # a shorter token would tear ordinary words apart
JSON, EVENTS = "application/json", "text/event-stream"
UNREACHABLE = "It cannot be reached."
SLOW = "It took too long to answer."
STATUS = "It answers with HTTP status {}."
GARBAGE = "Its answer cannot be understood."


class Wire:
    """POSTs to one address, all of them within `seconds`. Close it."""

    def __init__(self, url: str, token: str, seconds: float) -> None:
        self._url, self._token = httpx2.URL(url), token
        self._pool = httpcore2.ConnectionPool(
            httpx2.create_ssl_context() if self._url.scheme == "https" else None,
            max_connections=1,
            network_backend=Network(Allowed.of(config.current().mcp_allowed), seconds),
        )
        self.session_id = ""

    def close(self) -> None:
        self._pool.close()

    def request(self, message: Json, headers: Mapping[str, str]) -> Json:
        """The result of a request. Raises Refusal, ServerTrouble."""
        with self._sent("POST", orjson.dumps(message), headers) as response:
            _check_status(response.status)
            answer = _answer(response, message["id"])
            self.session_id = _header(response, b"mcp-session-id") or self.session_id
        if answer is None:
            raise Refusal(STATUS.format(response.status)) if response.status >= 400 else ServerTrouble(GARBAGE)
        if isinstance(error := answer.get("error"), dict):
            raise _refusal(_clean(error, self._token))
        if not isinstance(result := answer.get("result"), dict):
            raise ServerTrouble(GARBAGE)
        return dict(_clean(result, self._token))

    def notify(self, message: Json, headers: Mapping[str, str]) -> None:
        """Raises Refusal, ServerTrouble."""
        with self._sent("POST", orjson.dumps(message), headers) as response:
            _check_status(response.status)
            if response.status >= 400:
                raise Refusal(STATUS.format(response.status))

    def end_session(self, headers: Mapping[str, str]) -> None:
        """Raises ServerTrouble."""
        with self._sent("DELETE", None, headers):
            pass

    @contextmanager
    def _sent(self, method: str, body: bytes | None, headers: Mapping[str, str]) -> Iterator[httpcore2.Response]:
        with _troubles():
            sent = {"Host": self._url.netloc.decode("ascii"), "Accept": f"{JSON}, {EVENTS}", "User-Agent": "chatapp"}
            if body is not None:
                sent |= {"Content-Type": JSON, "Content-Length": str(len(body))}
            if self._token:
                sent["Authorization"] = f"Bearer {self._token}"
            if self.session_id:
                sent["Mcp-Session-Id"] = self.session_id
            with self._pool.stream(
                method, str(self._url), headers=[*(sent | dict(headers)).items()], content=body
            ) as response:
                yield response


def _check_status(status: int) -> None:
    """Raises ServerTrouble for what needs no look at the body."""
    if status in (401, 403):
        raise ServerTrouble("It does not accept the token." if status == 401 else "It does not allow this.")
    if 300 <= status < 400:
        raise ServerTrouble("It answers with a redirect, which is not followed. Enter the address it leads to.")


def _answer(response: httpcore2.Response, number: int) -> Json | None:
    """The message that answers request `number`; None when there is none in an answer that is no success anyway."""
    kind = (_header(response, b"content-type") or "").partition(";")[0].strip().lower()
    if kind == EVENTS:
        found: Iterator[Json] = (
            message for event in _events(_lines(_bounded(response))) for message in _messages(event)
        )
    elif kind == JSON:
        found = iter(_messages(b"".join(_bounded(response)), strict=response.status < 400))
    else:
        return None
    for message in found:
        is_answer = "result" in message or "error" in message
        if is_answer and (message.get("id") == number or (message.get("id") is None and response.status >= 400)):
            return message
    return None


def _messages(text: bytes, *, strict: bool = True) -> list[Json]:
    """One message, or several that came together (protocol 2025-03-26)."""
    try:
        content = orjson.loads(text)
    except ValueError:
        if strict:
            raise ServerTrouble(GARBAGE) from None
        return []
    return [entry for entry in (content if isinstance(content, list) else [content]) if isinstance(entry, dict)]


def _bounded(response: httpcore2.Response) -> Iterator[bytes]:
    received = 0
    for piece in response.iter_stream():
        received += len(piece)
        if received > MOST_BYTES:
            raise ServerTrouble("Its answer is too large.")
        yield piece


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = bytearray()
    for piece in pieces:
        rest += piece
        if b"\n" in piece or b"\r" in piece:
            *lines, last = bytes(rest).splitlines(keepends=True)
            if last.endswith(b"\n"):
                lines, last = [*lines, last], b""
            rest = bytearray(last)
            yield from (line.rstrip(b"\r\n") for line in lines)
    yield from bytes(rest).splitlines()


def _events(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each event that is a message."""
    data: list[bytes] = []
    kind = b"message"
    for line in lines:
        name, _, value = line.partition(b":")
        if not line:
            if data and kind == b"message" and (text := b"\n".join(data).strip()):
                yield text
            data, kind = [], b"message"
        elif name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            kind = value.strip()


def _header(response: httpcore2.Response, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in response.headers if name.lower() == wanted), None)


def _refusal(error: Json) -> Refusal:
    code, said = error.get("code"), error.get("message")
    code = code if isinstance(code, int) else 0
    return Refusal(f"It refuses this (code {code}).", code, said if isinstance(said, str) else "")


def _clean(value: Any, secret: str, depth: int = 0) -> Any:
    """Without NUL, which no database stores, and without the token. Raises ServerTrouble when nested too deeply."""
    if depth > DEEPEST:
        raise ServerTrouble(GARBAGE)
    if isinstance(value, str):
        value = value.replace("\x00", "")
        return value.replace(secret, "[token]") if len(secret) >= SHORTEST_SECRET else value
    if isinstance(value, dict):
        return {_clean(key, secret): _clean(entry, secret, depth + 1) for key, entry in value.items()}
    if isinstance(value, list):
        return [_clean(entry, secret, depth + 1) for entry in value]
    return value


@contextmanager
def _troubles() -> Iterator[None]:
    """What goes wrong on the way, in plain words."""
    try:
        yield
    except AddressRefused:
        raise ServerTrouble("Its address is not public. MCP_ALLOWED_HOSTS can allow it.") from None
    except httpcore2.TimeoutException:
        raise ServerTrouble(SLOW) from None
    except (httpcore2.NetworkError, httpcore2.ProxyError, OSError):
        raise ServerTrouble(UNREACHABLE) from None
    except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol):
        raise ServerTrouble(GARBAGE) from None
