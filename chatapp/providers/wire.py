"""The wire under the SDK: HTTP/1.1 on connections that are kept, and answers read in beats.

An answer comes in hundreds of small chunks. Taking one costs a fifth of what the SDK's own transport spends on it, and
most of the processor time of an answer would go there (docs/adr/0009-wire.md). Who calls may cut the connection at any
moment from another thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from chatapp import beats
from chatapp.providers import http1
from chatapp.providers.connections import READ_SIZE, Call, Connection, Proxy, Route, read_head

FAILURES = (OSError, http1.Malformed)


class Transport(httpx2.BaseTransport):
    """What the SDK's client sends its requests through. Proxies are taken from the environment, once for a host."""

    def __init__(self) -> None:
        self._tls = httpx2.create_ssl_context()
        self._routes: dict[tuple[int, str, str, int | None], Route] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call, route = Call.of_this_thread(), self._route(request.url)
        timeouts = request.extensions.get("timeout", {})
        exchange = _Exchange(call, route, timeouts.get("connect"), timeouts.get("read"))
        try:
            head = exchange.ask(_message(request, route))
        except FAILURES as error:
            raise _in_httpx(error, httpx2.ReadTimeout, httpx2.ReadError) from error
        call.body = exchange
        return httpx2.Response(head.status, headers=list(head.fields), stream=exchange)

    def close(self) -> None:
        for route in list(self._routes.values()):
            route.close()

    def _route(self, url: httpx2.URL) -> Route:
        # A process that was forked would share the connections of its parent.
        key = os.getpid(), url.scheme, url.host, url.port
        return self._routes.get(key) or self._routes.setdefault(key, self._new_route(url))

    def _new_route(self, url: httpx2.URL) -> Route:
        tls = self._tls if url.scheme == "https" else None
        host, port = url.raw_host.decode("ascii"), url.port or (443 if tls else 80)
        proxy = urlsplit(getproxies().get(url.scheme, ""))
        if not proxy.hostname or proxy_bypass(f"{host}:{port}"):
            return Route(host, port, tls, None)
        name, password = unquote(proxy.username or ""), unquote(proxy.password or "")
        return Route(host, port, tls, Proxy(proxy.hostname, proxy.port or 80, name, password))


def _message(request: httpx2.Request, route: Route) -> bytes:
    target, fields = request.url.raw_path, request.headers.raw
    if route.proxy and request.url.scheme == "http":
        target, fields = str(request.url).encode("ascii"), [*fields, *route.proxy.fields]
    return http1.request(request.method, target, fields, request.read())


class _Exchange(httpx2.SyncByteStream):
    """A request, and the body of its response as it comes."""

    _connection: Connection
    _body: http1.Body
    _stays: bool
    _received: bytes  # with the head
    _pauses = False

    def __init__(self, call: Call, route: Route, connect_patience: float | None, patience: float | None) -> None:
        self._call, self._route = call, route
        self._connect_patience, self._patience = connect_patience, patience

    def ask(self, message: bytes) -> http1.Head:
        """Send `message`; what its response begins with. Raises OSError, Malformed, httpx2.TransportError."""
        received = self._first_bytes(message)
        try:
            head, self._received = read_head(self._connection, received)
        except BaseException:
            self._hang_up()
            raise
        self._body, self._stays = head.body, head.stays  # the rest of it is of no use any more
        self._connection.body = head.body
        return head

    def _first_bytes(self, message: bytes) -> bytes:
        if kept := self._route.take():
            try:
                return self._send(kept, message)
            except TimeoutError:
                raise
            except OSError:
                # The other side has hung up on an idle connection while we asked. To ask again one must know that it
                # does no harm (RFC 9110, 9.2.2; RFC 9112, 9.3.1): no byte of an answer was lost, and a question to a
                # model changes nothing there. Once, and on a new connection, which tells the truth.
                if self._call.cut.is_set():
                    raise
        try:
            fresh = self._route.open(self._call, self._connect_patience)
        except FAILURES as error:
            raise _in_httpx(error, httpx2.ConnectTimeout, httpx2.ConnectError) from error
        return self._send(fresh, message)

    def _send(self, connection: Connection, message: bytes) -> bytes:
        """The first that comes back. Raises OSError."""
        self._connection = connection
        try:
            self._call.uses(connection.line)
            connection.line.settimeout(self._patience)
            connection.line.sendall(message)
            if received := connection.read():
                return received
            raise ConnectionResetError("the other side hung up before it answered")
        except BaseException:
            self._hang_up()
            raise

    def __iter__(self) -> Iterator[bytes]:
        while data := self.receive():
            yield data

    def receive(self) -> bytes:
        if self._pauses and self._call.paced and not self._body.complete:
            # The network takes what arrives meanwhile; three tokens cost little more than one.
            beats.wait(self._call.number, self._call.news)
        try:
            data = self._next()
        except FAILURES as error:
            raise _in_httpx(error, httpx2.ReadTimeout, httpx2.ReadError) from error
        self._pauses = len(data) < READ_SIZE
        return data

    def _next(self) -> bytes:
        data, self._received = self._body.feed(self._received) if self._received else b"", b""
        while not (data or self._body.complete):
            if received := self._connection.read():
                data = self._body.feed(received)
            else:
                self._body.hung_up()
        return data

    def close(self) -> None:
        is_over = self._body.complete or self._call.answered
        self._call.body = None  # they know each other
        if self._call.release() and self._stays and is_over:
            self._route.keep(self._connection)
        else:
            self._connection.close()

    def _hang_up(self) -> None:
        self._call.release()
        self._connection.close()


def _in_httpx(
    error: Exception, timeout: type[httpx2.TransportError], failure: type[httpx2.TransportError]
) -> httpx2.TransportError:
    """What went wrong on the wire, in the words that the SDK understands."""
    if isinstance(error, http1.Malformed):
        return httpx2.RemoteProtocolError(str(error))
    return (timeout if isinstance(error, TimeoutError) else failure)(str(error))
