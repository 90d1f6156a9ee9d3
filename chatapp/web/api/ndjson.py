"""A turn's events as the lines of the chat stream (waldur 3.1 to 3.4): a pure translation, fed in any portions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson

from chatapp.core.answer_parser import AnswerParser
from chatapp.core.block_events import BlockEvent, Closed, Grew, Opened, Placed
from chatapp.core.transcripts import SEPARATOR
from chatapp.values import BlockKey, Event, Json


def line(**parts: Any) -> bytes:
    return orjson.dumps(parts) + b"\n"


class BlockLines:
    """The lines of an answer's blocks. Code and diagrams are sent when complete, Markdown as it grows.

    Who feeds decides with `flush` what becomes one line: the log gathers what is written, so nothing has to wait here
    (docs/adr/0029-lines-as-text-comes.md).
    """

    def __init__(self) -> None:
        self._open: Opened | None = None
        self._shown: BlockKey | None = None
        self._separator = ""
        self._text: list[str] = []  # Markdown that is not in a line yet

    def feed(self, events: Iterable[BlockEvent]) -> bytes:
        """The lines that are complete; Markdown is kept back until something follows it or `flush`."""
        return b"".join(map(self._lines, events))

    def flush(self) -> bytes:
        """The Markdown that is kept back."""
        text = "".join(self._text)
        self._text.clear()
        return line(k="markdown", c=text) if text else b""

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
        if self._separator:
            delta, self._separator = self._separator + delta, ""
        self._text.append(delta)
        return b""

    def _close(self, content: str) -> bytes:
        opened, self._open = self._open, None
        if opened is None or opened.key is BlockKey.MARKDOWN:
            return self.flush()
        tag = {"t": opened.tag} if opened.key is BlockKey.CODE else {}
        return line(k=opened.key, c=content, **tag)


class NdjsonEncoder:
    """All lines of one turn. `user_message_id` is None when the turn answers a question that was there before."""

    def __init__(self, user_message_id: UUID | None) -> None:
        self._user_message_id = user_message_id
        self._parser = AnswerParser()
        self._blocks = BlockLines()
        self._turn: Json = {}
        self._calls: Json = {}
        self._approvals: list[Json] = []

    def feed(self, events: Iterable[Event]) -> bytes:
        """The lines that the events make ready; b"" when these only add to code that is not complete."""
        return b"".join(map(self._lines, events)) + self._blocks.flush()

    def _lines(self, event: Event) -> bytes:
        content = self._blocks.feed(self._parser.feed([event]))
        if event.is_text:
            return content
        content += self._blocks.flush()
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
