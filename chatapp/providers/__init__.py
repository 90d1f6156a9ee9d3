"""What a model provider is, and which one answers.

A provider turns one `ModelRequest` into a stream of `ModelEvent`s for ONE model call. It knows nothing of
turns, threads or the database. To add a provider: a module with a class of the `Provider` shape, a branch in
`choose`, a test module against something that speaks its protocol for real.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from chatapp import config
from chatapp.config import Settings
from chatapp.values import Failure, Role, Usage, value


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file that somebody has attached: what it is, and as much of its text as the model is shown, or why there is
    none. `text` is data, never instructions. `key` is what a tool reads more of it by."""

    key: str
    name: str
    mime_type: str
    text: str = ""
    note: str = ""

    @property
    def as_text(self) -> str:
        """For models that know nothing but text."""
        attributes = {"id": self.key, "name": self.name, "type": self.mime_type, "note": self.note}
        head = " ".join(f'{name}="{_quoted(value)}"' for name, value in attributes.items() if value)
        return f"<attachment {head}>\n{TAG.sub('<_attachment', self.text)}\n</attachment>"


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image for a model that sees; one that does not is told of it by a FilePart, which comes first."""

    mime_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    call_id: str
    name: str
    content: str
    is_error: bool = False
    outcome: str = "success"  # success | failed | denied


Part = TextPart | FilePart | ImagePart | ToolCallPart | ToolResultPart
# What could pass for the end of an attachment, or for another one.
TAG = re.compile("</?attachment", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One entry of the conversation. Tool calls stand in assistant messages, tool results in user messages."""

    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    name: str
    description: str
    parameters: Mapping[str, Any]  # JSON schema of the arguments


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """`tools` are those that occur in the conversation too; none of them may be called unless `may_call`.

    `own_instructions` are the words of `system` that are those of the person, who may read them in an answer.
    """

    system: str
    messages: tuple[ModelMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    may_call: bool = True
    max_tokens: int | None = None
    temperature: float | None = None
    own_instructions: str = ""


class StopReason(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    TOOL_USE = "tool_use"
    PAUSE = "pause"  # the model wants to be called again with what it has said
    CONTENT_FILTER = "content_filter"
    CONTEXT_FULL = "context_full"


@value
class Text:
    """A piece of answer text. Pieces with the same `block` belong together; a new number opens a new text block."""

    delta: str
    block: int = 0


@value
class Reasoning:
    delta: str
    block: int = 0


@value
class ToolCallBegun:
    call_id: str
    name: str


@value
class ToolCallInput:
    call_id: str
    delta: str


@value
class ToolCall:
    """A complete call. `arguments` is None when the model's JSON could not be parsed."""

    call_id: str
    name: str
    arguments: Mapping[str, Any] | None


@value
class UsageSoFar:
    """Usage of this model call as known now; each report replaces the one before."""

    usage: Usage


@value
class Stopped:
    """The model call ended in good order. Always the last event."""

    reason: StopReason


ModelEvent = Text | Reasoning | ToolCallBegun | ToolCallInput | ToolCall | UsageSoFar | Stopped


class ModelStream(Protocol):
    """One running model call.

    Iterating yields `ModelEvent`s as they arrive and raises `ProviderError`. It ends after `Stopped`.
    `close` may be called from any thread at any time, twice too: it drops the provider's connection at once, and an
    iteration that is blocked in a read ends (normally or with `ProviderError`) without delay.
    """

    model: str

    def __iter__(self) -> Iterator[ModelEvent]: ...

    def close(self) -> None: ...


class Provider(Protocol):
    """`knows_all_tools`: its model need not be offered a tool to call it, so nothing is gained by loading some late."""

    name: str
    knows_all_tools: bool

    def prepare(self) -> None:
        """Do once, at the start of the process, what would make the first call slow."""
        ...

    def stream(self, request: ModelRequest) -> ModelStream:
        """Begin a model call. May raise `ProviderError` at once or on the first iteration."""
        ...

    def title(self, text: str) -> tuple[str, Usage]:
        """A title of three to six words for a conversation that begins with `text` (at most 500 characters).

        Raises ProviderError."""
        ...

    def probe(self, timeout: float) -> None:
        """Whether the service is there and takes our key, asked in a way that costs nothing. Raises ProviderError."""
        ...

    def cost(self, model: str, usage: Usage) -> str | None:
        """Price in US dollars as a plain decimal with at most 8 fraction digits; None when it is unknown."""
        ...


class Trouble(StrEnum):
    """Everything that can go wrong with a model service; each has its own words for the user (waldur 3.6)."""

    AUTH = "auth"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    CONNECT = "connect"
    SERVER = "server"
    MODEL_NOT_FOUND = "model_not_found"
    REJECTED = "rejected"
    TOO_LONG = "too_long"
    FILTERED = "filtered"
    OTHER = "other"


FAILURES: Mapping[Trouble, Failure] = {
    Trouble.AUTH: Failure(
        "provider_auth", "The assistant service refused our credentials (authentication failed).", False
    ),
    Trouble.RATE_LIMIT: Failure(
        "provider_rate_limited", "The assistant service is busy (rate limit). Please try again in a moment.", True
    ),
    Trouble.TIMEOUT: Failure(
        "provider_timeout", "The request to the assistant service timed out. Please try again.", True
    ),
    Trouble.CONNECT: Failure(
        "provider_unavailable", "The assistant service could not be reached. Please try again later.", True
    ),
    Trouble.SERVER: Failure(
        "provider_unavailable", "The assistant service reported an internal problem. Please try again later.", True
    ),
    Trouble.MODEL_NOT_FOUND: Failure(
        "provider_rejected", "The configured model was not found at the assistant service.", False
    ),
    Trouble.REJECTED: Failure("provider_rejected", "The assistant service rejected the request as invalid.", False),
    Trouble.TOO_LONG: Failure(
        "context_too_long", "This conversation is too long for the model. Please start a new chat.", False
    ),
    Trouble.FILTERED: Failure("content_filtered", "The assistant service withheld the answer.", False),
    Trouble.OTHER: Failure("internal", "The assistant service answered in an unexpected way. Please try again.", True),
}


@dataclass(eq=False)
class ProviderError(Exception):
    """A model call failed. `failure` is what the user is told; `detail` is for the log and holds no secret."""

    failure: Failure
    detail: str = field(default="")

    @classmethod
    def of(cls, trouble: Trouble, detail: str = "") -> ProviderError:
        return cls(FAILURES[trouble], detail)


# What a model is asked in place of a question that it must not see.
DECLINE = (
    "I cannot have help with what I asked last. In one or two sentences, tell me so without an apology and without a "
    "reason, and say what you can help me with instead."
)

_chosen: tuple[Settings, Provider] | None = None


def choose() -> Provider | None:
    """The provider that the settings ask for; None when there is no language model. One instance a process."""
    global _chosen
    settings = config.current()
    if settings.provider_in_force == "none":
        return None
    if _chosen is None or _chosen[0] is not settings:
        _chosen = (settings, _make(settings))
    return _chosen[1]


def _quoted(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("\n", " ")


def load() -> None:
    """Import what calls to the model need. It takes a second or two, and makes nothing: any thread may do it."""
    if config.current().provider_in_force == "anthropic":
        from chatapp.providers import sdk, wire  # noqa: F401


def warm_up() -> None:
    """Prepare the provider before anybody waits for it."""
    provider = choose()
    if provider:
        provider.prepare()


def _make(settings: Settings) -> Provider:
    if settings.provider_in_force == "offline":
        from chatapp.providers.offline import OfflineProvider

        return OfflineProvider(tick=settings.offline_tick, pace=settings.offline_pace)
    from chatapp.providers.anthropic import AnthropicProvider

    return AnthropicProvider(
        api_key=settings.anthropic_api_key,
        base_url=settings.anthropic_base_url or None,
        model=settings.anthropic_model,
        title_model=settings.anthropic_title_model or None,
        max_tokens=settings.anthropic_max_tokens,
        prices=settings.prices,
        timeout=settings.anthropic_read_timeout,
    )
