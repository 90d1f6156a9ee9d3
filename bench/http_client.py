"""A cheap HTTP/1.1 client for load: a connection a request, and every piece of a body with the time it arrived."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE = 65_536


class BadAnswer(Exception):
    """The server answered, but not with what was asked for."""


class Frames:
    """Cuts a body into frames at a separator; what follows the last one waits for more."""

    def __init__(self, separator: bytes) -> None:
        self._separator = separator
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *frames, self._rest = (self._rest + data).split(self._separator)
        return frames


class Chunks:
    """Takes the chunks of a body out of their framing."""

    def __init__(self) -> None:
        self._buffer = b""
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        self._buffer += data
        found = []
        while not self.ended and (line_end := self._buffer.find(b"\r\n")) >= 0:
            size = int(self._buffer[:line_end], 16)
            begin, end = line_end + 2, line_end + 2 + size
            if len(self._buffer) < end + 2:
                break
            found.append(self._buffer[begin:end])
            self._buffer = self._buffer[end + 2 :]
            self.ended = size == 0
        return b"".join(found)


@dataclass
class Response:
    status: int
    headers: Mapping[str, str]  # names in lower case
    received: int  # bytes so far, the head included
    _reader: asyncio.StreamReader = field(repr=False)

    async def pieces(self) -> AsyncIterator[tuple[float, bytes]]:
        """When it arrived, and what. Raises BadAnswer when the connection ends before the body."""
        if self.headers.get("transfer-encoding") == "chunked":
            chunks = Chunks()
            while not chunks.ended:
                at, data = await self._read(PIECE)
                yield at, chunks.feed(data)
            return
        left = int(self.headers.get("content-length", 0))
        while left:
            at, data = await self._read(min(left, PIECE))
            left -= len(data)
            yield at, data

    async def text(self) -> str:
        return b"".join([data async for _, data in self.pieces()]).decode()

    async def _read(self, most: int) -> tuple[float, bytes]:
        data = await self._reader.read(most)
        if not data:
            raise BadAnswer("the connection was closed before the end of the answer")
        self.received += len(data)
        return time.time(), data


@contextlib.asynccontextmanager
async def request(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> AsyncIterator[Response]:
    """Send one request over a connection of its own; the body of the response is read inside the block."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        lines = {"Host": parts.netloc, "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
        head = "\r\n".join([f"{method} {target} HTTP/1.1", *map(": ".join, lines.items()), "", ""])
        writer.write(head.encode("latin-1") + body)
        yield await _response(reader)
    finally:
        writer.close()


async def _response(reader: asyncio.StreamReader) -> Response:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise BadAnswer("the connection was closed without an answer") from error
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Response(int(first.split(" ", 2)[1]), headers, len(head), reader)
