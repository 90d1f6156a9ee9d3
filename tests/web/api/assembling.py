"""A reader of the chat stream that builds blocks by the rules of waldur 3.8, written from the rules alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]
COMPLETE_AT_ONCE = ("homeport_nav", "ask_user_form")
MERGED = ("vm_order", "resource_list")


def frames_of(body: bytes) -> list[Frame]:
    """Every line as an object; fails unless each line is compact JSON and ends with a newline."""
    assert not body or body.endswith(b"\n"), body[-80:]
    lines = [line for line in body.split(b"\n") if line]
    frames = [json.loads(line) for line in lines]
    for line, frame in zip(lines, frames, strict=True):
        assert line == json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode()
    return frames


@dataclass
class Assembly:
    """What a client knows of one answer."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    warning: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, frames: Iterable[Frame]) -> Assembly:
        assembly = cls()
        for frame in frames:
            if assembly.error is None:
                assembly.take(frame)
        return assembly

    def take(self, frame: Frame) -> None:
        if "m" in frame:
            self.ids |= frame["m"]
        elif "w" in frame:
            self.warning = frame["w"]
        elif "e" in frame:
            self.error = frame["e"]
        elif frame["k"] == "load":
            self._append(frame["t"], "loading", content="")
        else:
            self._content(frame)

    def stored(self) -> list[dict[str, Any]]:
        """The blocks as section 4 says that a message keeps them."""
        return [
            {"id": f"blk_{index}", **{name: value for name, value in block.items() if name != "status"}}
            | {"status": "complete"}
            for index, block in enumerate(self.blocks)
        ]

    def _content(self, frame: Frame) -> None:
        if self.blocks and (last := self.blocks[-1])["key"] == "tool" and last["status"] == "loading":
            self.blocks.pop()
        key = frame["k"]
        fields = {name: value for name, value in frame.items() if name != "k"}
        if key in COMPLETE_AT_ONCE:
            self._append(key, "complete", **fields)
        elif key in MERGED:
            self._merge(key, fields)
        else:
            self._grow(key, frame["c"], frame.get("t"))

    def _merge(self, key: str, fields: Frame) -> None:
        if "status" in fields:
            fields["order_status"] = fields.pop("status")
        if self.blocks and self.blocks[-1]["key"] == key:
            self.blocks[-1].update(fields)
        else:
            self._append(key, "streaming", **fields)

    def _grow(self, key: str, content: str, tag: str | None) -> None:
        tagged = {} if tag is None else {"tag": tag}
        last = self.blocks[-1] if self.blocks else None
        if last and last["key"] == key and last["status"] == "loading":
            last.update({"content": content, "status": "streaming"} | tagged)
        elif last and last["key"] == key and last["status"] == "streaming":
            last["content"] += content
        else:
            self._append(key, "streaming", content=content, **tagged)

    def _append(self, key: str, status: str, **fields: Any) -> None:
        self.blocks.append({"key": key, "status": status, **fields})
