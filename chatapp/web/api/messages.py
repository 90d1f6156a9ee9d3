"""`/api/chat-messages/`: questions and answers, always complete and unpaged; what people think of the answers."""

from __future__ import annotations

from uuid import UUID

from chatapp.core import feedback, messages
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.parsing import parser
from chatapp.web.api.schemas import FeedbackInput, MessageOutput, MessageQuery
from chatapp.web.contract import answers

# A message is read in the list only; its path exists, so that clients are not told that the message does not.
bp.add_url_rule("/chat-messages/<any_uuid:message_id>/", "message", methods=[])


@bp.get("/chat-messages/")
@parser.use_args(MessageQuery, location="query")
@answers(MessageOutput, many=True)
def list_messages(query: Json) -> list[Json]:
    found = messages.list_visible(
        caller(),
        thread_id=query["thread"],
        with_history=bool(query["include_history"]),
        is_flagged=query["is_flagged"],
        feedback_score=query["feedback_score"],
    )
    present = MessageOutput.seen_by(caller()).dump
    return [present(message) for message in found]


@bp.post("/chat-messages/<any_uuid:message_id>/feedback/")
@parser.use_args(FeedbackInput, location="body")
@answers(MessageOutput)
def rate_message(opinion: Json, message_id: UUID) -> Json:
    rated = feedback.rate(caller(), message_id, **opinion)
    document: Json = MessageOutput.seen_by(caller()).dump(rated)
    return document
