"""A turn's events as the lines of the chat stream (waldur 3.1 to 3.4): a pure translation, fed in any portions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any
from uuid import UUID

import orjson

from chatapp.core.answer_parser import AnswerParser
from chatapp.core.block_events import BlockEvent, Closed, Grew, Opened, Placed
from chatapp.core.transcripts import SEPARATOR
from chatapp.values import BlockKey, Event, Json

MIN_PIECE = 50  # characters of Markdown that are worth a line, once the answer has begun
MAX_WAIT = 0.2  # seconds after which fewer are sent as well
GATHERING = 0.1  # of these, seconds that text may have waited before it comes here

Clock = Callable[[], float]


def line(**parts: Any) -> bytes:
    return orjson.dumps(parts) + b"\n"


class BlockLines:
    """The lines of an answer's blocks. Code and diagrams are sent when complete, Markdown as it grows.

    Its first piece goes out at once: people wait for the first word. Later ones are gathered.
    """

    def __init__(self, clock: Clock = monotonic, max_wait: float = MAX_WAIT) -> None:
        self._clock = clock
        self._max_wait = max_wait
        self._open: Opened | None = None
        self._shown: BlockKey | None = None
        self._separator = ""
        self._held: list[str] = []
        self._length = 0
        self._since = 0.0
        self._enough = 1

    @property
    def pending(self) -> float | None:
        """Seconds until `idle` sends what is held back; None when nothing is."""
        return max(0.0, self._since + self._max_wait - self._clock()) if self._held else None

    def feed(self, events: Iterable[BlockEvent]) -> bytes:
        return b"".join(map(self._lines, events))

    def idle(self) -> bytes:
        """What has been held back long enough."""
        return self._flush() if self.pending == 0.0 else b""

    def _lines(self, event: BlockEvent) -> bytes:
        match event:
            case Opened(key=key):
                self._open = event
                self._separate(key)
                return b"" if key is BlockKey.MARKDOWN else line(k="load", t=key)
            case Grew(delta=delta):
                return self._grow(delta)
            case Closed(content=content):
                return self._close(content)
            case Placed(block):
                return self._place(block["result"])

    def _place(self, shown: Json) -> bytes:
        """What a tool shows, flat; nothing when it shows nothing."""
        key = BlockKey(shown["key"])
        fields = {name: value for name, value in shown.items() if name not in ("id", "key", "status")}
        if key is BlockKey.MARKDOWN and not fields["content"]:
            return b""
        if key is BlockKey.MARKDOWN:
            self._separate(key)
            separator, self._separator = self._separator, ""
            return line(k=key, c=separator + fields["content"])
        if key is BlockKey.VM_ORDER and "order_status" in fields:
            fields["status"] = fields.pop("order_status")
        self._shown = key
        return line(k=key, **fields)

    def _separate(self, key: BlockKey) -> None:
        """Readers join neighbouring Markdown; a call that shows nothing may stand between what is not one text."""
        self._separator = SEPARATOR if self._shown is key is BlockKey.MARKDOWN else ""
        self._shown = key

    def _grow(self, delta: str) -> bytes:
        if self._open is None or self._open.key is not BlockKey.MARKDOWN:
            return b""
        if not self._held:
            self._since = self._clock()
        if self._separator:
            delta, self._separator = self._separator + delta, ""
        self._held.append(delta)
        self._length += len(delta)
        return self._flush() if self._length >= self._enough else b""

    def _close(self, content: str) -> bytes:
        opened, self._open = self._open, None
        if opened is None or opened.key is BlockKey.MARKDOWN:
            return self._flush()
        tag = {"t": opened.tag} if opened.key is BlockKey.CODE else {}
        return line(k=opened.key, c=content, **tag)

    def _flush(self) -> bytes:
        text = "".join(self._held)
        self._held.clear()
        self._length = 0
        self._enough = MIN_PIECE
        return line(k="markdown", c=text) if text else b""


class NdjsonEncoder:
    """All lines of one turn. `user_message_id` is None when the turn answers a question that was there before."""

    def __init__(self, user_message_id: UUID | None, clock: Clock = monotonic, max_wait: float = MAX_WAIT) -> None:
        self._user_message_id = user_message_id
        self._parser = AnswerParser()
        self._blocks = BlockLines(clock, max_wait)
        self._turn: Json = {}
        self._calls: Json = {}
        self._approvals: list[Json] = []

    @property
    def pending(self) -> float | None:
        """Seconds until `idle` sends what is held back; None when nothing is."""
        return self._blocks.pending

    def feed(self, events: Iterable[Event]) -> bytes:
        """The lines that the events make ready; b"" when they only add to what is held back."""
        return b"".join(map(self._lines, events)) + self.idle()

    def idle(self) -> bytes:
        """What has been held back long enough."""
        return self._blocks.idle()

    def _lines(self, event: Event) -> bytes:
        content = self._blocks.feed(self._parser.feed([event]))
        match event.data:
            case {"type": "start", "messageMetadata": {"threadId": thread_id}}:
                return line(m={"thread_uuid": thread_id})
            case {"type": "data-turn", "data": turn}:
                self._turn = turn
            case {"type": "data-warning", "data": {"message": warning}}:
                return line(w=warning)
            case {"type": "error", "errorText": words}:
                return content + line(e=words) + self._closing()
            case {"type": "tool-input-available", "toolCallId": call_id, "toolName": name, "input": arguments}:
                self._calls[call_id] = {"tool": name, "arguments": arguments}
            case {"type": "tool-approval-request", "approvalId": approval_id, "toolCallId": call_id}:
                self._approvals.append({"approval_uuid": approval_id, **self._calls[call_id]})
            case {"type": "finish" | "abort"}:
                return content + self._blocks.feed(self._parser.finish()) + self._closing(event.waits_for_person)
        return content

    def _closing(self, waits: bool = False) -> bytes:
        """The ids of what the turn stored, and what it waits for; no line when that is nothing."""
        ids: Json = {
            "user_message_uuid": self._user_message_id,
            "assistant_message_uuid": self._turn.get("outputMessageId"),
        }
        stored = {name: value for name, value in ids.items() if value}
        if waits:
            stored["approvals"] = self._approvals
        return line(m=stored) if stored else b""
