"""The built-in model: deterministic, no network, steered by the lines of the message (turns-api, appendix B).

A message is read line by line. Lines that start with `/` are commands and are executed in order, so `/fail-early`
on a later line comes after the output of the lines above it. The output of each line is one text block.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatapp.providers import (
    DECLINE,
    FAILURES,
    FilePart,
    ImagePart,
    ModelEvent,
    ModelMessage,
    ModelRequest,
    ProviderError,
    Stopped,
    StopReason,
    Text,
    TextPart,
    ToolCall,
    ToolCallBegun,
    ToolCallInput,
    ToolCallPart,
    ToolResultPart,
    Trouble,
    UsageSoFar,
    offline_dialogue,
)
from chatapp.providers.offline_dialogue import Wish
from chatapp.providers.offline_examples import example_for
from chatapp.values import Failure, Role, Usage

MODEL = "offline"
MAX_TOOL_LINES = 5
MAX_SILENCE = 3600.0  # seconds; far above the ceiling of a whole turn
TITLE_WORDS = 6
TITLE_LENGTH = 150

_PROVIDER_TROUBLES = (
    Trouble.CONNECT,
    Trouble.RATE_LIMIT,
    Trouble.AUTH,
    Trouble.REJECTED,
    Trouble.TIMEOUT,
    Trouble.TOO_LONG,
    Trouble.FILTERED,
    Trouble.OTHER,
)
_TURN_FAILURES = (
    Failure("tool_timeout", "A tool took too long to answer. Please try again.", True),
    Failure("turn_timeout", "The answer took too long. Please try again.", True),
    Failure("queue_timeout", "The answer could not be started in time. Please try again.", True),
    Failure("worker_lost", "The answer was interrupted. Please try again.", True),
    Failure("approval_expired", "Nobody approved the action in time.", False),
)
FAILURE_BY_CODE: Mapping[str, Failure] = {
    failure.code: failure for failure in (*map(FAILURES.__getitem__, _PROVIDER_TROUBLES), *_TURN_FAILURES)
}


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    count: int


@dataclass(frozen=True, slots=True)
class Silence:
    seconds: float


@dataclass(frozen=True, slots=True)
class CallTool:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fail:
    code: str
    early: bool


Instruction = Say | Tick | Silence | CallTool | Fail


def _slow(argument: str) -> Instruction:
    try:
        count = int(argument)
    except ValueError:
        count = -1
    return Tick(count) if count >= 0 else Say("`/slow` needs a whole number of ticks, for example `/slow 5`.")


def _silent(argument: str) -> Instruction:
    try:
        seconds = float(argument)
    except ValueError:
        seconds = -1.0
    if 0 <= seconds <= MAX_SILENCE:
        return Silence(seconds)
    return Say(f"`/silent` needs a number of seconds from 0 to {MAX_SILENCE:.0f}, for example `/silent 1.5`.")


def _tool(argument: str) -> Instruction:
    name, text, *_ = *argument.split(maxsplit=1), "", ""
    try:
        arguments = json.loads(text or "{}")
        _compact(arguments)
    except (ValueError, RecursionError):
        arguments = None
    if name and isinstance(arguments, dict):
        return CallTool(name, arguments)
    return Say('`/tool` needs a name and a JSON object, for example `/tool calculate {"expression": "1 + 1"}`.')


def _compact(value: Any) -> str:
    """Raises ValueError for what Python calls JSON and others do not: NaN, lone surrogates."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text.encode()
    return text


_COMMANDS: Mapping[str, Callable[[str], Instruction]] = {
    "/slow": _slow,
    "/silent": _silent,
    "/tool": _tool,
    "/fail": lambda argument: Fail(argument, early=False),
    "/fail-early": lambda argument: Fail(argument, early=True),
}


def _instruction(line: str) -> Instruction:
    if line == DECLINE:
        return Say("That is something I cannot do. I can show you examples of tables, code, formulas and diagrams.")
    name = line.split(maxsplit=1)[0]
    if name in _COMMANDS and line.startswith(name):
        return _COMMANDS[name](line.removeprefix(name).strip())
    return Say(f"You said: {line}")


