"""An answer as a text for people: what was said, what tools did and showed, what was asked (waldur section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chatapp.core import blocks
from chatapp.values import BlockKey

Block = Mapping[str, Any]

PROSE = (BlockKey.MARKDOWN, BlockKey.CODE, BlockKey.MERMAID)
ORDERS = {
    "preview": "Virtual machine to be created",
    "success": "Virtual machine ordered",
    "error": "The virtual machine was not ordered",
}
FACTS = (
    ("Name", "name"),
    ("Flavor", "flavor"),
    ("Image", "image"),
    ("Project", "project"),
    ("Organization", "organization"),
    ("Network", "network"),
    ("SSH key", "ssh_key_name"),
    ("Order", "order_id"),
)


def is_prose(stored: Iterable[Block]) -> bool:
    """Whether the text of the message is all there is to it."""
    return all(block["key"] in PROSE for block in stored)


def as_markdown(stored: Sequence[Block]) -> str:
    """All blocks of an answer; for one of prose alone what `blocks.as_text` gives."""
    return "\n\n".join(text for part in _parts(stored) if (text := part.strip("\n")))


def _parts(stored: Iterable[Block]) -> Iterator[str]:
    prose: list[Block] = []
    for block in stored:
        if block["key"] in PROSE:
            prose.append(block)
            continue
        yield blocks.as_text(prose)
        prose = []
        yield from _special(block)
    yield blocks.as_text(prose)


def _special(block: Block) -> Iterator[str]:
    match block["key"]:
        case BlockKey.TOOL:
            yield _call(block["tool"])
            yield as_markdown([block["result"]] if block.get("result") else [])
        case BlockKey.VM_ORDER:
            yield _order(block)
        case BlockKey.RESOURCE_LIST:
            yield "*A list of resources.*"
        case BlockKey.HOMEPORT_NAV:
            links = [f"- [{link.get('label') or link.get('url')}]({link.get('url')})" for link in block["links"]]
            yield "\n".join([block.get("content") or "", *links] if links else [])
        case BlockKey.ASK_USER_FORM:
            yield "\n".join(_form(block))


def _call(call: Block) -> str:
    told = "was not allowed" if call.get("denied") else "was used"
    return f"> Tool `{call['name']}` {told}: {' '.join(str(call['summary']).split())}"


def _order(block: Block) -> str:
    facts = [f"- {label}: {block[name]}" for label, name in FACTS if block.get(name)]
    told = [text for text in (block.get("message"), block.get("error")) if text]
    return "\n".join([f"**{ORDERS.get(str(block.get('order_status')), 'Virtual machine')}**", "", *facts, *told])


def _form(block: Block) -> Iterator[str]:
    if context := block.get("context"):
        yield f"{context}\n"
    for question in block["questions"]:
        yield f"- {question['question']}"
        yield from (f"    - {option['label']}" for option in question.get("options") or [])
