"""What a turn has produced, folded from its events: the same whether folded live or from the log of a dead worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatapp.values import Json

UNFINISHED = "The answer ended before this call did."


@dataclass
class ToolUse:
    """One tool call of a turn. `outcome`: None while it runs, else success, failed or denied."""

    call_id: str
    name: str
    input: Json | None = None
    output: Any = None
    outcome: str | None = None


@dataclass
class Transcript:
    """`texts` are the answer's text blocks in order; `content` joins them by a blank line (turns-api 2.2.1).

    `warning` is what the guards had to say about the question.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    tools: dict[str, ToolUse] = field(default_factory=dict)
    # By model call, what it said and called, in order: ("text", block id) and ("tool", call id).
    steps: list[list[tuple[str, str]]] = field(default_factory=list)
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
        return "\n\n".join("".join(pieces) for pieces in self.texts.values())

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
        events += [
            {"type": "tool-output-error", "toolCallId": tool.call_id, "errorText": UNFINISHED}
            for tool in self.tools.values()
            if tool.outcome is None
        ]
        return [*events, {"type": "finish-step"}] if self.in_step else events

    def _open(self, kind: str, block: str) -> None:
        self.open_blocks.append((kind, block))
        if kind == "text":
            self.texts[block] = []
            self.steps[-1].append((kind, block))

    def _close(self, kind: str, block: str) -> None:
        self.open_blocks = [entry for entry in self.open_blocks if entry != (kind, block)]

    def _grow(self, block: str, delta: str) -> None:
        self.texts[block].append(delta)

    def _step(self, inside: bool) -> None:
        self.in_step = inside
        if inside:
            self.steps.append([])

    def _call(self, event: Mapping[str, Any]) -> None:
        if event["toolCallId"] not in self.tools:
            self.tools[event["toolCallId"]] = ToolUse(event["toolCallId"], event["toolName"])
            self.steps[-1].append(("tool", event["toolCallId"]))
        if "input" in event:
            self.tools[event["toolCallId"]].input = event["input"]

    def _warn(self, event: Mapping[str, Any]) -> None:
        self.warning = event["data"]["message"]

    def _result(self, event: Mapping[str, Any], outcome: str) -> None:
        tool = self.tools[event["toolCallId"]]
        tool.outcome = outcome
        tool.output = event.get("output", event.get("errorText"))


_HANDLERS = {
    "text-delta": lambda t, e: t._grow(e["id"], e["delta"]),
    "text-start": lambda t, e: t._open("text", e["id"]),
    "text-end": lambda t, e: t._close("text", e["id"]),
    "reasoning-start": lambda t, e: t._open("reasoning", e["id"]),
    "reasoning-end": lambda t, e: t._close("reasoning", e["id"]),
    "data-warning": lambda t, e: t._warn(e),
    "start-step": lambda t, e: t._step(True),
    "finish-step": lambda t, e: t._step(False),
    "tool-input-start": lambda t, e: t._call(e),
    "tool-input-available": lambda t, e: t._call(e),
    "tool-output-available": lambda t, e: t._result(e, "success"),
    "tool-output-error": lambda t, e: t._result(e, "failed"),
    "tool-output-denied": lambda t, e: t._result(e, "denied"),
}
