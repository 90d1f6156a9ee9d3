"""What a parser of a growing text tells about its blocks, one event after the other."""

from __future__ import annotations

from dataclasses import dataclass

from chatapp.values import BlockKey, Json


@dataclass(frozen=True, slots=True)
class Opened:
    """A block begins. `tag` is the language of a code block ("code" when the fence had none), "" for other blocks."""

    index: int
    key: BlockKey
    tag: str


@dataclass(frozen=True, slots=True)
class Grew:
    """More text of the open block."""

    index: int
    delta: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The open block is finished; `content` is all of its text."""

    index: int
    content: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A block that comes whole, with the call of the tool that made it, as it is stored."""

    block: Json


BlockEvent = Opened | Grew | Closed | Placed


class Assembler:
    """Makes block events of text: opens markdown when something visible is written, merges what one feed wrote."""

    def __init__(self, first: int) -> None:
        self._events: list[BlockEvent] = []
        self._index = first - 1
        self._open = False
        self._content = bytearray()  # UTF-8: a list of tokens is ten times as large
        self._fresh: list[str] = []  # written but not in an event yet; white space alone while no block is open

    @property
    def next_index(self) -> int:
        return self._index + 1

    def write(self, text: str) -> None:
        self._fresh.append(text)
        if not self._open and text and not text.isspace():
            self._begin(BlockKey.MARKDOWN, "")

    def open(self, key: BlockKey, tag: str) -> None:
        self.close()
        self._begin(key, tag)

    def close(self) -> None:
        if self._open:
            self._emit_fresh()
            self._events.append(Closed(self._index, self._content.decode()))
            self._content.clear()
            self._open = False
        self._fresh.clear()

    def take(self) -> list[BlockEvent]:
        if self._open:
            self._emit_fresh()
        events, self._events = self._events, []
        return events

    def _begin(self, key: BlockKey, tag: str) -> None:
        self._index += 1
        self._open = True
        self._events.append(Opened(self._index, key, tag))

    def _emit_fresh(self) -> None:
        if delta := "".join(self._fresh):
            self._content += delta.encode()
            self._events.append(Grew(self._index, delta))
        self._fresh.clear()
