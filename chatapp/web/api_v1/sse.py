"""A turn's events as server-sent events (turns-api 4.4): pure, so that every reader gets the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from chatapp.values import Event

RETRY = b"retry: 2000\n\n"
PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"


class Encoder:
    """Keeps what it has encoded last: the readers of one answer are woken together and want the same."""

    def __init__(self) -> None:
        self._latest: tuple[Event, Event, bytes] | None = None

    def __call__(self, events: Sequence[Event]) -> bytes:
        """Consecutive numbered events, byte for byte as they are in the log."""
        if not events:
            return b""
        first, last, latest = events[0], events[-1], self._latest
        if latest and latest[0] is first and latest[1] is last:
            return latest[2]
        encoded = b"".join([b"id: %d\ndata: %s\n\n" % (event.seq, event.json.encode()) for event in events])
        self._latest = (first, last, encoded)
        return encoded


frames = Encoder()


def unnumbered(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Events that are in no log."""
    return b"".join(b"data: %s\n\n" % orjson.dumps(event) for event in events)
