"""`/api/chat-sessions/`: everybody has one session, which holds their threads."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask.typing import ResponseReturnValue

from chatapp.core import sessions
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.paging import paged
from chatapp.web.api.parsing import parser
from chatapp.web.api.schemas import FieldQuery, SessionOutput, pick
from chatapp.web.contract import answers

present = SessionOutput().dump


@bp.get("/chat-sessions/")
@parser.use_args(FieldQuery, location="query")
@answers(SessionOutput, many=True, paged=True)
def list_sessions(query: Json) -> ResponseReturnValue:
    return paged(partial(sessions.page, caller()), lambda session: pick(present(session), query["field"]))


@bp.get("/chat-sessions/current/")
@parser.use_args(FieldQuery, location="query")
@answers(SessionOutput)
def current_session(query: Json) -> Json:
    return pick(present(sessions.own(caller())), query["field"])


@bp.get("/chat-sessions/<any_uuid:session_id>/")
@parser.use_args(FieldQuery, location="query")
@answers(SessionOutput)
def show_session(query: Json, session_id: UUID) -> Json:
    return pick(present(sessions.read(caller(), session_id)), query["field"])
