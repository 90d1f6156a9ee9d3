"""The answer on the page while it is written: operations over SSE, or, without JavaScript, a page that grows."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from time import sleep
from typing import Any
from uuid import UUID

import orjson
from flask import Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from chatapp import config
from chatapp.core import threads, turns
from chatapp.core.answer_parser import AnswerParser
from chatapp.db import release
from chatapp.models import Thread, Turn, User
from chatapp.stream import log
from chatapp.stream.follow import follow
from chatapp.values import Event, TurnStatus
from chatapp.web.assets import accepts_gzip
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp, presenting
from chatapp.web.pages.conversations import Conversation, Written, ended_answer
from chatapp.web.pages.usage import bars
from chatapp.web.render import GrowingHtml, LiveAnswer, Situation
from chatapp.web.responses import streamed

MARK = Markup("\ue000answer\ue000")
STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


# Rendering costs by the piece. Twelve a second look as if it flowed; a long answer is ahead of its reader anyway.
BEAT, SLOW_BEAT = 0.08, 0.16  # seconds
LONG = 250  # events, about ten seconds of writing


class LiveEncoder:
    """Events of one turn to SSE messages of operations for static/js/live.js. Pure, but for the templates.

    The client has everything up to event number `after`, except what was still open then.
    """

    def __init__(self, after: int) -> None:
        self._after = after
        self._resumed = False
        self._shown = LiveAnswer()

    def feed(self, events: list[Event]) -> bytes:
        known = [event for event in events if event.seq <= self._after]
        fresh = events[len(known) :]
        self._shown.feed(known)
        if not fresh:
            return b""
        made_whole = [] if self._resumed else self._shown.resume()
        self._resumed = True
        ops = made_whole + self._shown.feed(fresh)
        return b"id: %d\ndata: %s\n\n" % (fresh[-1].seq, orjson.dumps(ops)) if ops else b""


@bp.get("/chat/turns/<uuid:turn_id>/events")
@sign_in_required
def turn_events(turn_id: UUID) -> ResponseReturnValue:
    user = signed_in_user()
    turn = turns.get_own(user, turn_id)
    after = request.args.get("after", 0, type=int)
    last_seen = request.headers.get("Last-Event-ID", "", type=str)
    if last_seen.isdecimal():
        after = max(after, int(last_seen))
    waits = turn.status == TurnStatus.AWAITING_APPROVAL
    release()
    body = _operations(user, turn.id, max(0, after), waits=waits)
    if accepts_gzip():
        headers = STREAM_HEADERS | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return streamed(stream_with_context(packed(body)), "text/event-stream", headers)
    return streamed(stream_with_context(body), "text/event-stream", STREAM_HEADERS)


def growing_page(thread: Thread, conversation: Conversation, around: dict[str, Any]) -> Response:
    """The thread's page, sent in pieces until the running answer is complete."""
    body = _pieces(thread, conversation, around)
    return streamed(stream_with_context(body), "text/html", STREAM_HEADERS)


def _operations(user: User, turn_id: UUID, after: int, *, waits: bool) -> Iterator[bytes]:
    encoder = LiveEncoder(after)
    heartbeat = config.current().heartbeat
    flows = False  # until then nothing that comes may wait
    start = 0
    if waits:  # its events end with one that ends a stream: behind that there is something to wait for
        known = [event for event in log.current().read(turn_id) if event.seq <= after]
        release()
        encoder.feed(known)
        start = known[-1].seq if known else 0
    with follow(turn_id, start, patient=waits) as follower:
        events = follower.read(0.0)
        piece = b"retry: 1000\n\n" + encoder.feed(events)
        while not follower.ended:
            if piece:
                yield piece
            flows = flows or any(event.type == "text-delta" for event in events)
            if flows:
                sleep(BEAT if follower.position < LONG else SLOW_BEAT)
            events = follower.read(heartbeat)
            piece = encoder.feed(events) if events else b"event: ping\ndata:\n\n"
    yield piece + _ending(user, turn_id)


def _ending(user: User, turn_id: UUID) -> bytes:
    """What the page shows from now on: around the composer, for which it would have to ask, and the answer."""
    turn = turns.get_own(user, turn_id)
    thread = threads.get_own(user, turn.thread_id)
    messages = {"composer": composer_state(user, thread), "end": answer_article(user, turn)}
    release()
    return b"".join(_message(event, html) for event, html in messages.items())


def _message(event: str, html: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in html.split("\n"))
    return f"event: {event}\n{lines}\n".encode()


def packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces compressed as one stream, each of them readable as soon as it arrives.

    What an answer looks like repeats itself: a tenth of the bytes for a hundredth of the work. The window is small, so
    that a thousand streams need some 30 MB.
    """
    packer = zlib.compressobj(3, zlib.DEFLATED, 16 + 12, 5)
    for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def answer_article(user: User, turn: Turn) -> str:
    """The turn's answer as a reload shows it: complete, or as far as it has come when it waits for a person."""
    if TurnStatus(turn.status).is_active:
        return render_template("partials/_answer.html", **Written.load(turn).values())
    message = ended_answer(threads.get_own(user, turn.thread_id), turn)
    if message is None:
        return render_template("partials/_answer.html", turn=presenting.turn(turn), html="", editable=True)
    return render_template("partials/_message.html", message=message, turn=message.turn, editable=True)


def composer_state(user: User, thread: Thread) -> str:
    """What changes around the composer when an answer has ended."""
    active = turns.active(thread.id)
    return render_template("partials/_composer_state.html", thread=thread, active_turn=active, usage=bars(user))


def _pieces(thread: Thread, conversation: Conversation, around: dict[str, Any]) -> Iterator[bytes]:
    """Up to the answer, the answer, and from there the page as it is when the answer is complete."""
    running = conversation.turn
    if running is None:
        return
    values = conversation.values() | {"html": MARK, "after": None}
    yield _render(values, around).partition(MARK)[0].encode()
    position = 0
    parser, growing = AnswerParser(), GrowingHtml(Situation.open(running.answer_id))
    release()
    while True:
        with follow(running.id, position) as follower:
            while not follower.ended:
                events = follower.read(config.current().heartbeat)
                if html := growing.feed(parser.feed(events)):
                    yield html.encode()
            position = follower.position
        complete = Conversation.load(thread, last_html=MARK)
        values = complete.values()
        if complete.turn is None or complete.turn.id != running.id:
            break
        if complete.turn.waits:
            yield growing.feed(parser.finish()).encode()
            values |= {"html": MARK, "after": None}
            break
        release()  # what it waited for has been decided meanwhile: the answer goes on
    threads.mark_seen(thread)  # it has been read while it grew
    as_it_is_now = around | {"thread": threads.get_own(around["user"], thread.id)}
    rest = _render(values, as_it_is_now).partition(MARK)[2]
    yield (rest or render_template("partials/_moved_on.html", thread=thread)).encode()
    release()


def _render(values: dict[str, Any], around: dict[str, Any]) -> str:
    return render_template(
        "pages/chat.html", active_turn=values["turn"], usage=bars(around["user"]), **values, **around
    )
