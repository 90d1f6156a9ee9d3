"""`/api/chat-sessions/`: everybody has one session, which holds their threads."""

from __future__ import annotations

from chatapp.core import threads
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.parsing import parser
from chatapp.web.api.schemas import FieldQuery, SessionOutput, pick

present = SessionOutput().dump


@bp.get("/chat-sessions/current/")
@parser.use_args(FieldQuery, location="query")
def current_session(query: Json) -> Json:
    return pick(present(threads.session_of(caller())), query["field"])
