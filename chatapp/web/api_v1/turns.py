"""`/api/v1/chat/turns/{turn_id}` and cancelling (turns-api 3.4, 4.8)."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from chatapp.core import threads, turns
from chatapp.core.snapshots import turn_json
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import Text
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import TurnOutput
from chatapp.web.contract import answers
from chatapp.web.responses import empty

MAX_PARTIAL = 200_000


class CancelInput(Input):
    partial_text = Text(MAX_PARTIAL, raw=True, load_default=None)


@bp.get("/chat/turns/<turn_id>")
@takes()
@answers(TurnOutput)
def show_turn(turn_id: UUID) -> Json:
    return turn_json(turns.get_shown(caller(), turn_id))


@bp.post("/chat/threads/<thread_id>/turns/cancel")
@takes(body=CancelInput)
@answers(status=204)
def cancel_turn(thread_id: UUID, body: Json) -> Response:
    thread = threads.get_shown(caller(), thread_id)
    turns.cancel(caller(), thread.id, body["partial_text"])
    return empty(204)
