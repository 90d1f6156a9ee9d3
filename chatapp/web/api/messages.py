"""`/api/chat-messages/`: questions and answers, always complete and unpaged."""

from __future__ import annotations

from chatapp.core import messages
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.parsing import parser
from chatapp.web.api.schemas import MessageOutput, MessageQuery

# A message is read in the list only; its path exists, so that clients are not told that the message does not.
bp.add_url_rule("/chat-messages/<any_uuid:message_id>/", "message", methods=[])


@bp.get("/chat-messages/")
@parser.use_args(MessageQuery, location="query")
def list_messages(query: Json) -> list[Json]:
    found = messages.list_visible(caller(), thread_id=query["thread"], with_history=bool(query["include_history"]))
    present = MessageOutput.seen_by(caller()).dump
    return [present(message) for message in found]
