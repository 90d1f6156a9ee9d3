"""How long the body of a request may take to arrive: who sends it byte by byte would hold a connection for ever.

A proxy in front reads bodies before this server sees them; without one nothing else would end such a request. The
headers have to be whole within the time between two requests (`keepalive` of gunicorn.conf.py) with gevent's worker.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from time import monotonic
from typing import Any

from flask import Flask, Request, Response, request

from chatapp import config

SLOWEST = 32 * 1024  # bytes a second that are waited for
UNKNOWN = 600.0  # seconds, for a body that does not say how long it is


class Watch:
    """Ends the reading from connections whose bodies are overdue. Its thread begins with the first of them."""

    def __init__(self) -> None:
        self._due: dict[Any, float] = {}
        self._changed = threading.Condition()
        self._is_running = False

    def expect(self, connection: Any, seconds: float) -> None:
        """From then on reading from `connection` finds its end, unless all has arrived before."""
        with self._changed:
            self._due[connection] = monotonic() + seconds
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._look, name="overdue-bodies", daemon=True).start()
            self._changed.notify()

    def arrived(self, connection: Any) -> None:
        with self._changed:
            self._due.pop(connection, None)

    def _look(self) -> None:
        with self._changed:
            while True:
                moment = monotonic()
                for connection in [connection for connection, due in self._due.items() if due <= moment]:
                    del self._due[connection]
                    with contextlib.suppress(OSError):  # it may be closed
                        connection.shutdown(socket.SHUT_RD)
                self._changed.wait(min(self._due.values()) - moment if self._due else None)


_watch = Watch()


def init_app(app: Flask) -> None:
    app.before_request(_expect)
    app.after_request(_arrived)


def seconds(incoming: Request) -> float:
    """How long the request's body may take; 0 for one without."""
    if incoming.content_length:
        return config.current().body_patience + incoming.content_length / SLOWEST
    return UNKNOWN if incoming.content_length is None and "Transfer-Encoding" in incoming.headers else 0.0


def _expect() -> None:
    connection, patience = request.environ.get("gunicorn.socket"), seconds(request)
    if connection is not None and patience:
        _watch.expect(connection, patience)


def _arrived(response: Response) -> Response:
    """Whoever answers has read what it needs; an answer may go on for long."""
    if connection := request.environ.get("gunicorn.socket"):
        _watch.arrived(connection)
    return response
