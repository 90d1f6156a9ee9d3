"""The body of Stream Turn in both its forms: the native one and that of chat toolkits (turns-api 4.2)."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, pre_load, validates_schema
from marshmallow.exceptions import SCHEMA

from chatapp.models import User
from chatapp.values import Json, Mode, OnActive, Question
from chatapp.web.api_v1.fields import Choice, Field, Items, Number, Section, Text, Uuid, WholeNumber
from chatapp.web.api_v1.idempotency import NAME, Key, KeyHeaders
from chatapp.web.api_v1.problems import Problem, Unprocessable, refusal, value_error
from chatapp.web.api_v1.reading import Input

MAX_CONTENT = 50_000
MAX_ATTACHMENTS = 20
MAX_ACTIVE = 5
MAX_SLOT = 128
SLOT = re.compile(r"[\x20-\x7e]*")
SUBMIT, REGENERATE = "submit-message", "regenerate-message"

Problems = dict[str, list[Problem]]


class Slot(Text):
    """A concurrency key: printable ASCII characters."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, *args, **kwargs)
        if text and not SLOT.fullmatch(text):
            raise value_error("Input should be printable ASCII characters")
        return text


class ToolkitMessages(Field[str | None]):
    """Of a toolkit's messages the last alone counts: its text, or None when it is not a user's."""

    kind = "list_type"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, list):
            raise refusal("list_type")
        last = value[-1] if value else {}
        if not isinstance(last, dict):
            raise refusal("dict_type")
        return _text_of(last) if last.get("role") == "user" else None


def _text_of(message: Json) -> str:
    parts = message.get("parts")
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "\n".join(text for text in texts if isinstance(text, str))


class SettingsInput(Input):
    max_output_tokens = WholeNumber(1, 32_000, attribute="maxOutputTokens")
    temperature = Number(0, 1)


class StreamHeaders(KeyHeaders):
    timezone = fields.String(data_key="X-User-Timezone", load_default="UTC")
    last_event_id = fields.String(data_key="Last-Event-ID", load_default="")


class StreamInput(Input):
    content = Text(MAX_CONTENT, 1)
    mode = Choice(Mode, load_default=Mode.MESSAGE.value)
    message_id = Uuid(load_default=None)
    attachment_ids = Items(Uuid(), MAX_ATTACHMENTS, load_default=None)
    settings = Section(SettingsInput, load_default=dict)
    on_active = Choice(OnActive, load_default=OnActive.REJECT.value)
    concurrency_key = Slot(MAX_SLOT, 1, raw=True, load_default=None)
    idempotency_key = Key(load_default=None)
    messages = ToolkitMessages()
    trigger = Choice((SUBMIT, REGENERATE), load_default=SUBMIT)

    @pre_load
    def _ignore_toolkit_ids(self, data: Json, **_: Any) -> Json:
        """Toolkits make up ids of the messages that they submit."""
        submits = data.get("messages") is not None and data.get("trigger") != REGENERATE
        return {key: value for key, value in data.items() if not (submits and key == "messageId")}

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _check_together(self, data: Json, given: Json, **_: Any) -> None:
        said = {key for key, value in given.items() if value is not None}
        check = _check_toolkit if "messages" in said else _check_native
        if problems := check(data, said):
            raise ValidationError(problems)


def _check_toolkit(data: Json, said: set[str]) -> Problems:
    if said & {"content", "mode"}:
        return {SCHEMA: [Problem("value_error", "messages go neither with content nor with mode")]}
    if data.get("trigger") != SUBMIT or "messages" not in data:
        return {}
    text = data["messages"]
    if text is None:
        return {"messages": [Problem("value_error", "The last message should be the user's")]}
    try:
        data["content"] = Text(MAX_CONTENT, 1).deserialize(text)
    except ValidationError as error:
        return {"messages": error.messages}  # type: ignore[dict-item]
    return {}


def _check_native(data: Json, said: set[str]) -> Problems:
    mode, problems = data.get("mode"), {}
    if mode == Mode.RELOAD and "content" in said:
        problems["content"] = [Problem("value_error", "An answer that is written again takes no content")]
    if mode in (Mode.MESSAGE, Mode.EDIT) and "content" not in said:
        problems["content"] = [Problem.of("missing")]
    if mode == Mode.EDIT and "messageId" not in said:
        problems["messageId"] = [Problem.of("missing")]
    return problems


def question(user: User, thread_id: UUID, headers: Json, body: Json) -> Question:
    """What the person asks. Raises Unprocessable for two keys that differ."""
    mode = Mode(body["mode"])
    if "messages" in body and body["trigger"] == REGENERATE:
        mode = Mode.RELOAD
    return Question(
        user_id=user.id,
        text=body.get("content") or "",
        thread_id=thread_id,
        mode=mode,
        message_id=None if mode is Mode.MESSAGE else body["message_id"],
        on_active=OnActive(body["on_active"]),
        timezone=headers["timezone"],
        model_settings=body["settings"],
        idempotency_key=_key(headers, body),
        concurrency_key=body["concurrency_key"],
        active_limit=MAX_ACTIVE,
        attachment_ids=tuple(body["attachment_ids"] or ()),
        keeps_files=body["attachment_ids"] is None,
        in_archive=False,
        capacity_last=True,
    )


def _key(headers: Json, body: Json) -> str | None:
    in_header: str | None = headers["idempotency_key"]
    in_body: str | None = body["idempotency_key"]
    if in_header and in_body and in_header != in_body:
        raise Unprocessable.of("header", NAME, msg="The header and the body have different keys")
    return in_header or in_body
