"""`/api/v1/chat/threads/{thread_id}/messages` (turns-api 3.8)."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from chatapp.core import messages, threads
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.cursors import Cursor, page
from chatapp.web.api_v1.fields import Choice, Count, Flag
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import MessageOutput, MessagePage, dump, listed
from chatapp.web.contract import answers

OLDEST_FIRST, NEWEST_FIRST = "asc", "desc"


class MessageQuery(Input):
    limit = Count(1, 200, load_default=50)
    cursor = Cursor()
    order = Choice((OLDEST_FIRST, NEWEST_FIRST), load_default=OLDEST_FIRST)
    include_superseded = Flag(load_default=False)


@bp.get("/chat/threads/<thread_id>/messages")
@takes(query=MessageQuery)
@answers(MessagePage)
def list_messages(thread_id: UUID, query: Json) -> Json:
    fetch = partial(
        messages.listed,
        threads.get_shown(caller(), thread_id).id,
        newest_first=query["order"] == NEWEST_FIRST,
        with_history=query["include_superseded"],
    )
    rows, cursor = page(query, fetch, lambda m: (m.sequence_index, m.created, m.id), query["order"])
    return listed((dump(MessageOutput, message) for message in rows), cursor)
