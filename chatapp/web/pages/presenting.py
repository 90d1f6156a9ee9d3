"""What the templates are given: plain values made from the domain's objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Flask
from markupsafe import Markup

from chatapp.core.snapshots import error_json
from chatapp.models import Message, Turn
from chatapp.values import Json, Role
from chatapp.web.render import render_blocks

SUGGESTIONS = (
    "Write a Python function that parses a date",
    "Compare tea and coffee in a table",
    "Draw a diagram of a login flow",
    "Make a plan for a small office move",
)
DISCLAIMER = "Answers can be wrong. Check what matters, and never share passwords or keys."


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """`status` is one of the turn's own words; `error` is None or an object with code, message, retryable."""

    id: UUID
    thread_id: UUID
    answer_id: UUID
    status: str
    error: Json | None


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """`html` are the blocks of an answer; a question is shown as the text it is."""

    id: UUID
    thread_id: UUID
    role: str
    content: str
    warning: str
    created: datetime
    html: Markup
    turn: ShownTurn | None


def init_app(app: Flask) -> None:
    app.jinja_env.globals["render_blocks"] = render_blocks


def turn(shown: Turn) -> ShownTurn:
    return ShownTurn(shown.id, shown.thread_id, shown.answer_id, shown.status, error_json(shown))


def message(shown: Message, of_turn: Turn | None = None, html: Markup | None = None) -> ShownMessage:
    if html is None:
        html = render_blocks(shown.blocks) if shown.role == Role.ASSISTANT else Markup("")
    presented = turn(of_turn) if of_turn else None
    return ShownMessage(
        shown.id, shown.thread_id, shown.role, shown.content, shown.warning, shown.created, html, presented
    )
