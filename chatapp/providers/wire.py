"""The wire under the SDK: HTTP/1.1 as the standard library speaks it, a connection a call, reads in beats.

An answer comes in hundreds of small chunks. Taking one costs a fifth of what the SDK's own transport spends on it, and
most of the processor time of an answer would go there (docs/adr/0009-wire.md). Who calls may cut the connection at any
moment from another thread.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from chatapp import beats

READ_SIZE = 65536


class Call:
    """The connection of one call to the service. Any thread may cut it at any moment of its life."""

    def __init__(self) -> None:
        self.cut = threading.Event()
        self.paced = False  # the answer flows: from here on it is read in beats
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

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._socket = connection
            if self.cut.is_set():
                self._shut_down()

    def close(self) -> None:
        self.cut.set()
        with self._lock:
            self._shut_down()

    def release(self) -> None:
        """The connection is about to be closed in good order: its file descriptor may soon be another's."""
        with self._lock:
            self._socket = None

    def _shut_down(self) -> None:
        if self._socket is not None:
            # Shutting down wakes a thread that is blocked in a read, closing does not. The plain socket's method,
            # because that of a TLS socket takes the encryption away under the reader.
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_sending = threading.local()


class Transport(httpx2.BaseTransport):
    """What the SDK's client sends its requests through. Proxies are taken from the environment."""

    def __init__(self) -> None:
        self._tls = httpx2.create_ssl_context()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call: Call = getattr(_sending, "call", None) or Call()
        timeouts = request.extensions.get("timeout", {})
        connection, target = self._connection(request.url, call, timeouts.get("connect"))
        try:
            with _as_httpx(httpx2.ConnectTimeout, httpx2.ConnectError):
                connection.connect()
            line = connection.sock  # the library forgets it where the other side says that it will hang up
            line.settimeout(timeouts.get("read"))
            with _as_httpx(httpx2.ReadTimeout, httpx2.ReadError):
                _send(connection, request, target)
                response = connection.getresponse()
        except BaseException:
            _hang_up(call, connection)
            raise
        body = _Body(response, connection, line, call)
        return httpx2.Response(response.status, headers=response.getheaders(), stream=body)

    def _connection(self, url: httpx2.URL, call: Call, timeout: float | None) -> tuple[_Connection, str]:
        """A connection to the host of `url` or to the proxy before it, and what to ask it for."""
        tls = self._tls if url.scheme == "https" else None
        port = url.port or (443 if tls else 80)
        host, target = url.raw_host.decode("ascii"), url.raw_path.decode("ascii")
        proxy = urlsplit(getproxies().get(url.scheme, ""))
        if not proxy.hostname or proxy_bypass(f"{host}:{port}"):
            return _Connection(host, port, call, tls, timeout), target
        connection = _Connection(proxy.hostname, proxy.port or 80, call, tls, timeout, tls_name=host)
        if tls is None:
            return connection, str(url)
        connection.set_tunnel(host, port, _proxy_authorization(proxy.username, proxy.password))
        return connection, target


class _Connection(http.client.HTTPConnection):
    """Tells its call of the socket before anything is waited for."""

    def __init__(
        self,
        host: str,
        port: int,
        call: Call,
        tls: ssl.SSLContext | None,
        timeout: float | None,
        tls_name: str | None = None,
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self._call, self._tls, self._tls_name = call, tls, tls_name or host

    def connect(self) -> None:
        super().connect()
        self._call.opened(self.sock)
        if self._tls:
            # The handshake waits for the other side, so it comes after the socket is known.
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._tls_name, do_handshake_on_connect=False)
            self._call.opened(self.sock)
            self.sock.do_handshake()


class _Body(httpx2.SyncByteStream):
    def __init__(
        self, response: http.client.HTTPResponse, connection: _Connection, line: socket.socket, call: Call
    ) -> None:
        self._response, self._connection, self._line, self._call = response, connection, line, call

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx(httpx2.ReadTimeout, httpx2.ReadError):
            for data in _as_it_comes(self._response, self._line):
                yield data
                if self._call.paced and len(data) < READ_SIZE:
                    # The network takes what arrives meanwhile; three tokens cost little more than one.
                    sleep(beats.until_next())

    def close(self) -> None:
        _hang_up(self._call, self._connection)
        self._response.close()


def _as_it_comes(response: http.client.HTTPResponse, line: socket.socket) -> Iterator[bytes]:
    """The body, each time all that has arrived. The library gives one chunk of a chunked body at a time."""
    if not response.chunked:
        while data := _arrived(response.read1, line):
            yield data
        return
    body = _Chunked()
    while not body.complete:
        received = _arrived(response.fp.read1, line)
        if not received:
            raise http.client.IncompleteRead(b"")
        if data := body.feed(received):
            yield data


def _arrived(read: Callable[[int], bytes], line: socket.socket) -> bytes:
    """Waits for something, and takes all that has arrived with it: a TLS connection gives one record at a time."""
    data = read(READ_SIZE)
    if not data or not isinstance(line, ssl.SSLSocket):
        return data
    records, size, patience = [data], len(data), line.gettimeout()
    line.settimeout(0.0)
    try:
        while data and size < READ_SIZE:
            data = read(READ_SIZE)
            records.append(data)
            size += len(data)
    except ssl.SSLWantReadError:
        pass  # there is no more yet
    finally:
        line.settimeout(patience)
    return b"".join(records)


class _Chunked:
    """The chunked transfer coding (RFC 9112, 7.1). What follows the last chunk is not read: one call a connection."""

    def __init__(self) -> None:
        self.complete = False
        self._rest = b""  # the beginning of a line that says how long a chunk is
        self._left = 0  # bytes of the current chunk that are still to come, its line end included

    def feed(self, received: bytes) -> bytes:
        data, at = [], 0
        received, self._rest = self._rest + received, b""
        while at < len(received) and not self.complete:
            if self._left:
                piece = received[at : at + self._left]
                data.append(piece[: max(0, self._left - 2)])
                self._left -= len(piece)
                at += len(piece)
                continue
            end = received.find(b"\r\n", at)
            if end < 0:
                self._rest = received[at:]
                break
            at, size = end + 2, _size(received[at:end])
            self._left = size + 2
            self.complete = size == 0
        return b"".join(data)


def _size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError as error:
        raise http.client.HTTPException("a chunk without a size") from error


def _send(connection: _Connection, request: httpx2.Request, target: str) -> None:
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.raw:
        connection.putheader(name.decode("ascii"), value)
    connection.endheaders(request.read())


def _hang_up(call: Call, connection: _Connection) -> None:
    call.release()
    connection.close()


def _proxy_authorization(name: str | None, password: str | None) -> dict[str, str]:
    if not name:
        return {}
    basic = httpx2.BasicAuth(name, password or "")
    request = next(basic.auth_flow(httpx2.Request("GET", "http://proxy")))
    return {"Proxy-Authorization": request.headers["Authorization"]}


@contextmanager
def _as_httpx(timeout: type[httpx2.TransportError], failure: type[httpx2.TransportError]) -> Iterator[Any]:
    """What goes wrong on the wire, in the words that the SDK understands."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except OSError as error:
        raise failure(str(error)) from error
    except http.client.HTTPException as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
