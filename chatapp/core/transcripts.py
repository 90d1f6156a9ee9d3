"""What a turn has produced, folded from its events: the same whether folded live or from the log of a dead worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatapp.core import blocks
from chatapp.values import Json, ToolResult

UNFINISHED = "The answer ended before this call did."
SEPARATOR = "\n\n"


@dataclass
class ToolUse:
    """One tool call of a turn. `outcome`: None while it runs or waits, else success, failed or denied.

    `input` is None as long as the arguments are not known to be good. `error` is what a failed call told the model.
    """

    call_id: str
    name: str
    input: Json | None = None
    result: ToolResult | None = None
    error: str = ""
    outcome: str | None = None
    approval_id: str | None = None

    @property
    def is_shown(self) -> bool:
        """A call that failed leaves no block (waldur section 4)."""
        return self.outcome in ("success", "denied")

    def block(self, index: int) -> Json:
        summary = self.result.summary if self.result else blocks.DENIED
        marks = {"denied": self.outcome == "denied", "quarantined": bool(self.result and self.result.quarantined)}
        call = {
            "call_id": self.call_id,
            "name": self.name,
            "arguments": self.input or {},
            "summary": summary,
            **{mark: True for mark, holds in marks.items() if holds},
        }
        return blocks.tool_block(index, call, self.result)


@dataclass
class Step:
    """One model call: the text blocks it wrote and the tool calls it made, by their ids."""

    texts: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


@dataclass
class Transcript:
    """`texts` are the answer's text blocks in order; `content` joins them by a blank line (turns-api 2.2.1).

    `order` is what the answer consists of as it came: ids of texts, and of tool calls where they ended. `warning` is
    what the guards had to say about the question.
    """

    texts: dict[str, bytearray] = field(default_factory=dict)  # UTF-8: a list of tokens is ten times as large
    tools: dict[str, ToolUse] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    open_blocks: list[tuple[str, str]] = field(default_factory=list)
    in_step: bool = False
    warning: str = ""

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> Transcript:
        transcript = cls()
        for event in events:
            transcript.add(event)
        return transcript

    @property
    def content(self) -> str:
        return SEPARATOR.join(text.decode() for text in self.texts.values())

    @property
    def successful_tools(self) -> list[str]:
        """The names of the tools whose calls came to something, each once."""
        return list(dict.fromkeys(tool.name for tool in self.tools.values() if tool.outcome == "success"))

    @property
    def is_empty(self) -> bool:
        """Nothing worth a message: no text, and no tool call that finished (turns-api 4.7)."""
        return not self.content.strip() and not any(tool.outcome for tool in self.tools.values())

    def add(self, event: Mapping[str, Any]) -> None:
        handle = _HANDLERS.get(event["type"])
        if handle:
            handle(self, event)

    def closing(self) -> list[Json]:
        """The events that close what is open."""
        events: list[Json] = [{"type": f"{kind}-end", "id": block} for kind, block in self.open_blocks]
        events += [_given_up(tool) for tool in self.tools.values() if tool.outcome is None]
        return [*events, {"type": "finish-step"}] if self.in_step else events

    def blocks(self, length: int | None = None) -> list[Json]:
        """The stored blocks of the answer, or of its first `length` characters and the calls up to there."""
        found: list[Json] = []
        for part in self._parts(length):
            if isinstance(part, ToolUse):
                found.append(part.block(len(found)))
            else:
                found += blocks.parse(part, first=len(found))
        return found

    def _parts(self, length: int | None) -> Iterator[str | ToolUse]:
        """Texts between calls, joined as in `content`, and the calls between them."""
        left = len(self.content) if length is None else length
        held: list[str] = []
        begun = False
        for part in self.order:
            if part in self.texts:
                text = (SEPARATOR if begun else "") + self.texts[part].decode()
                # The blank line between two texts belongs to neither where a call stands between them.
                held.append(text[:left] if held or not begun else text[:left].removeprefix(SEPARATOR))
                left, begun = left - len(text), True
            elif self.tools[part].is_shown:
                yield "".join(held)
                held = []
                yield self.tools[part]
            if left < 0:
                break
        yield "".join(held)

    def _open(self, kind: str, block: str) -> None:
        self.open_blocks.append((kind, block))
        if kind == "text":
            self.texts[block] = bytearray()
            self.order.append(block)
            self._current_step().texts.append(block)

    def _close(self, kind: str, block: str) -> None:
        self.open_blocks = [entry for entry in self.open_blocks if entry != (kind, block)]

    def _grow(self, block: str, delta: str) -> None:
        self.texts[block] += delta.encode()

    def _begin_step(self) -> None:
        self.in_step = True
        self.steps.append(Step())

    def _end_step(self) -> None:
        self.in_step = False

    def _current_step(self) -> Step:
        if not self.steps:
            self.steps.append(Step())
        return self.steps[-1]

    def _call(self, event: Mapping[str, Any]) -> None:
        call_id = event["toolCallId"]
        if call_id not in self.tools:
            self.tools[call_id] = ToolUse(call_id, event["toolName"])
            self._current_step().calls.append(call_id)
        if "input" in event:
            self.tools[call_id].input = event["input"]

    def _ask(self, event: Mapping[str, Any]) -> None:
        self.tools[event["toolCallId"]].approval_id = event["approvalId"]

    def _warn(self, event: Mapping[str, Any]) -> None:
        self.warning = event["data"]["message"]

    def _finish_call(self, event: Mapping[str, Any], outcome: str) -> None:
        tool = self.tools[event["toolCallId"]]
        tool.outcome = outcome
        tool.error = event.get("errorText", "")
        if "output" in event:
            tool.result = ToolResult.read(event["output"])
        self.order.append(tool.call_id)


def _given_up(tool: ToolUse) -> Json:
    if tool.approval_id:
        return {"type": "tool-output-denied", "toolCallId": tool.call_id}
    return {"type": "tool-output-error", "toolCallId": tool.call_id, "errorText": UNFINISHED}


_HANDLERS = {
    "text-delta": lambda t, e: t._grow(e["id"], e["delta"]),
    "text-start": lambda t, e: t._open("text", e["id"]),
    "text-end": lambda t, e: t._close("text", e["id"]),
    "reasoning-start": lambda t, e: t._open("reasoning", e["id"]),
    "reasoning-end": lambda t, e: t._close("reasoning", e["id"]),
    "data-warning": lambda t, e: t._warn(e),
    "start-step": lambda t, e: t._begin_step(),
    "finish-step": lambda t, e: t._end_step(),
    "tool-input-start": lambda t, e: t._call(e),
    "tool-input-available": lambda t, e: t._call(e),
    "tool-approval-request": lambda t, e: t._ask(e),
    "tool-output-available": lambda t, e: t._finish_call(e, "success"),
    "tool-output-error": lambda t, e: t._finish_call(e, "failed"),
    "tool-output-denied": lambda t, e: t._finish_call(e, "denied"),
}
