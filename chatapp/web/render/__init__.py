"""Blocks of a message as safe HTML, all at once or while they are being written."""

from chatapp.web.render.answers import LiveAnswer
from chatapp.web.render.blocks import render_block, render_blocks, render_text
from chatapp.web.render.calls import OpenCalls
from chatapp.web.render.live import GrowingHtml, LiveRenderer
from chatapp.web.render.situation import ARCHIVED, PAST, READ_ONLY, WRITING, Situation

__all__ = [
    "ARCHIVED",
    "PAST",
    "READ_ONLY",
    "WRITING",
    "GrowingHtml",
    "LiveAnswer",
    "LiveRenderer",
    "OpenCalls",
    "Situation",
    "render_block",
    "render_blocks",
    "render_text",
]
