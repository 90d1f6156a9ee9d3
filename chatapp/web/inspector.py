"""What lies behind an answer, as raw data for staff and support (waldur 10.8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chatapp.values import BlockKey

TEXT = (BlockKey.MARKDOWN, BlockKey.CODE, BlockKey.MERMAID)
IDS = ("id", "call_id", "status")


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    count: int
    json: str


def panels(blocks: Iterable[Mapping[str, Any]]) -> Sequence[Panel]:
    """Tool calls and the data of components, without ids; a kind of which there is none is left out."""
    calls = [block["tool"] for block in blocks if block.get("key") == BlockKey.TOOL and block.get("tool")]
    components = list(_components(blocks))
    found = (("Tool call data", calls), ("UI component data", components))
    return [Panel(title, len(entries), _json(entries)) for title, entries in found if entries]


def _components(blocks: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for block in blocks:
        shown = block.get("result") or {} if block.get("key") == BlockKey.TOOL else block
        if shown.get("key") and shown["key"] not in TEXT:
            yield shown


def _json(entries: list[Mapping[str, Any]]) -> str:
    stripped = [{name: value for name, value in entry.items() if name not in IDS} for entry in entries]
    return orjson.dumps(stripped, option=orjson.OPT_INDENT_2).decode()
