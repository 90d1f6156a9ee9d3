"""Input and output of this dialect: the contract, from which its description is derived."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validates_schema

from chatapp.core.blocks import as_text
from chatapp.core.feedback import CATEGORIES, MAX_COMMENT
from chatapp.core.thread_order import SORT_KEYS
from chatapp.models import User
from chatapp.values import Json, Mode, Severity
from chatapp.web.api.auth import sees_everything
from chatapp.web.api.filters import Day, FilterChoice, Flag, Number, SortKeys
from chatapp.web.api.parsing import AnyText, Choice, Input, Text, Uuid, YesOrNo

MAX_INPUT = 50_000
MAX_SEARCH = 1000

UNNAMED = "New chat"
DETECTION = (
    "is_flagged",
    "severity",
    "injection_categories",
    "pii_categories",
    "action_taken",
    "injection_score",
    "injection_severity",
)

Moment = partial(fields.DateTime, format="%Y-%m-%dT%H:%M:%S.%fZ")


def pick(document: Json, names: Sequence[str]) -> Json:
    """The named fields of a document; all of them when it has none of those (waldur 0.5)."""
    return {name: value for name, value in document.items() if name in names} or document


class StreamInput(Input):
    input = Text(required=True, max_length=MAX_INPUT)
    thread_uuid = Uuid(load_default=None)
    mode = Choice((Mode.RELOAD, Mode.EDIT), load_default=None, allow_none=True)
    edit_message_uuid = Uuid(load_default=None)
    update_thread_name = Uuid(load_default=None)

    @validates_schema
    def _check_mode(self, data: Json, **_: Any) -> None:
        if data["update_thread_name"]:
            return  # the other fields are ignored then (waldur section 6)
        if data["mode"] and not data["thread_uuid"]:
            raise ValidationError("A mode needs thread_uuid.", "mode")
        if data["mode"] == Mode.EDIT and not data["edit_message_uuid"]:
            raise ValidationError("Editing needs the message to edit.", "edit_message_uuid")
        if data["edit_message_uuid"] and data["mode"] != Mode.EDIT:
            raise ValidationError("Only the mode edit takes this field.", "edit_message_uuid")


class FieldQuery(Input):
    field = fields.List(fields.String(), load_default=list)


class ThreadQuery(FieldQuery):
    user = Uuid(load_default=None)
    scope = FilterChoice(("own",))
    is_archived = Flag()
    is_flagged = Flag()
    max_severity = FilterChoice(tuple(Severity))
    has_feedback = Flag()
    query = AnyText(max_length=MAX_SEARCH, load_default="")
    created = Day()
    created_after = Day()
    created_before = Day()
    modified = Day()
    modified_after = Day()
    modified_before = Day()
    input_tokens_min = Number()
    input_tokens_max = Number()
    output_tokens_min = Number()
    output_tokens_max = Number()
    total_tokens_min = Number()
    total_tokens_max = Number()
    o = SortKeys(SORT_KEYS)


class MessageQuery(Input):
    thread = Uuid(load_default=None)
    include_history = Flag()
    is_flagged = Flag()
    feedback_score = Flag()


class FeedbackInput(Input):
    score = YesOrNo(required=True)
    comment = AnyText(max_length=MAX_COMMENT, load_default=None)
    category = Choice(CATEGORIES, load_default=None)

    @validates_schema
    def _check_category(self, data: Json, **_: Any) -> None:
        if data["score"] and data["category"]:
            raise ValidationError("Only a thumbs down has a category.", "category")


class ThreadName(fields.String):
    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return str(value or UNNAMED)


class BlocksAsText(fields.String):
    """What a message says, for clients that know no blocks (waldur section 11)."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return as_text(value)


class SessionOutput(Schema):
    uuid = fields.UUID(attribute="id")
    user = fields.UUID(attribute="user_id")
    user_username = fields.String(attribute="user.username")
    user_full_name = fields.String(attribute="user.full_name")
    created = Moment()
    modified = Moment()


class ThreadOutput(Schema):
    uuid = fields.UUID(attribute="id")
    name = ThreadName(attribute="title")
    chat_session = fields.UUID(attribute="session_id")
    flags = fields.Dict()
    is_archived = fields.Boolean()
    message_count = fields.Integer()
    input_tokens = fields.Integer(allow_none=True)
    output_tokens = fields.Integer(allow_none=True)
    total_tokens = fields.Integer(allow_none=True)
    title_gen_input_tokens = fields.Integer(attribute="title_input_tokens", allow_none=True)
    title_gen_output_tokens = fields.Integer(attribute="title_output_tokens", allow_none=True)
    models_used = fields.String()
    is_flagged = fields.Boolean()
    max_severity = fields.String()
    has_feedback = fields.Boolean()
    user_username = fields.String(attribute="user.username")
    user_full_name = fields.String(attribute="user.full_name")
    created = Moment()
    modified = Moment()


class StatisticsOutput(Schema):
    threads_total = fields.Integer()
    sessions_total = fields.Integer()
    users_total = fields.Integer()
    messages_total = fields.Integer()
    input_tokens_total = fields.Integer()
    output_tokens_total = fields.Integer()
    total_tokens = fields.Integer()
    flagged_total = fields.Integer()
    feedback_positive = fields.Integer()
    feedback_negative = fields.Integer()
    satisfaction_rate = fields.Float(allow_none=True)


class MessageOutput(Schema):
    uuid = fields.UUID(attribute="id")
    thread = fields.UUID(attribute="thread_id")
    role = fields.String()
    blocks = fields.List(fields.Dict())
    content = BlocksAsText(attribute="blocks", dump_only=True)
    warning = fields.String()
    sequence_index = fields.Integer()
    replaces = fields.UUID(attribute="replaces_id", allow_none=True)
    created = Moment()
    input_tokens = fields.Integer(allow_none=True)
    output_tokens = fields.Integer(allow_none=True)
    feedback_score = fields.Boolean(allow_none=True)
    feedback_comment = fields.String(allow_none=True)
    feedback_category = fields.String(allow_none=True)
    feedback_submitted_at = Moment(allow_none=True)
    is_flagged = fields.Boolean()
    severity = fields.String()
    injection_categories = fields.List(fields.String())
    pii_categories = fields.List(fields.String())
    action_taken = fields.String()
    injection_score = fields.Float()
    injection_severity = fields.String()

    @classmethod
    def seen_by(cls, user: User) -> MessageOutput:
        """The schema for this reader: what the guards found is for staff and support."""
        return cls() if sees_everything(user) else cls(exclude=DETECTION)


class StreamIds(Schema):
    thread_uuid = fields.UUID()
    user_message_uuid = fields.UUID()
    assistant_message_uuid = fields.UUID()


class StreamLine(Schema):
    """A line of the stream: m, w, e, or a kind of block with what belongs to it (waldur 3.2)."""

    class Meta:
        unknown = INCLUDE

    m = fields.Nested(StreamIds)
    w = fields.String()
    e = fields.String()
    k = fields.String()
    c = fields.String()
    t = fields.String()
