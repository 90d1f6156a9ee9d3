"""Output of this dialect: the contract, from which its description is derived (turns-api section 2)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import orjson
from marshmallow import INCLUDE, fields

from chatapp import tools
from chatapp.core.agents import MODES
from chatapp.core.artifacts import KINDS
from chatapp.core.attachments import Attached
from chatapp.core.own_threads import Summary
from chatapp.models import Artifact, Feedback, Message
from chatapp.values import Json, Mode, OnActive, Role, TurnStatus
from chatapp.web.api_v1.fields import Choice
from chatapp.web.api_v1.reading import CamelCase, Output, made

Moment = partial(fields.DateTime, format="%Y-%m-%dT%H:%M:%S.%fZ")
NullableMoment = partial(Moment, allow_none=True)
NullableId = partial(fields.UUID, allow_none=True)
NullableText = partial(fields.String, allow_none=True)

RATINGS = {"positive": True, "negative": False}
FORMATS = ("pydantic_ai", "text")
INGESTION = ("none", "pending", "processing", "completed", "failed")


def listed(items: Iterable[Json], cursor: str | None) -> Json:
    """A page of a cursor list."""
    return {"items": list(items), "nextCursor": cursor}


class TokenOutput(Output):
    id = fields.UUID()
    name = fields.String()
    token_prefix = fields.String(attribute="prefix")
    token_type = Choice(("session", "pat", "apiKey"), attribute="kind")
    created_at = Moment(attribute="created")
    expires_at = NullableMoment()
    last_used_at = NullableMoment()
    revoked_at = NullableMoment()


class NewTokenOutput(Output):
    plaintext = fields.String()
    token = fields.Nested(TokenOutput)


class ThreadOutput(Output):
    """Of a `Summary`."""

    id = fields.UUID(attribute="thread.id")
    title = NullableText(attribute="thread.title")
    agent_spec_id = NullableId(attribute="thread.agent_spec_id")
    system_prompt = NullableText(attribute="thread.system_prompt")
    metadata = fields.Dict(attribute="thread.client_data")
    crystallize_eligible = fields.Method("_is_crystallizable", metadata={"type": "boolean"})
    last_message_at = NullableMoment(attribute="thread.last_message_at")
    last_message_preview = NullableText(attribute="preview")
    last_turn_id = fields.Method("_turn_id", metadata={"type": ["string", "null"], "format": "uuid"})
    last_turn_status = fields.Method("_turn_status", metadata={"enum": [*TurnStatus, None]})
    created_at = Moment(attribute="thread.created")
    updated_at = Moment(attribute="thread.modified")

    def _is_crystallizable(self, summary: Summary) -> bool:
        return not summary.tools.isdisjoint(tools.crystallizable())

    def _turn_id(self, summary: Summary) -> str | None:
        return str(summary.turn.id) if summary.turn else None

    def _turn_status(self, summary: Summary) -> str | None:
        return summary.turn.status if summary.turn else None


class DeletionOutput(Output):
    deleted_count = fields.Integer()


class MessageOutput(Output):
    id = fields.UUID()
    thread_id = fields.UUID()
    turn_id = NullableId()
    role = Choice(("user", "assistant", "system", "tool"))
    content = fields.String()
    format = fields.Method("_format", metadata={"enum": FORMATS})
    raw_data = fields.Dict(allow_none=True)
    created_by = fields.Method("_author", metadata={"type": ["string", "null"], "format": "uuid"})
    created_at = Moment(attribute="created")
    updated_at = Moment(attribute="modified")

    def _format(self, message: Message) -> str:
        return "text" if message.raw_data is None else "pydantic_ai"

    def _author(self, message: Message) -> str | None:
        return str(message.user_id) if message.role == Role.USER else None


class UsageOutput(Output):
    input_tokens = fields.Integer()
    cached_input_tokens = fields.Integer()
    output_tokens = fields.Integer()
    total_cost = NullableText()


class FailureOutput(Output):
    code = fields.String()
    message = fields.String()
    retryable = fields.Boolean()


class SettingsOutput(Output):
    """Where they apply, with more keys: targetMessageId, inputGuard, partialTextApplied."""

    class Meta:
        unknown = INCLUDE

    mode = Choice(Mode)
    timezone = fields.String()
    agent_spec_id = NullableId()
    attachment_ids = fields.List(fields.UUID())
    on_active = Choice(OnActive)
    model_settings = fields.Dict()


class TurnOutput(Output):
    """What `core.snapshots.turn_json` writes."""

    id = fields.UUID()
    thread_id = fields.UUID()
    status = Choice(TurnStatus)
    input_message_id = fields.UUID()
    output_message_id = NullableId()
    model_id = NullableText()
    settings = fields.Nested(SettingsOutput)
    usage = fields.Nested(UsageOutput, allow_none=True)
    error = fields.Nested(FailureOutput, allow_none=True)
    concurrency_key = NullableText()
    idempotency_key = NullableText()
    created_at = Moment()
    started_at = NullableMoment()
    completed_at = NullableMoment()
    duration_seconds = fields.Float(allow_none=True)
    updated_at = Moment()


class FeedbackOutput(Output):
    id = fields.UUID()
    thread_id = fields.UUID()
    rating = fields.Method("_rating", metadata={"enum": list(RATINGS)})
    comment = NullableText()
    message_id = NullableId()
    turn_id = NullableId()
    created_by = fields.UUID(attribute="user_id")
    created_at = Moment(attribute="created")

    def _rating(self, feedback: Feedback) -> str:
        return "positive" if feedback.score else "negative"


class ArtifactOutput(Output):
    id = fields.UUID()
    kind = Choice(KINDS)
    title = NullableText()
    storage_type = fields.Method("_storage", metadata={"enum": ["inline", "blob"]})
    content = fields.Method("_content", metadata={"type": ["object", "null"]})
    original_filename = NullableText()
    mime_type = fields.String()
    size_bytes = fields.Integer()
    sha256 = fields.String()
    action_run_id = NullableId()
    turn_id = NullableId()
    created_by = fields.UUID(attribute="user_id")
    created_at = Moment(attribute="created")
    updated_at = Moment(attribute="modified")

    def _storage(self, artifact: Artifact) -> str:
        return "blob" if artifact.content is None else "inline"

    def _content(self, artifact: Artifact) -> Json | None:
        if artifact.content is None:
            return None
        data = orjson.loads(artifact.content) if artifact.kind == "json" else artifact.content
        return {"kind": artifact.kind, "storage": "inline", "data": data}


class ArtifactList(Output):
    artifacts = fields.List(fields.Nested(ArtifactOutput))
    has_next = fields.Boolean()
    limit = fields.Integer()
    offset = fields.Integer()
    total = fields.Integer()


class AttachmentOutput(Output):
    """Of an `Attached`."""

    id = fields.UUID(attribute="attachment.id")
    thread_id = fields.UUID(attribute="attachment.thread_id")
    artifact_id = fields.UUID(attribute="attachment.artifact_id")
    message_id = NullableId(attribute="attachment.message_id")
    scope = fields.Method("_scope", metadata={"enum": ["thread", "message"]})
    original_filename = fields.String(attribute="attachment.original_filename")
    mime_type = fields.String(attribute="attachment.mime_type")
    size_bytes = fields.Integer(attribute="attachment.size_bytes")
    ingestion_status = Choice(INGESTION, attribute="artifact.ingestion_status")
    created_by = fields.UUID(attribute="attachment.user_id")
    created_at = Moment(attribute="attachment.created")
    updated_at = Moment(attribute="attachment.modified")

    def _scope(self, attached: Attached) -> str:
        return "message" if attached.attachment.message_id else "thread"


class AgentSpecOutput(Output):
    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    description = fields.String()
    mode = Choice(MODES)
    tools = fields.List(fields.String())
    created_at = Moment(attribute="created")
    updated_at = Moment(attribute="modified")


class AgentSpecList(Output):
    specs = fields.List(fields.Nested(AgentSpecOutput))
    total = fields.Integer()


class Page(Output):
    next_cursor = NullableText()


class TokenPage(Page):
    items = fields.List(fields.Nested(TokenOutput))


class ThreadPage(Page):
    items = fields.List(fields.Nested(ThreadOutput))


class MessagePage(Page):
    items = fields.List(fields.Nested(MessageOutput))


class EventOutput(Output):
    """The JSON of a `data:` line; what else there is depends on the type (turns-api 4.4)."""

    class Meta:
        unknown = INCLUDE

    type = fields.String()


def dump(schema: type[CamelCase], found: Any) -> Json:
    """One object as the schema presents it."""
    document: Json = made(schema).dump(found)
    return document
