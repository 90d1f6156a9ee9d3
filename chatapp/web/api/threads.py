"""`/api/chat-threads/`: reading, archiving, cancelling."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from chatapp.core import thread_lists, threads, turns
from chatapp.core.thread_lists import TIMES, TOKEN_SUMS, ThreadFilter
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.paging import paged
from chatapp.web.api.parsing import parser
from chatapp.web.api.schemas import UNNAMED, FieldQuery, StatisticsOutput, ThreadOutput, ThreadQuery, pick
from chatapp.web.contract import answers
from chatapp.web.responses import empty

present = ThreadOutput().dump


@bp.get("/chat-threads/")
@parser.use_args(ThreadQuery, location="query")
@answers(ThreadOutput, many=True, paged=True)
def list_threads(query: Json) -> ResponseReturnValue:
    return paged(
        partial(thread_lists.page, caller(), _wanted(query)),
        lambda thread: pick(present(thread), query["field"]),
    )


@bp.get("/chat-threads/stats/")
@parser.use_args(ThreadQuery, location="query")
@answers(StatisticsOutput)
def show_statistics(query: Json) -> Json:
    document: Json = StatisticsOutput().dump(thread_lists.statistics(caller(), _wanted(query)))
    return document


@bp.get("/chat-threads/<any_uuid:thread_id>/")
@parser.use_args(FieldQuery, location="query")
@answers(ThreadOutput)
def show_thread(query: Json, thread_id: UUID) -> Json:
    return pick(present(threads.read(caller(), thread_id)), query["field"])


@bp.post("/chat-threads/<any_uuid:thread_id>/archive/")
@answers(status=204)
def archive_thread(thread_id: UUID) -> Response:
    threads.archive(caller(), thread_id)
    return empty(204)


@bp.post("/chat-threads/<any_uuid:thread_id>/unarchive/")
@answers(status=204)
def unarchive_thread(thread_id: UUID) -> Response:
    threads.unarchive(caller(), thread_id)
    return empty(204)


@bp.post("/chat-threads/<any_uuid:thread_id>/cancel/")
@answers()
def cancel_thread(thread_id: UUID) -> Response:
    turns.cancel(caller(), thread_id)
    return empty(200)


def _wanted(query: Json) -> ThreadFilter:
    """What the parameters ask for, in the domain's words."""
    return ThreadFilter(
        owner_id=query["user"],
        own=query["scope"] == "own",
        is_archived=query["is_archived"],
        is_flagged=query["is_flagged"],
        max_severity=query["max_severity"],
        has_feedback=query["has_feedback"],
        query=query["query"],
        unnamed=UNNAMED,
        days=[
            *((name, query[name], query[name]) for name in TIMES),
            *((name, query[f"{name}_after"], query[f"{name}_before"]) for name in TIMES),
        ],
        tokens=[(name, query[f"{name}_min"], query[f"{name}_max"]) for name in TOKEN_SUMS],
        order=query["o"],
    )
