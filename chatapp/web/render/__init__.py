"""Blocks of a message as safe HTML, all at once or while they are being written."""

from chatapp.web.render.blocks import render_block, render_blocks, render_text
from chatapp.web.render.live import GrowingHtml, LiveRenderer

__all__ = ["GrowingHtml", "LiveRenderer", "render_block", "render_blocks", "render_text"]
