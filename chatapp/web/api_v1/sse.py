"""A turn's events as server-sent events (turns-api 4.4): pure, so that every reader gets the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from chatapp.values import Event

RETRY = b"retry: 2000\n\n"
PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"


def frames(events: Iterable[Event]) -> bytes:
    """Numbered events, byte for byte as they are in the log."""
    return b"".join(b"id: %d\ndata: %s\n\n" % (event.seq, event.json.encode()) for event in events)


def unnumbered(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Events that are in no log."""
    return b"".join(b"data: %s\n\n" % orjson.dumps(event) for event in events)
