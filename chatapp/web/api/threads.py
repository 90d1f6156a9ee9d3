"""`/api/chat-threads/`: reading, archiving, cancelling."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from chatapp.core import thread_lists, threads, turns
from chatapp.core.thread_lists import ThreadFilter
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.paging import paged
from chatapp.web.api.parsing import parser
from chatapp.web.api.schemas import FieldQuery, ThreadOutput, ThreadQuery, pick

present = ThreadOutput().dump


@bp.get("/chat-threads/")
@parser.use_args(ThreadQuery, location="query")
def list_threads(query: Json) -> ResponseReturnValue:
    wanted = ThreadFilter(own=query["scope"] == "own", is_archived=query["is_archived"])
    return paged(
        partial(thread_lists.page, caller(), wanted),
        lambda thread: pick(present(thread), query["field"]),
    )


@bp.get("/chat-threads/<any_uuid:thread_id>/")
@parser.use_args(FieldQuery, location="query")
def show_thread(query: Json, thread_id: UUID) -> Json:
    return pick(present(threads.get_visible(caller(), thread_id)), query["field"])


@bp.post("/chat-threads/<any_uuid:thread_id>/archive/")
def archive_thread(thread_id: UUID) -> Response:
    threads.archive(caller(), thread_id)
    return _empty(204)


@bp.post("/chat-threads/<any_uuid:thread_id>/unarchive/")
def unarchive_thread(thread_id: UUID) -> Response:
    threads.unarchive(caller(), thread_id)
    return _empty(204)


@bp.post("/chat-threads/<any_uuid:thread_id>/cancel/")
def cancel_thread(thread_id: UUID) -> Response:
    turns.cancel(caller(), thread_id)
    return _empty(200)


def _empty(status: int) -> Response:
    """No body, and no type of one: a client would try to read it."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response
