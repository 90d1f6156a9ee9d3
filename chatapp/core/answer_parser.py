"""From a turn's events to blocks: what every encoder that shows an answer builds on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatapp.core.block_events import BlockEvent, Placed
from chatapp.core.blocks import BlockParser
from chatapp.core.transcripts import SEPARATOR, ToolUse
from chatapp.values import Event, ToolResult


class AnswerParser:
    """Pure: the same events in any batches give the same blocks, and those are the stored ones."""

    def __init__(self) -> None:
        self._parser = BlockParser()
        self._texts = 0  # since the last call that has a block
        self._calls: dict[str, ToolUse] = {}

    def feed(self, events: Iterable[Event]) -> list[BlockEvent]:
        """What the events add. Text blocks are joined as they are stored; the last event of a turn closes the block."""
        return [block_event for event in events for block_event in self._feed(event)]

    def finish(self) -> list[BlockEvent]:
        """Closes the open block, for a reader who will not see the rest."""
        return self._parser.finish()

    def _feed(self, received: Event) -> list[BlockEvent]:
        event = received.data
        match event["type"]:
            case "text-delta":
                return self._parser.feed(event["delta"])
            case "text-start":
                self._texts += 1
                return self._parser.feed(SEPARATOR) if self._texts > 1 else []
            case "tool-input-available":
                call_id = event["toolCallId"]
                self._calls[call_id] = ToolUse(call_id, event["toolName"], event["input"])
            case "tool-output-available":
                return self._place(event, "success", ToolResult.read(event["output"]))
            case "tool-output-denied":
                return self._place(event, "denied", None)
            case "finish" if received.waits_for_person:
                pass  # the answer goes on when somebody has decided
            case "finish" | "error" | "abort":
                return self.finish()
        return []

    def _place(self, event: Mapping[str, Any], outcome: str, result: ToolResult | None) -> list[BlockEvent]:
        """A call that has ended stands between the texts around it."""
        call = self._calls[event["toolCallId"]]
        call.outcome, call.result = outcome, result
        before = self._parser.finish()
        index = self._parser.next_index
        self._parser = BlockParser(index + 1)
        self._texts = 0
        return [*before, Placed(call.block(index))]
