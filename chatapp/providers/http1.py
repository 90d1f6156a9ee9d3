"""HTTP/1.1 as far as a client needs it (RFC 9112): requests and responses as bytes, and no sockets here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Fields = Sequence[tuple[bytes, bytes]]

LONGEST_HEAD = 128 * 1024
LONGEST_LINE = 8 * 1024  # of those between the chunks of a body
STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: .*)?")
FOLDED = re.compile(rb"\r\n[ \t]+")
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
WITHOUT_BODY = (204, 304)


class Malformed(Exception):
    """What came is not HTTP/1.1, or ended before it was complete."""


class Body(Protocol):
    """A body that arrives in portions. `complete` when its last byte was fed, `overrun` when more than that was."""

    complete: bool
    overrun: bool

    def feed(self, received: bytes) -> bytes:
        """What `received` has of the content. Raises Malformed."""
        ...

    def hung_up(self) -> None:
        """The connection has ended. Raises Malformed where that does not end the body."""
        ...


@dataclass(slots=True)
class Head:
    """A response without its body. `stays`: the other side means to take another request on the connection."""

    status: int
    fields: Fields
    body: Body
    stays: bool


def request(method: str, target: bytes, fields: Fields, content: bytes = b"") -> bytes:
    """Raises Malformed for a field that would end before its value does, or begin another one."""
    lines = [b"%s %s HTTP/1.1" % (method.encode("ascii"), target), *(b"%s: %s" % field for field in fields)]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
        raise Malformed("a line break in a header field")
    return head + b"\r\n\r\n" + content


def take_head(received: bytes) -> tuple[Head, bytes] | None:
    """The first response that `received` begins with, and the bytes after it; None when it is not all there.

    Interim responses are passed over (RFC 9110, 15.2). Raises Malformed.
    """
    while (end := received.find(b"\r\n\r\n")) >= 0:
        head, received = _head(received[:end]), received[end + 4 :]
        if head.status >= 200:
            return head, received
    if len(received) > LONGEST_HEAD:
        raise Malformed("a head without an end")
    return None


def _head(head: bytes) -> Head:
    first, *lines = FOLDED.sub(b" ", head).split(b"\r\n")
    status = STATUS.fullmatch(first)
    if not status:
        raise Malformed("no status line")
    fields, framing = [], {b"connection": b"", b"transfer-encoding": b"", b"content-length": b""}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not NAME.fullmatch(name):
            raise Malformed("no header field")
        fields.append((name, value.strip()))
        if (known := name.lower()) in framing:
            framing[known] = b",".join(filter(None, (framing[known], value.strip().lower())))
    code = int(status[2])
    body, framed = _body(code, framing[b"transfer-encoding"], framing[b"content-length"])
    stays = framed and status[1] == b"1" and b"close" not in framing[b"connection"]
    return Head(code, fields, body, stays)


def _body(status: int, coding: bytes, length: bytes) -> tuple[Body, bool]:
    """What the body is read with (RFC 9112, 6.3), and whether its end can be known for sure."""
    if status in WITHOUT_BODY or status < 200:
        return _Sized(0), True
    if coding:
        # Both of them at once are an attempt to smuggle something, or a mistake.
        return (Chunked(), not length) if coding == b"chunked" else (_Unsized(), False)
    if not length:
        return _Unsized(), False
    sizes = {size.strip() for size in length.split(b",")}
    if len(sizes) != 1 or not (size := sizes.pop()).isdigit():
        raise Malformed("a length that is no length")
    return _Sized(int(size)), True


class _Sized:
    def __init__(self, size: int) -> None:
        self._left = size
        self.complete, self.overrun = size == 0, False

    def feed(self, received: bytes) -> bytes:
        self.overrun = len(received) > self._left
        data = received[: self._left]
        self._left -= len(data)
        self.complete = self._left == 0
        return data

    def hung_up(self) -> None:
        raise Malformed("a body that is shorter than it said")


class _Unsized:
    """A body that ends with the connection."""

    def __init__(self) -> None:
        self.complete = self.overrun = False

    def feed(self, received: bytes) -> bytes:
        return received

    def hung_up(self) -> None:
        self.complete = True


class Chunked:
    """The chunked transfer coding (RFC 9112, 7.1). Trailer fields are passed over."""

    def __init__(self) -> None:
        self.complete = self.overrun = False
        self._rest = b""  # the beginning of a line between chunks
        self._left = 0  # bytes of the current chunk that are still to come, its line end included
        self._ending = False  # the last chunk was there, what follows is the trailer

    def feed(self, received: bytes) -> bytes:
        data: list[bytes] = []
        at = 0
        if self._rest:
            received, self._rest = self._rest + received, b""
        while at < len(received) and not self.complete:
            if not self._left:
                end = received.find(b"\r\n", at)
                if end < 0:
                    self._keep(received[at:])
                    return b"".join(data)
                self._line(received[at:end])
                at = end + 2
            end = at + self._left
            data.append(received[at : max(at, end - 2)])
            at = min(end, len(received))
            self._left = end - at
        self.overrun = at < len(received)
        return b"".join(data)

    def hung_up(self) -> None:
        raise Malformed("a body without its last chunk")

    def _keep(self, rest: bytes) -> None:
        if len(rest) > LONGEST_LINE:
            raise Malformed("a chunk without a size")
        self._rest = rest

    def _line(self, line: bytes) -> None:
        if self._ending:
            self.complete = not line
            return
        digits = line if line.isalnum() else line.partition(b";")[0].strip()
        try:
            size = int(digits, 16)
        except ValueError:
            size = -1
        if size < 0 or not digits.isalnum():  # int() takes signs and underscores as well
            raise Malformed("a chunk without a size")
        self._left = size + 2 if size else 0
        self._ending = size == 0
