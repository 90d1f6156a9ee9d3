"""`POST /api/chat/stream/`: a question in, its answer out, line by line (waldur 2.6 and section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from time import monotonic
from uuid import UUID

import structlog
from flask import Flask, Response, current_app, stream_with_context

from chatapp import config
from chatapp.core import titles, turns
from chatapp.core.blocks import BlockParser
from chatapp.core.titles import Dictation
from chatapp.db import release
from chatapp.providers import ProviderError
from chatapp.stream.follow import follow
from chatapp.values import Json, Mode, OnActive, Question
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.ndjson import BlockLines, NdjsonEncoder, line
from chatapp.web.api.parsing import parser
from chatapp.web.api.schemas import StreamInput, StreamLine
from chatapp.web.contract import answers
from chatapp.web.responses import streamed

logger = structlog.get_logger(__name__)

MIMETYPE = "application/x-ndjson"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
KEEP_ALIVE = b"\n"
TIMED_OUT = "The request timed out: the assistant has been silent for too long. Please try again."
BROKEN = "Something went wrong while the answer was being sent. It may be complete when you reload the chat."


@bp.post("/chat/stream/")
@parser.use_args(StreamInput, location="body")
@answers(StreamLine, many=True, mimetype=MIMETYPE, refusals=(404, 429))
def stream(wish: Json) -> Response:
    if wish["update_thread_name"]:
        return _ndjson(_name(wish))
    return _ndjson(_start(wish))


def _start(wish: Json) -> Iterator[bytes]:
    question = Question(
        user_id=caller().id,
        text=wish["input"],
        thread_id=wish["thread_uuid"],
        mode=Mode(wish["mode"] or Mode.MESSAGE),
        message_id=wish["edit_message_uuid"],
        on_active=OnActive.INTERRUPT,
    )
    started = turns.start(question)
    release()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return _answer(app, started.turn.id, NdjsonEncoder(started.stored_message_id))


def _name(wish: Json) -> Iterator[bytes]:
    dictation = titles.dictate(caller(), wish["update_thread_name"], wish["input"])
    release()
    return stream_with_context(_naming(dictation))


def _ndjson(body: Iterator[bytes]) -> Response:
    return streamed(body, MIMETYPE, HEADERS)


def _answer(app: Flask, turn_id: UUID, encoder: NdjsonEncoder) -> Iterator[bytes]:
    """The answer as it is written. Whether anybody reads it does not matter to the turn."""
    settings = config.current()
    limit = settings.ai_assistant_stream_timeout_seconds
    patience = min(settings.heartbeat, limit)
    heard = sent = monotonic()
    try:
        with follow(turn_id) as follower:
            while not follower.ended:
                # No longer than a read, so that nothing of the request outlives it.
                with app.app_context() if follower.reads_store else nullcontext():
                    events = follower.read(patience)
                moment = monotonic()
                heard = moment if events else heard
                if moment - heard >= limit:
                    yield line(e=TIMED_OUT)
                    return
                lines = encoder.feed(events) or (KEEP_ALIVE if moment - sent >= settings.heartbeat else b"")
                if lines:
                    sent = moment
                    yield lines
    except Exception:
        logger.exception("stream.broken", turn_id=str(turn_id))
        yield line(e=BROKEN)


def _naming(dictation: Dictation) -> Iterator[bytes]:
    """A name as the model writes it; there are no messages to tell the ids of."""
    blocks, parser = BlockLines(), BlockParser()
    if dictation.warning:
        yield line(w=dictation.warning)
    try:
        for piece in dictation.pieces:
            yield blocks.feed(parser.feed(piece)) + blocks.flush()
        yield blocks.feed(parser.finish()) + blocks.flush()
    except ProviderError as error:
        yield blocks.feed(parser.finish()) + blocks.flush() + line(e=error.failure.message)
