"""A relay over PostgreSQL itself: it tells which turns have news, and their readers look at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg

from chatapp.stream.hub import Hub
from chatapp.stream.relay import Parcel, Relay

CHANNEL = "chatapp"
NOTIFY = "select pg_notify(%s, payload) from unnest(%s::text[]) as payload"
STOPPED = "!"
LONGEST = 7_900  # bytes of one notification, of which PostgreSQL takes fewer than 8,000
BLOCK = 2.0  # seconds of one wait for news


class NotifyRelay(Relay):
    trouble = (psycopg.Error, OSError)

    def __init__(self, url: str, hub: Hub, on_stop: Callable[[UUID], None]) -> None:
        super().__init__(hub, on_stop)
        self._url = url

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._url, autocommit=True)

    def _send_all(self, connected: Callable[[], None]) -> None:
        with self._connect() as connection:
            connected()
            while not self._closing.is_set():
                if told := list(payloads(self._gathered())):
                    connection.execute(NOTIFY, [CHANNEL, told])
            connection.execute(NOTIFY, [CHANNEL, [""]])

    def _receive_all(self, connected: Callable[[], None]) -> None:
        with self._connect() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            connected()
            while not self._closing.is_set():
                for note in connection.notifies(timeout=BLOCK):
                    self._take(note.payload.split())
                    if self._closing.is_set():
                        return

    def _take(self, words: list[str]) -> None:
        for word in words:
            if word.startswith(STOPPED):
                self._on_stop(UUID(word.removeprefix(STOPPED)))
        if self._hub.follows(UUID(word.removeprefix(STOPPED)) for word in words):
            self._hub.look()


def payloads(parcels: list[Parcel | None]) -> Iterator[str]:
    """The turns with news, each once, in as few notifications as they fit into."""
    words = dict.fromkeys(f"{STOPPED * parcel.stops}{parcel.turn_id.hex}" for parcel in parcels if parcel)
    payload = ""
    for word in words:
        if len(payload) + len(word) + 1 > LONGEST:
            yield payload
            payload = ""
        payload = f"{payload} {word}" if payload else word
    if payload:
        yield payload
