"""Files in threads: `/api/v1/chat/.../attachments` (turns-api 3.9 to 3.11)."""

from __future__ import annotations

from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from chatapp.core import attachments, threads
from chatapp.core.attachments import MOST_OF_THREAD
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import LARGEST, Count, Uuid
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import AttachmentOutput, dump
from chatapp.web.contract import answers
from chatapp.web.responses import empty


class AttachmentQuery(Input):
    limit = Count(1, 100, load_default=MOST_OF_THREAD)
    offset = Count(0, LARGEST, load_default=0)


class NewAttachmentQuery(Input):
    artifact_id = Uuid(data_key="artifact_id", required=True)


class AttachmentInput(Input):
    message_id = Uuid(load_default=None)


@bp.get("/chat/threads/<thread_id>/attachments")
@takes(query=AttachmentQuery)
@answers(AttachmentOutput, many=True)
def list_attachments(thread_id: UUID, query: Json) -> list[Json]:
    thread = threads.get_shown(caller(), thread_id)
    return [dump(AttachmentOutput, attached) for attached in attachments.listing(thread, **query)]


@bp.post("/chat/threads/<thread_id>/attachments")
@takes(query=NewAttachmentQuery, body=AttachmentInput)
@answers(AttachmentOutput, status=201, refusals=(409,))
def create_attachment(thread_id: UUID, query: Json, body: Json) -> ResponseReturnValue:
    """Attaching once more what is attached answers 200 with the attachment that there is."""
    thread = threads.get_shown(caller(), thread_id)
    attached, is_new = attachments.create(caller(), thread.id, query["artifact_id"], body["message_id"])
    return dump(AttachmentOutput, attached), 201 if is_new else 200


@bp.get("/chat/attachments/<attachment_id>")
@takes()
@answers(AttachmentOutput)
def show_attachment(attachment_id: UUID) -> Json:
    return dump(AttachmentOutput, attachments.get_shown(caller(), attachment_id))


@bp.delete("/chat/attachments/<attachment_id>")
@takes()
@answers(status=204)
def delete_attachment(attachment_id: UUID) -> Response:
    attachments.get_shown(caller(), attachment_id)
    attachments.delete_own(caller(), attachment_id)
    return empty(204)
