"""From a turn's events to blocks: what every encoder that shows an answer builds on."""

from __future__ import annotations

from collections.abc import Iterable

from chatapp.core.block_events import BlockEvent
from chatapp.core.blocks import BlockParser
from chatapp.values import Event

SEPARATOR = "\n\n"


class AnswerParser:
    """Pure: the same events in any batches give the same blocks, and those are the stored ones."""

    def __init__(self) -> None:
        self._parser = BlockParser()
        self._texts = 0

    def feed(self, events: Iterable[Event]) -> list[BlockEvent]:
        """What the events add. Text blocks are joined as they are stored; the last event of a turn closes the block."""
        return [block_event for event in events for block_event in self._feed(event)]

    def _feed(self, event: Event) -> list[BlockEvent]:
        match event.data["type"]:
            case "text-delta":
                return self._parser.feed(event.data["delta"])
            case "text-start":
                self._texts += 1
                return self._parser.feed(SEPARATOR) if self._texts > 1 else []
            case "finish" | "error" | "abort":
                return self._parser.finish()
        return []
