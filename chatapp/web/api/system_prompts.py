"""`/api/chat-system-prompts/`: the organisation's instructions, for staff (waldur 2.4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from chatapp.core import screening, system_prompts
from chatapp.models import SystemPrompt
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller, staff_only
from chatapp.web.api.paging import paged
from chatapp.web.api.parsing import AnyText, Input, Text, parser
from chatapp.web.api.schemas import Moment
from chatapp.web.contract import answers, reads
from chatapp.web.responses import empty

# Staff may write what they like; what the guards make of it is advice.
ADVICE = "X-Guard-Advice"


class PromptInput(Input):
    name = Text(required=True, max_length=150)
    description = AnyText(max_length=2000)
    custom_instructions = AnyText(max_length=100_000)


class PromptOutput(Schema):
    uuid = fields.UUID(attribute="id")
    name = fields.String()
    description = fields.String()
    custom_instructions = fields.String()
    is_active = fields.Boolean()
    created = Moment()
    modified = Moment()


def present(prompt: SystemPrompt) -> Json:
    document: Json = PromptOutput().dump(prompt)
    return document


def advised(prompt: SystemPrompt, status: int) -> Response:
    """The prompt, with what the guards have to say about it in a header: the document is the contract's."""
    response = jsonify(present(prompt))
    response.status_code = status
    if advice := screening.advise(prompt.custom_instructions):
        response.headers[ADVICE] = advice
    return response


@bp.get("/chat-system-prompts/")
@staff_only
@answers(PromptOutput, many=True, paged=True)
def list_system_prompts() -> ResponseReturnValue:
    return paged(system_prompts.page, present)


@bp.post("/chat-system-prompts/")
@staff_only
@parser.use_args(PromptInput, location="body")
@answers(PromptOutput, status=201)
def create_system_prompt(values: Json) -> ResponseReturnValue:
    return advised(system_prompts.create(caller(), **values), 201)


@bp.get("/chat-system-prompts/<any_uuid:prompt_id>/")
@staff_only
@answers(PromptOutput)
def show_system_prompt(prompt_id: UUID) -> Json:
    return present(system_prompts.get(prompt_id))


@bp.route("/chat-system-prompts/<any_uuid:prompt_id>/", methods=["PUT", "PATCH"])
@staff_only
@reads(PromptInput, "body")
@answers(PromptOutput)
def change_system_prompt(prompt_id: UUID) -> Response:
    system_prompts.get(prompt_id)
    values: dict[str, Any] = parser.parse(PromptInput(partial=request.method == "PATCH"), location="body")
    return advised(system_prompts.change(caller(), prompt_id, values), 200)


@bp.delete("/chat-system-prompts/<any_uuid:prompt_id>/")
@staff_only
@answers(status=204)
def delete_system_prompt(prompt_id: UUID) -> Response:
    system_prompts.delete(caller(), prompt_id)
    return empty(204)


@bp.post("/chat-system-prompts/<any_uuid:prompt_id>/activate/")
@staff_only
@answers(PromptOutput)
def activate_system_prompt(prompt_id: UUID) -> Json:
    return present(system_prompts.activate(caller(), prompt_id))


@bp.post("/chat-system-prompts/<any_uuid:prompt_id>/deactivate/")
@staff_only
@answers(PromptOutput)
def deactivate_system_prompt(prompt_id: UUID) -> Json:
    return present(system_prompts.deactivate(caller(), prompt_id))
