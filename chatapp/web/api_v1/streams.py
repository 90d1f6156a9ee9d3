"""`.../turns/stream`: a question in, its answer out; the same answer again, from any event on (turns-api section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from uuid import UUID

import structlog
from flask import Flask, Response, current_app

from chatapp import config
from chatapp.core import replays, turns
from chatapp.db import release
from chatapp.errors import KeyReused
from chatapp.models import Turn
from chatapp.stream.follow import Follower, follow
from chatapp.values import Event, Json
from chatapp.web.api_v1 import bp, sse
from chatapp.web.api_v1.asking import StreamHeaders, StreamInput, question
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import LARGEST, Count
from chatapp.web.api_v1.idempotency import NAME, REPLAYED, reused
from chatapp.web.api_v1.reading import Headers, Input, takes
from chatapp.web.api_v1.schemas import EventOutput
from chatapp.web.contract import answers
from chatapp.web.responses import empty, streamed

logger = structlog.get_logger(__name__)

MIMETYPE = "text/event-stream"
LAST_EVENT = "Last-Event-ID"
FARTHEST = 2**31 - 1  # no turn has more events
HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "x-vercel-ai-ui-message-stream": "v1",
}


class PositionQuery(Input):
    after = Count(0, LARGEST, load_default=None)


class PositionHeaders(Headers):
    last_event_id = Count(0, LARGEST, data_key=LAST_EVENT, load_default=0)


@bp.post("/chat/threads/<thread_id>/turns/stream")
@takes(headers=StreamHeaders, body=StreamInput)
@answers(EventOutput, mimetype=MIMETYPE, refusals=(409, 429))
def stream_turn(thread_id: UUID, headers: Json, body: Json) -> Response:
    try:
        started = turns.start(question(caller(), thread_id, headers, body))
    except KeyReused as error:
        raise reused(*(("header", NAME) if headers["idempotency_key"] else ("body", "idempotencyKey"))) from error
    if not started.replayed:
        return _stream(started.turn, 0)
    response = _stream(started.turn, _position(headers["last_event_id"]))
    response.headers.update(REPLAYED)
    return response


@bp.get("/chat/turns/<turn_id>/stream")
@takes(query=PositionQuery, headers=PositionHeaders)
@answers(EventOutput, mimetype=MIMETYPE)
def follow_turn(turn_id: UUID, query: Json, headers: Json) -> Response:
    return _stream(turns.get_shown(caller(), turn_id), _after(query, headers))


@bp.get("/chat/threads/<thread_id>/turns/stream")
@takes(query=PositionQuery, headers=PositionHeaders)
@answers(EventOutput, mimetype=MIMETYPE, or_nothing=True)
def follow_thread(thread_id: UUID, query: Json, headers: Json) -> Response:
    turn = turns.active_shown(caller(), thread_id)
    return _stream(turn, _after(query, headers)) if turn else empty(204)


def _after(query: Json, headers: Json) -> int:
    after = int(headers["last_event_id"] if query["after"] is None else query["after"])
    return min(after, FARTHEST)


def _position(text: str) -> int:
    """Of a request that may as well begin a new turn, where it means nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _stream(turn: Turn, after: int) -> Response:
    told = replays.retell(turn)
    release()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    frames = _follow(app, turn.id, after) if told is None else iter([sse.RETRY, sse.unnumbered(told), sse.DONE])
    return streamed(frames, MIMETYPE, {**HEADERS, "X-Turn-Id": str(turn.id)})


def _follow(app: Flask, turn_id: UUID, after: int) -> Iterator[bytes]:
    """Every event behind `after`, then live. A stream that breaks has no last frame: its reader asks again."""
    heartbeat = config.current().heartbeat
    try:
        with follow(turn_id, after) as follower:
            piece, sent = sse.RETRY + sse.frames(_read(app, follower, 0.0)), 0.0
            while not follower.ended:
                if piece:
                    yield piece
                    sent = monotonic()
                events = _read(app, follower, max(0.0, sent + heartbeat - monotonic()))
                piece = sse.frames(events) or (sse.PING if monotonic() - sent >= heartbeat else b"")
    except Exception:
        logger.exception("stream.broken", turn_id=str(turn_id))
        return
    yield piece + sse.DONE


def _read(app: Flask, follower: Follower, timeout: float) -> list[Event]:
    if not follower.reads_store:
        return follower.read(timeout)
    with app.app_context():  # no longer than a read, so that nothing of the request outlives it
        return follower.read(timeout)
