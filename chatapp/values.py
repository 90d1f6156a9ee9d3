"""The words of the field as plain values: no database, no HTTP, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

import orjson

Json = dict[str, Any]
T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A frozen dataclass for values of which thousands are made a second. Who would change one is told by mypy, not
    when it happens: a dataclass that is told to be frozen takes three times as long to be made."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class BlockKey(StrEnum):
    """The eight kinds of block (waldur-chat-api section 4)."""

    MARKDOWN = "markdown"
    CODE = "code"
    MERMAID = "mermaid"
    VM_ORDER = "vm_order"
    RESOURCE_LIST = "resource_list"
    HOMEPORT_NAV = "homeport_nav"
    ASK_USER_FORM = "ask_user_form"
    TOOL = "tool"


class Proof(StrEnum):
    """What a session of a browser was begun with."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"  # beside the password
    PROVIDER = "provider"


class Scope(StrEnum):
    """What a secret of the APIs is good for."""

    ALL = "all"  # that its owner may do
    READ = "read"  # of it, what changes nothing


class Mode(StrEnum):
    MESSAGE = "message"
    RELOAD = "reload"
    EDIT = "edit"


class OnActive(StrEnum):
    """What a new turn does to one that is still active in its thread (turns-api 2.3.5)."""

    REJECT = "reject"
    INTERRUPT = "interrupt"


class TurnStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_active(self) -> bool:
        return self in ACTIVE


ACTIVE = (TurnStatus.PENDING, TurnStatus.RUNNING, TurnStatus.AWAITING_APPROVAL)


class Severity(StrEnum):
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(StrEnum):
    ALLOW = "allow"
    FLAG = "flag"
    WARN = "warn"
    REDACT = "redact"
    BLOCK = "block"


class Decision(StrEnum):
    """What people make of a flag."""

    UNDECIDED = "undecided"
    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    FOLLOW_UP = "follow_up"


class FinishReason(StrEnum):
    """How a completed turn ended (turns-api 4.4, `finish`)."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more model calls. `exact` is false when any part had to be estimated.

    `input_tokens` includes cache reads and writes (turns-api 2.3.2).
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    exact: bool = True

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.exact and other.exact,
        )


@value
class Event:
    """One numbered entry of a turn's log. `data` is the whole wire object, `type` included; `json` is it as text."""

    seq: int
    data: Mapping[str, Any]
    json: str

    @classmethod
    def of(cls, seq: int, data: Mapping[str, Any]) -> Event:
        return cls(seq, data, orjson.dumps(data).decode())

    @classmethod
    def read(cls, seq: int, json: str) -> Event:
        return cls(seq, orjson.loads(json), json)

    @property
    def type(self) -> str:
        return str(self.data["type"])

    @property
    def is_last(self) -> bool:
        """Nothing follows this event until somebody acts on the turn (turns-api 4.4, grammar)."""
        return self.data["type"] in ("finish", "error", "abort")

    @property
    def is_text(self) -> bool:
        """Whether this is nothing but more of a text."""
        return self.type == "text-delta"

    @property
    def waits_for_person(self) -> bool:
        """Whether this ends the stream, but not the turn."""
        metadata = self.data.get("messageMetadata", {})
        return self.type == "finish" and metadata.get("finishReason") == FinishReason.APPROVAL


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a turn failed, in words fit for end users (turns-api 2.3.4)."""

    code: str
    message: str
    retryable: bool

    def as_json(self) -> Json:
        return {"code": self.code, "message": self.message, "retryable": self.retryable}


class ResultType(StrEnum):
    SUCCESS = "success"
    VALIDATION_ERROR = "validation_error"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool came to (waldur section 9).

    `summary` is one short text for the model, kept with the conversation; `data` is more for the model, in this turn.
    `ui_component` and `ui_data` are a block for the person: its key, and the fields of its frame, flat. An `error` is
    for the model alone. `quarantined`: the guards found what reads like instructions in it.
    """

    type: ResultType
    summary: str
    data: Any = None
    ui_component: BlockKey | None = None
    ui_data: Json | None = None
    quarantined: bool = False

    @classmethod
    def success(
        cls, summary: str, data: Any = None, ui_component: BlockKey | None = None, ui_data: Json | None = None
    ) -> ToolResult:
        return cls(ResultType.SUCCESS, summary, data, ui_component, ui_data)

    @classmethod
    def invalid(cls, summary: str, ui_component: BlockKey | None = None, ui_data: Json | None = None) -> ToolResult:
        """The wish cannot be met as it is: for the model and, with a component, for the person."""
        return cls(ResultType.VALIDATION_ERROR, summary, None, ui_component, ui_data)

    @classmethod
    def error(cls, summary: str) -> ToolResult:
        """The tool refused or failed. `summary` must hold nothing that its caller may not know."""
        return cls(ResultType.ERROR, summary)

    @classmethod
    def read(cls, result: Mapping[str, Any]) -> ToolResult:
        component = result.get("ui_component")
        return cls(
            ResultType(result["type"]),
            result["summary"],
            result.get("data"),
            BlockKey(component) if component else None,
            result.get("ui_data"),
            bool(result.get("quarantined")),
        )

    def as_json(self) -> Json:
        optional = {
            "data": self.data,
            "ui_component": self.ui_component,
            "ui_data": self.ui_data,
            "quarantined": self.quarantined or None,
        }
        present = {name: value for name, value in optional.items() if value is not None}
        return {"type": str(self.type), "summary": self.summary} | present

    @property
    def awaits_person(self) -> bool:
        """The person has to act on what it shows, so the turn ends without another word (waldur 3.5)."""
        if self.ui_component is BlockKey.VM_ORDER:
            return (self.ui_data or {}).get("status") in ("preview", "success", "error")
        return self.ui_component is BlockKey.ASK_USER_FORM


class Audience(StrEnum):
    """For whom something is, from the widest on."""

    EVERYBODY = "everybody"
    SUPPORT = "support"
    STAFF = "staff"
    NOBODY = "nobody"

    @classmethod
    def of(cls, is_staff: bool, is_support: bool) -> tuple[Audience, ...]:
        """What a person belongs to. Staff may all that support may."""
        if is_staff:
            return (cls.EVERYBODY, cls.SUPPORT, cls.STAFF)
        return (cls.EVERYBODY, cls.SUPPORT) if is_support else (cls.EVERYBODY,)


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks in a thread: the validated wish, before anything is stored."""

    user_id: UUID
    text: str = ""
    thread_id: UUID | None = None
    mode: Mode = Mode.MESSAGE
    message_id: UUID | None = None
    on_active: OnActive = OnActive.REJECT
    timezone: str = "UTC"
    model_settings: Mapping[str, Any] = field(default_factory=dict)
    # What it is asked with: attachments of the thread, and artifacts that the question attaches. An edit for which
    # neither was given keeps what it was asked with before.
    attachment_ids: tuple[UUID, ...] = ()
    artifact_ids: tuple[UUID, ...] = ()
    keeps_files: bool = True
    idempotency_key: str | None = None
    concurrency_key: str | None = None
    # How many answers the asker may have running at once; None: any number.
    active_limit: int | None = None
    # Whether an archived thread may be asked in; otherwise it is as good as gone.
    in_archive: bool = True
    # Whether quotas and capacity are looked at after all else (turns-api 0.2), not before (waldur 2.6).
    capacity_last: bool = False
