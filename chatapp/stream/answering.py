"""One answer: model calls in steps, from provider events to numbered events and a transcript."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

from chatapp.core import spoken
from chatapp.core.endings import CHARACTERS_PER_TOKEN, Output
from chatapp.core.titles import Attempt
from chatapp.core.traces import ModelCall, Trace, moment
from chatapp.core.transcripts import Transcript
from chatapp.guards.shield import Shield
from chatapp.providers import (
    FilePart,
    ModelRequest,
    ModelStream,
    Provider,
    ProviderError,
    Reasoning,
    Stopped,
    StopReason,
    Text,
    TextPart,
    ToolCall,
    ToolCallBegun,
    ToolCallInput,
    ToolResultPart,
    Trouble,
    UsageSoFar,
)
from chatapp.stream.calling import Calling
from chatapp.tools.toolbox import Toolbox
from chatapp.values import Event, FinishReason, Usage

TOOL_ROUNDS = 5
PAUSE = 0.5  # seconds of silence after which the last word is shown, though it may go on
CONTENT = (Text, Reasoning, ToolCallBegun)
REASONS = {StopReason.LENGTH: FinishReason.LENGTH, StopReason.CONTENT_FILTER: FinishReason.CONTENT_FILTER}


class Recording(Protocol):
    """Where the events of one turn go."""

    @property
    def last_seq(self) -> int: ...

    def delta(self, type: str, block: str, text: str) -> None: ...
    def event(self, data: Mapping[str, Any]) -> None: ...
    def usage(self, usage: Usage, model: str) -> None: ...


@dataclass
class Step:
    """One model call and the tool calls it made."""

    number: int
    open: tuple[str, str] | None = None
    calls: list[ToolCall] = field(default_factory=list)
    usage: Usage | None = None
    reason: StopReason | None = None


class Answering:
    """`run` answers; `close` ends it from any thread; `output` tells at any time what there is."""

    def __init__(
        self,
        turn_id: UUID,
        recorder: Recording,
        first: Sequence[Event],
        context: Callable[[], AbstractContextManager[Any]],
        *,
        withheld: Collection[str] = (),
        usage: Usage | None = None,
        trace: Trace | None = None,
    ) -> None:
        """`first` are the turn's events so far and `usage` what they cost; `withheld` is what must not be said."""
        self.progress_at = monotonic()
        self.trace = trace or Trace()
        self._turn_id = turn_id
        self._recorder = recorder
        self._transcript = Transcript.of(event.data for event in first)
        self._context = context
        self._calling: Calling | None = None
        self._withheld = withheld
        self._shield = Shield(lambda: ())
        self._request: ModelRequest | None = None
        self._writing: Step | None = None
        self._text_lock = threading.RLock()
        self._stream: ModelStream | None = None
        self._closed = False
        self._usage = usage
        self._step_usage: Usage | None = None
        self._step_characters = 0
        self._model: str | None = None
        self._on_text: Callable[[], None] | None = None
        self._has_text = False

    def pause(self) -> None:
        """Called now and then from another thread: shows what waits for a model that is silent."""
        with self._text_lock:
            step = self._writing
            if step and step.open and monotonic() - self.progress_at > PAUSE and (rest := self._shield.pause()):
                self._show(step, *step.open, rest)

    def close(self) -> None:
        self._closed = True
        if self._stream:
            self._stream.close()
            self.trace.cut()
        if self._calling:
            self._calling.close()

    def run(
        self,
        provider: Provider,
        request: ModelRequest,
        toolbox: Toolbox,
        on_text: Callable[[], None] | None = None,
    ) -> FinishReason:
        """Answer `request` to the end, or until a person has to allow a call: then `waits_for_approval` holds.

        `on_text` is called once, with the first text. Raises ProviderError.
        """
        self._on_text = on_text
        self._shield = Shield(self._conversation, request.system, self._withheld)
        self._calling = calling = Calling(
            self._turn_id, toolbox, self._transcript, self._emit, self._context, self.trace.tools
        )
        if self._closed:
            calling.close()
        try:
            return self._run(provider, request, toolbox, calling)
        finally:
            # Breaks the circles: what an answer has taken is freed when it ends, not when the collector looks.
            calling.let_go()
            self._shield = Shield(lambda: ())

    @property
    def waits_for_approval(self) -> bool:
        return self._calling is not None and self._calling.waits_for_approval

    def recite(self, text: str) -> None:
        """Answer with a fixed text, without any model."""
        step = Step(0)
        self._emit({"type": "start-step"})
        self._show(step, "text", "t0.0", text)
        self._close_block(step)
        self._emit({"type": "finish-step"})

    def output(self, unstored: Sequence[Event], title: Attempt | None) -> Output:
        """`unstored` are the events that the log does not have yet."""
        usage = self._usage_so_far()
        trace = self.trace.as_json()
        return Output(self._transcript, self._recorder.last_seq, unstored, usage, self._model, title, trace)

    def _run(self, provider: Provider, request: ModelRequest, toolbox: Toolbox, calling: Calling) -> FinishReason:
        calling.go_on()
        while not (self._closed or calling.awaits_person):
            number = len(self._transcript.steps)
            last = number >= TOOL_ROUNDS
            conversation = request.messages + spoken.of_transcript(self._transcript)
            # A conversation with calls in it needs their tools, even where no more of them may be called.
            tools, may_call = toolbox.specs(conversation), request.may_call and not last
            self._request = replace(request, messages=conversation, tools=tools, may_call=may_call)
            step = self._step(provider, self._request, number)
            if self._closed or last or step.reason not in (StopReason.TOOL_USE, StopReason.PAUSE):
                return self._reason(step)
            if calling.waits_for_approval:
                return FinishReason.APPROVAL
        return FinishReason.STOP

    def _step(self, provider: Provider, request: ModelRequest, number: int) -> Step:
        self._writing = step = Step(number)
        self._emit({"type": "start-step"})
        call = self.trace.call()
        try:
            self._consume(provider, request, step, call)
        except ProviderError as error:
            call.outcome = error.failure.code
            self._close_block(step)
            raise
        finally:
            call.ended = moment()
            call.usage, call.outcome = self._usage_of_step(), call.outcome or str(step.reason or "")
            self._account()
        self._close_block(step)
        if not self._closed:
            if self._calling and self._request:
                self._calling.make(step.calls, self._request.messages)
            self._emit({"type": "finish-step"})
        return step

    def _consume(self, provider: Provider, request: ModelRequest, step: Step, call: ModelCall) -> None:
        self._stream = stream = provider.stream(request)
        if self._closed:
            stream.close()
            self.trace.cut()
        self._model = call.model = stream.model
        for event in stream:
            if self._closed:
                return
            self.progress_at = monotonic()
            if call.first is None and isinstance(event, CONTENT):
                call.first = moment()
            self._take(step, event)
        if step.reason is None and not self._closed:
            raise ProviderError.of(Trouble.CONNECT, "the stream ended early")

    def _take(self, step: Step, event: object) -> None:
        match event:
            case Text(delta, block):
                with self._text_lock:
                    self._text(step, "text", f"t{step.number}.{block}", delta)
            case Reasoning():
                pass  # shown only where it is enabled
            case ToolCallBegun(call_id, name):
                self._close_block(step)
                self._emit({"type": "tool-input-start", "toolCallId": call_id, "toolName": name})
            case ToolCallInput():
                pass  # not before the guards have seen all of it
            case ToolCall():
                step.calls.append(event)
            case UsageSoFar(usage):
                step.usage = self._step_usage = usage
                self._step_characters = 0
                self._recorder.usage((self._usage or Usage()) + usage, self._model or "")
            case Stopped(reason):
                step.reason = reason

    def _text(self, step: Step, kind: str, block: str, delta: str) -> None:
        delta = delta.replace("\x00", "")  # PostgreSQL stores no NUL
        if step.open and step.open != (kind, block):
            self._close_block(step)
        if delta:
            self._step_characters += len(delta)
            self._show(step, kind, block, self._shield.feed(delta))

    def _show(self, step: Step, kind: str, block: str, delta: str) -> None:
        if step.open != (kind, block):
            step.open = (kind, block)
            self._emit({"type": f"{kind}-start", "id": block})
        if not delta:
            return
        self._recorder.delta(f"{kind}-delta", block, delta)
        self._transcript.add({"type": f"{kind}-delta", "id": block, "delta": delta})
        if not self._has_text:
            self._has_text = True
            self.trace.text()
            if self._on_text:
                self._on_text()

    def _close_block(self, step: Step) -> None:
        with self._text_lock:
            if step.open:
                kind, block = step.open
                self._show(step, kind, block, self._shield.flush())
                step.open = None
                self._emit({"type": f"{kind}-end", "id": block})

    def _conversation(self) -> Iterator[str]:
        """What an answer may repeat: all that its model has been told."""
        if self._request is None:
            return
        yield self._request.system
        yield self._request.own_instructions
        for message in self._request.messages:
            yield from (part.text for part in message.parts if isinstance(part, TextPart | FilePart))
            yield from (part.content for part in message.parts if isinstance(part, ToolResultPart))

    def _emit(self, data: Mapping[str, Any]) -> None:
        self.progress_at = monotonic()
        self._transcript.add(data)
        self._recorder.event(data)

    def _account(self) -> None:
        self._usage = self._usage_so_far()
        self._step_usage = None
        self._step_characters = 0

    def _usage_so_far(self) -> Usage | None:
        """Of all model calls."""
        step = self._usage_of_step()
        return (self._usage or Usage()) + step if step else self._usage

    def _usage_of_step(self) -> Usage | None:
        """What the provider reported, and an estimate of what it wrote since where the call was cut short."""
        step = self._step_usage
        if step is None or not self._step_characters:
            return step
        written = step.output_tokens + self._step_characters // CHARACTERS_PER_TOKEN
        return replace(step, output_tokens=written, exact=False)

    def _reason(self, step: Step) -> FinishReason:
        """How a turn ended well; a model that said nothing at all has not answered."""
        said_something = not self._transcript.is_empty
        if step.reason is StopReason.CONTEXT_FULL:
            if not said_something:
                raise ProviderError.of(Trouble.TOO_LONG)
            return FinishReason.LENGTH
        if step.reason is StopReason.CONTENT_FILTER and not said_something:
            raise ProviderError.of(Trouble.FILTERED)
        return REASONS.get(step.reason, FinishReason.STOP) if step.reason else FinishReason.STOP