def read_script(text: str) -> list[Instruction]:
    """What a user message tells the model to do, in order."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    script = [_instruction(line) for line in lines]
    if len(lines) == 1 and (example := example_for(lines[0])):
        script.append(Say(example))
    return script


def _after_tools(script: Iterable[Instruction], done: int) -> Iterator[Instruction]:
    """The instructions behind the first `done` tool calls, without the calls that are too many."""
    calls = 0
    for instruction in script:
        if isinstance(instruction, CallTool):
            calls += 1
            if done < calls <= MAX_TOOL_LINES:
                yield instruction
        elif calls >= done:
            yield instruction


def _question(messages: Sequence[ModelMessage]) -> tuple[str, list[ToolResultPart]]:
    """The latest text of the user, and the tool results that came after it."""
    results: list[ToolResultPart] = []
    for message in reversed(messages):
        texts = [part.text for part in message.parts if isinstance(part, TextPart)]
        if message.role is Role.USER and texts:
            return "\n".join(texts), results
        results = [part for part in message.parts if isinstance(part, ToolResultPart)] + results
    return "", results


def _files(messages: Sequence[ModelMessage]) -> list[FilePart | ImagePart]:
    """What came with the latest message."""
    return [part for part in messages[-1].parts if isinstance(part, FilePart | ImagePart)] if messages else []


def _received(part: FilePart | ImagePart) -> str:
    if isinstance(part, ImagePart):
        return f"I was given an image to see: {part.mime_type}, {len(part.data):,} bytes."
    text = f", {len(part.text):,} characters" if part.text else ""
    note = f" ({part.note})" if part.note else ""
    return f"I was given `{part.name}`: {part.mime_type}{text}{note}."


def _report(result: ToolResultPart) -> str:
    if result.outcome == "denied":
        return f"Tool {result.name} was denied"
    if result.is_error or result.outcome == "failed":
        return f"Tool {result.name} failed"
    try:
        content = _compact(json.loads(result.content))
    except (ValueError, RecursionError):
        content = _compact(result.content)
    return f"Tool {result.name} returned {content}"


def _words(messages: Iterable[ModelMessage]) -> int:
    return sum(len(part.text.split()) for message in messages for part in message.parts if isinstance(part, TextPart))


class OfflineStream:
    """One call of the offline model. Each text delta counts as one output token."""

    model = MODEL

    def __init__(self, request: ModelRequest, tick: float, pace: float) -> None:
        self._request = request
        self._messages = request.messages
        self._input_tokens = _words(request.messages)
        self._output_tokens = 0
        self._block = 0
        self._tick = tick
        self._pace = pace
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[ModelEvent]:
        events = self._events()
        while not self._closed.is_set():
            event = next(events, None)
            if event is None or self._closed.is_set():
                return
            yield event

    def close(self) -> None:
        self._closed.set()

    def _events(self) -> Iterator[ModelEvent]:
        yield self._usage()
        text, results = _question(self._messages)
        if wish := offline_dialogue.understood(text, self._request):
            yield from self._follow(wish, results)
            return
        if results:
            yield from self._say(_report(results[-1]))
        for part in [] if results else _files(self._messages):
            yield from self._say(_received(part))
        for instruction in _after_tools(read_script(text), len(results)):
            match instruction:
                case Say(words):
                    yield from self._say(words)
                case Tick(count):
                    yield from self._speak((f"tick {number} " for number in range(1, count + 1)), self._tick)
                case Silence(seconds):
                    self._wait(seconds)
                case Fail(code, early):
                    yield from self._fail(code, early)
                case CallTool(name, arguments):
                    yield from self._call(name, arguments)
                    return
        yield self._usage()
        yield Stopped(StopReason.STOP)

    def _follow(self, wish: Wish | str, results: Sequence[ToolResultPart]) -> Iterator[ModelEvent]:
        """Do what was asked for in plain words, and say what came of it."""
        if isinstance(wish, Wish) and not results:
            yield from self._call(wish.tool, wish.arguments)
            return
        yield from self._say(wish if isinstance(wish, str) else offline_dialogue.comment(results[-1]))
        yield self._usage()
        yield Stopped(StopReason.STOP)

    def _say(self, text: str) -> Iterator[ModelEvent]:
        return self._speak(re.findall(r"\S+\s*", text), self._pace)

    def _speak(self, deltas: Iterable[str], interval: float) -> Iterator[ModelEvent]:
        for delta in deltas:
            self._output_tokens += 1
            yield Text(delta, self._block)
            self._wait(interval)
        self._block += 1

    def _fail(self, code: str, early: bool) -> Iterator[ModelEvent]:
        if not early:
            yield from self._speak(["partial"], 0)
        yield self._usage()
        raise ProviderError(FAILURE_BY_CODE.get(code, FAILURES[Trouble.OTHER]), "the message asked for this failure")

    def _call(self, name: str, arguments: Mapping[str, Any]) -> Iterator[ModelEvent]:
        # Counted over the whole history: a conversation that moves on to another model needs ids that differ.
        earlier = sum(isinstance(part, ToolCallPart) for message in self._messages for part in message.parts)
        call_id = f"call_{earlier + 1}"
        yield ToolCallBegun(call_id, name)
        yield ToolCallInput(call_id, _compact(arguments))
        yield ToolCall(call_id, name, arguments)
        yield self._usage()
        yield Stopped(StopReason.TOOL_USE)

    def _usage(self) -> UsageSoFar:
        return UsageSoFar(Usage(self._input_tokens, self._output_tokens))

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._closed.wait(seconds)


class OfflineProvider:
    """The offline model. `tick` is the time between ticks of `/slow`, `pace` between words, both in seconds."""

    name = MODEL
    knows_all_tools = True

    def __init__(self, *, tick: float = 0.2, pace: float = 0.0) -> None:
        self._tick = tick
        self._pace = pace

    def prepare(self) -> None:
        """Nothing is slow here."""

    def stream(self, request: ModelRequest) -> OfflineStream:
        return OfflineStream(request, self._tick, self._pace)

    def title(self, text: str) -> tuple[str, Usage]:
        """The first words of `text`, and no usage."""
        words = text.split()[:TITLE_WORDS]
        return " ".join(words)[:TITLE_LENGTH].rstrip(), Usage()

    def probe(self, timeout: float) -> None:
        """It is always there."""

    def cost(self, model: str, usage: Usage) -> str:
        return "0"
