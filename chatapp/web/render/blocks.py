"""A message's blocks as HTML, each through its partial `blocks/_<key>.html`.

To add a kind of block: its partial, and an entry in `_DETAILS` that makes what the partial is given besides the block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from flask import current_app
from jinja2 import Template
from markupsafe import Markup, escape

from chatapp.values import BlockKey
from chatapp.web.render import cards
from chatapp.web.render.code import highlight, language_label
from chatapp.web.render.markdown import render_markdown
from chatapp.web.render.parts import split
from chatapp.web.render.situation import READ_ONLY, Situation

logger = structlog.get_logger(__name__)

Block = Mapping[str, Any]


def render_blocks(blocks: Iterable[Block], situation: Situation = READ_ONLY) -> Markup:
    """The HTML of a message's blocks. Needs an application context."""
    return Markup("").join(render_block(block, situation) for block in blocks)


def render_block(block: Block, situation: Situation = READ_ONLY) -> Markup:
    """The HTML of one block; nothing for prose without text and for a kind that does not exist.

    A block that cannot be rendered is replaced by a panel that says so; the rest of the message lives (waldur 10.10).
    """
    key = block.get("key")
    if key not in list(BlockKey) or (key == BlockKey.MARKDOWN and not str(block.get("content", "")).strip()):
        return Markup()
    try:
        return _render(block, **_DETAILS[BlockKey(key)](block, situation))
    except Exception:  # noqa: BLE001  # whatever is in it: stored long ago, by another version, by a tool
        logger.exception("block.unavailable", key=key, block=block.get("id"))
        return Markup(_partial("unavailable").render(block=block))  # noqa: S704  # the partial escapes


def render_text(text: str) -> Markup:
    """The HTML of a whole Markdown text: that of its parts, one after the other, as it is while streaming."""
    return Markup("").join(map(render_markdown, split(text)))


def frame(block: Block, html: Markup) -> Markup:
    """The partial of a markdown, code or mermaid block around other content than its own."""
    return _render(block, html=html, language=language_label(block.get("tag", "")))


def _render(block: Block, **details: Any) -> Markup:
    # Not flask.render_template: its context processors would look up the user for every block of a stream.
    return Markup(_partial(block["key"]).render(block=block, **details))  # noqa: S704  # the partial escapes


def _partial(name: str) -> Template:
    return current_app.jinja_env.get_template(f"blocks/_{name}.html")


def _markdown(block: Block, _: Situation) -> dict[str, Any]:
    return {"html": render_text(block["content"])}


def _code(block: Block, _: Situation) -> dict[str, Any]:
    tag = block.get("tag", "")
    return {"html": highlight(block["content"], tag), "language": language_label(tag)}


def _mermaid(block: Block, _: Situation) -> dict[str, Any]:
    return {"html": escape(block["content"])}


def _tool(block: Block, situation: Situation) -> dict[str, Any]:
    call = block.get("tool") or {}
    return {
        "html": render_block(block.get("result") or {}, situation),
        "call": call,
        "facts": cards.facts_of(call.get("arguments") or {}) if situation.is_own else [],
        "is_own": situation.is_own,
    }


_DETAILS: Mapping[BlockKey, Callable[[Block, Situation], dict[str, Any]]] = {
    BlockKey.MARKDOWN: _markdown,
    BlockKey.CODE: _code,
    BlockKey.MERMAID: _mermaid,
    BlockKey.VM_ORDER: cards.vm_order,
    BlockKey.RESOURCE_LIST: cards.resource_list,
    BlockKey.HOMEPORT_NAV: cards.homeport_nav,
    BlockKey.ASK_USER_FORM: cards.ask_user_form,
    BlockKey.TOOL: _tool,
}
