"""Connections to the service: opened, cut by whoever ends a call, kept for the next one.

A connection costs a handshake, which is much of what a question costs, and two round trips of waiting.
"""

from __future__ import annotations

import socket
import ssl
import threading
import weakref
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Protocol

from chatapp.beats import bell
from chatapp.providers import http1

READ_SIZE = 16384
# Load balancers hang up after a minute of silence, or later. Before they do, it is us.
LONGEST_IDLE = 50.0
# As many answers as a full worker has at once may end together. An encrypted one takes some 30 KB.
MOST_IDLE = 200


class Body(Protocol):
    """What a response consists of, as it comes over the wire."""

    def receive(self) -> bytes:
        """What comes next; nothing when that was all. Raises httpx2.TransportError."""
        ...

    def close(self) -> None: ...


class Call:
    """What may be cut: one call to the service. Any thread may do so at any moment of its life."""

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.news = bell()
        self.cut = threading.Event()
        self.paced = False  # the answer flows: from here on it is read in beats
        self.answered = False  # all that matters has come, though perhaps not the last bytes of the body
        self.body: Body | None = None  # of the last response, for who reads that alone
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    @contextmanager
    def being_made(self) -> Iterator[None]:
        """Requests that this thread sends in the meantime are this call's."""
        _sending.call = self
        try:
            yield
        finally:
            _sending.call = None

    @staticmethod
    def of_this_thread() -> Call:
        return getattr(_sending, "call", None) or Call()

    def uses(self, line: socket.socket) -> None:
        with self._lock:
            self._socket = line
            if self.cut.is_set():
                self._shut_down()

    def close(self) -> None:
        self.cut.set()
        with self._lock:
            self._shut_down()

    def release(self) -> bool:
        """From here on nobody cuts the connection, which may be another call's, or its file descriptor another's.

        Whether nobody has."""
        with self._lock:
            self._socket = None
            return not self.cut.is_set()

    def _shut_down(self) -> None:
        if self._socket is not None:
            # Shutting down wakes a thread that is blocked in a read, closing does not. The plain socket's method,
            # because that of a TLS socket takes the encryption away under the reader.
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_sending = threading.local()
_numbers = count()


class Connection:
    """`body` is that of the last response: its end may arrive when nobody reads it any more."""

    body: http1.Body

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.idle_since = 0.0

    def read(self) -> bytes:
        """Waits for something, and takes all that has arrived with it; nothing when the other side has hung up."""
        data = self.line.recv(READ_SIZE)
        if not data or not isinstance(self.line, ssl.SSLSocket):
            return data
        # A TLS connection gives one record at a time.
        records, size = [data], len(data)
        while size < READ_SIZE and (more := self.read_now()):
            records.append(more)
            size += len(more)
        return b"".join(records)

    def read_now(self) -> bytes | None:
        """What has arrived, without waiting; None when there is nothing."""
        patience = self.line.gettimeout()
        self.line.settimeout(0.0)
        try:
            return self.line.recv(READ_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        finally:
            self.line.settimeout(patience)

    def is_free(self) -> bool:
        """Whether the other side has said all that it had to say, and has not hung up."""
        with suppress(OSError, http1.Malformed):
            received = self.read_now()
            if received:
                self.body.feed(received)
                received = self.read_now()
            return received is None and self.body.complete and not self.body.overrun
        return False

    def close(self) -> None:
        self.line.close()


@dataclass(frozen=True)
class Proxy:
    host: str
    port: int
    name: str = ""
    password: str = field(default="", repr=False)

    @property
    def fields(self) -> http1.Fields:
        if not self.name:
            return []
        return [(b"Proxy-Authorization", b"Basic " + b64encode(f"{self.name}:{self.password}".encode()))]


class Route:
    """The way to one host, over `proxy` or directly, with the connections there that nobody uses at the moment."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, proxy: Proxy | None) -> None:
        self.host, self.port, self.proxy = host, port, proxy
        self._tls = tls
        self._idle: deque[Connection] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def take(self) -> Connection | None:
        """A connection that was kept and is still good; None when there is none."""
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if monotonic() - connection.idle_since < LONGEST_IDLE and connection.is_free():
                    return connection
                connection.close()
        return None

    def keep(self, connection: Connection) -> None:
        now = connection.idle_since = monotonic()
        self._idle.append(connection)
        with suppress(IndexError):  # others take and keep at the same time
            while len(self._idle) > MOST_IDLE or now - self._idle[0].idle_since > LONGEST_IDLE:
                self._idle.popleft().close()

    def close(self) -> None:
        _close_all(self._idle)

    def open(self, call: Call, timeout: float | None) -> Connection:
        """A new connection, known to `call` before anything is waited for on it. Raises OSError, Malformed."""
        end = (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)
        connection = Connection(socket.create_connection(end, timeout))
        try:
            call.uses(connection.line)
            connection.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                self._encrypt(connection, call, self._tls)
        except BaseException:
            call.release()
            connection.close()
            raise
        return connection

    def _encrypt(self, connection: Connection, call: Call, tls: ssl.SSLContext) -> None:
        if self.proxy:
            _tunnel(connection, self.host, self.port, self.proxy)
        # The handshake waits for the other side, so it comes after the socket is known.
        connection.line = tls.wrap_socket(connection.line, server_hostname=self.host, do_handshake_on_connect=False)
        call.uses(connection.line)
        connection.line.do_handshake()


def _tunnel(connection: Connection, host: str, port: int, proxy: Proxy) -> None:
    place = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}").encode("ascii")
    connection.line.sendall(http1.request("CONNECT", place, [(b"Host", place), *proxy.fields]))
    head, rest = read_head(connection, connection.read())
    if not 200 <= head.status < 300 or rest:
        raise OSError(f"the proxy refuses a tunnel: {head.status}")


def read_head(connection: Connection, received: bytes) -> tuple[http1.Head, bytes]:
    """The head of a response that begins with `received`, and what came after it. Raises OSError, Malformed."""
    while not (found := http1.take_head(received)):
        more = connection.read() if received else b""
        if not more:
            raise http1.Malformed("the other side hung up in the middle of a head")
        received += more
    return found


def _close_all(idle: deque[Connection]) -> None:
    with suppress(IndexError):
        while True:
            idle.popleft().close()
