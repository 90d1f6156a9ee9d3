"""`/api/v1/chat/threads/{thread_id}/feedback` (turns-api 3.12)."""

from __future__ import annotations

from uuid import UUID

from flask.typing import ResponseReturnValue

from chatapp.core import feedback
from chatapp.core.feedback import MAX_COMMENT, Said
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import Choice, Text, Uuid
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import RATINGS, FeedbackOutput, dump
from chatapp.web.contract import answers


class FeedbackInput(Input):
    rating = Choice(tuple(RATINGS), required=True)
    comment = Text(MAX_COMMENT, raw=True, blank_is_null=True, load_default=None)
    message_id = Uuid(load_default=None)
    turn_id = Uuid(load_default=None)


@bp.post("/chat/threads/<thread_id>/feedback")
@takes(body=FeedbackInput)
@answers(FeedbackOutput, status=201)
def give_feedback(thread_id: UUID, body: Json) -> ResponseReturnValue:
    said = Said(RATINGS[body["rating"]], body["comment"])
    given = feedback.give(caller(), thread_id, said, body["message_id"], body["turn_id"])
    return dump(FeedbackOutput, given), 201
