"""`/api/v1/chat/threads`: lists, one, changes, deletion (turns-api 3.1 to 3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue
from marshmallow import validates_schema

from chatapp.core import deleting, own_threads, threads
from chatapp.models import Thread
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.cursors import Cursor, page
from chatapp.web.api_v1.fields import Count, Items, Object, Text, Uuid, YesOrNo
from chatapp.web.api_v1.idempotency import KeyHeaders, once
from chatapp.web.api_v1.problems import value_error
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import DeletionOutput, ThreadOutput, ThreadPage, dump, listed
from chatapp.web.contract import answers
from chatapp.web.responses import empty

MAX_PROMPT = 20_000
MAX_METADATA = 16 * 1024
MAX_DELETED = 100

Title = partial(Text, threads.NAME_LENGTH, blank_is_null=True)
Prompt = partial(Text, MAX_PROMPT, raw=True, blank_is_null=True)
Metadata = partial(Object, MAX_METADATA, attribute="client_data")


class ThreadQuery(Input):
    limit = Count(1, 100, load_default=20)
    cursor = Cursor()


class ThreadInput(Input):
    title = Title()
    agent_spec_id = Uuid()
    system_prompt = Prompt()
    metadata = Metadata()


class ThreadChanges(Input):
    """Null clears a field; one that is left out stays as it is."""

    title = Title(allow_none=True)
    agent_spec_id = Uuid(allow_none=True)
    system_prompt = Prompt(allow_none=True)
    metadata = Metadata(allow_none=True)


class DeletionInput(Input):
    all = YesOrNo(load_default=False)
    thread_ids = Items(Uuid(), MAX_DELETED, load_default=list)

    @validates_schema
    def _check_choice(self, data: Json, **_: object) -> None:
        if data["all"] and data["thread_ids"]:
            raise value_error("Either all or some threads can be deleted, not both")


def present(found: Sequence[Thread]) -> list[Json]:
    return [dump(ThreadOutput, summary) for summary in own_threads.summaries(found)]


@bp.get("/chat/threads")
@takes(query=ThreadQuery)
@answers(ThreadPage)
def list_threads(query: Json) -> Json:
    fetch = partial(own_threads.page, caller())
    rows, cursor = page(query, fetch, lambda thread: (thread.last_activity_at, thread.id))
    return listed(present(rows), cursor)


@bp.post("/chat/threads")
@takes(headers=KeyHeaders, body=ThreadInput)
@answers(ThreadOutput, status=201, refusals=(409,))
def create_thread(headers: Json, body: Json) -> ResponseReturnValue:
    def make() -> Json:
        return present([own_threads.create(caller(), body)])[0]

    document, status, more = once(headers["idempotency_key"], body, 201, make)
    return document, status, {"Location": f"/api/v1/chat/threads/{document['id']}", **more}


@bp.post("/chat/threads/bulk-delete")
@takes(body=DeletionInput)
@answers(DeletionOutput)
def delete_threads(body: Json) -> Json:
    user = caller()
    count = deleting.delete_all(user) if body["all"] else deleting.delete_some(user, body["thread_ids"])
    return {"deletedCount": count}


@bp.get("/chat/threads/<thread_id>")
@takes()
@answers(ThreadOutput)
def show_thread(thread_id: UUID) -> Json:
    return present([threads.get_shown(caller(), thread_id)])[0]


@bp.patch("/chat/threads/<thread_id>")
@takes(body=ThreadChanges)
@answers(ThreadOutput)
def change_thread(thread_id: UUID, body: Json) -> Json:
    if body.get("client_data", {}) is None:
        body["client_data"] = {}
    return present([own_threads.change(caller(), thread_id, body)])[0]


@bp.delete("/chat/threads/<thread_id>")
@takes()
@answers(status=204)
def delete_thread(thread_id: UUID) -> Response:
    deleting.delete(caller(), thread_id)
    return empty(204)
