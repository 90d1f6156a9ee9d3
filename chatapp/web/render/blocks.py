"""A message's blocks as HTML, each through its partial `blocks/_<key>.html`.

To add a kind of block: its partial, and an entry in `_DETAILS` if the partial needs more than the block itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import current_app
from jinja2 import TemplateNotFound
from markupsafe import Markup, escape

from chatapp.values import BlockKey
from chatapp.web.render.code import highlight, language_label
from chatapp.web.render.markdown import render_markdown
from chatapp.web.render.parts import split

Block = Mapping[str, Any]


def render_blocks(blocks: Iterable[Block]) -> Markup:
    """The HTML of a message's blocks. Needs an application context."""
    return Markup("").join(map(render_block, blocks))


def render_block(block: Block) -> Markup:
    """The HTML of one block; nothing for prose without text and for a kind that has no partial."""
    key = block.get("key")
    if key not in list(BlockKey) or (key == BlockKey.MARKDOWN and not str(block.get("content", "")).strip()):
        return Markup()
    return _render(block, **_DETAILS.get(BlockKey(key), _no_details)(block))


def render_text(text: str) -> Markup:
    """The HTML of a whole Markdown text: that of its parts, one after the other, as it is while streaming."""
    return Markup("").join(map(render_markdown, split(text)))


def frame(block: Block, html: Markup) -> Markup:
    """The partial of a markdown, code or mermaid block around other content than its own."""
    return _render(block, html=html, language=language_label(block.get("tag", "")))


def _render(block: Block, **details: Any) -> Markup:
    # Not flask.render_template: its context processors would look up the user for every block of a stream.
    try:
        partial = current_app.jinja_env.get_template(f"blocks/_{block['key']}.html")
    except TemplateNotFound:
        return Markup()
    return Markup(partial.render(block=block, **details))  # noqa: S704  # the partial escapes


def _no_details(block: Block) -> dict[str, Any]:
    return {}


def _markdown(block: Block) -> dict[str, Any]:
    return {"html": render_text(block["content"])}


def _code(block: Block) -> dict[str, Any]:
    tag = block.get("tag", "")
    return {"html": highlight(block["content"], tag), "language": language_label(tag)}


def _mermaid(block: Block) -> dict[str, Any]:
    return {"html": escape(block["content"])}


_DETAILS: Mapping[BlockKey, Callable[[Block], dict[str, Any]]] = {
    BlockKey.MARKDOWN: _markdown,
    BlockKey.CODE: _code,
    BlockKey.MERMAID: _mermaid,
}
