"""What the templates are given: plain values made from the domain's objects."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Flask
from markupsafe import Markup

from chatapp import config
from chatapp.core import approvals
from chatapp.core.snapshots import error_json
from chatapp.models import Message, Turn, User
from chatapp.values import Json, Role, TurnStatus
from chatapp.web import inspector
from chatapp.web.auth import reader
from chatapp.web.inspector import Panel
from chatapp.web.pages.shown_files import ShownFile
from chatapp.web.render import READ_ONLY, Situation, render_blocks
from chatapp.web.versions import Versions

SUGGESTIONS = (
    "Write a Python function that parses a date",
    "Compare tea and coffee in a table",
    "Draw a diagram of a login flow",
    "Make a plan for a small office move",
)
REMINDER = "Answers can be wrong: check what matters. Never paste passwords, keys or personal numbers."
DISCLAIMER = "Answers can be wrong. Check what matters, and never share passwords or keys."


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """`status` is one of the turn's own words; `error` is None or an object with code, message, retryable.

    `warning` is what the guards had to say about the question, while the answer is written; `undecided` how many calls
    a person has to allow or deny.
    """

    id: UUID
    thread_id: UUID
    answer_id: UUID
    place: int
    status: str
    error: Json | None
    warning: str = ""
    undecided: int = 0

    @property
    def waits(self) -> bool:
        """For a person."""
        return self.status == TurnStatus.AWAITING_APPROVAL


@dataclass(frozen=True, slots=True)
class Tokens:
    input: int
    output: int
    model: str


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """`html` are the blocks of an answer; a question is shown as the text it is.

    `place` is the same for all versions of a message; `versions` is None for the only one. `tokens` and `panels` (raw
    data) are there for those who may see them. `files` came with a question.
    """

    id: UUID
    thread_id: UUID
    place: int
    role: str
    content: str
    warning: str
    created: datetime
    html: Markup
    turn: ShownTurn | None
    versions: Versions | None
    feedback: bool | None
    tokens: Tokens | None
    panels: Sequence[Panel]
    files: Sequence[ShownFile] = ()

    @property
    def is_past(self) -> bool:
        return self.versions is not None and self.versions.is_past


def init_app(app: Flask) -> None:
    app.jinja_env.globals |= {"render_blocks": render_blocks, "form_key": form_key}
    app.context_processor(_looks)


def form_key() -> str:
    """What the form of a new conversation is known by; that of another is known by how far the conversation has got."""
    return secrets.token_urlsafe(16)


def _looks() -> dict[str, object]:
    """For the layout: the theme that its reader has chosen, empty for the system's; the site's name; whether the reader
    may look at what lies behind answers.
    """
    user = reader()
    theme = user.theme if user else "system"
    return {
        "theme": "" if theme == "system" else theme,
        "site_name": config.current().site_name,
        "looks_behind": user is not None and (user.is_staff or user.is_support),
    }


def turn(shown: Turn, warning: str = "", undecided: int = 0) -> ShownTurn:
    return ShownTurn(
        shown.id,
        shown.thread_id,
        shown.answer_id,
        shown.answer_index,
        shown.status,
        error_json(shown),
        warning,
        undecided,
    )


def standing(shown: Turn) -> str:
    """Which turn it is and how it stands, as its article on the page has it: js/catching-up.js."""
    status = TurnStatus(shown.status)
    if status is TurnStatus.AWAITING_APPROVAL:
        undecided = sum(approval.status == "pending" for approval in approvals.of_turn(shown.id).values())
        return f"{shown.id} {status} {undecided}"
    return f"{shown.id} {TurnStatus.RUNNING if status.is_active else status}"


def message(
    shown: Message,
    of_turn: Turn | None = None,
    html: Markup | None = None,
    *,
    versions: Sequence[UUID] = (),
    viewer: User | None = None,
    files: Sequence[ShownFile] = (),
    situation: Situation = READ_ONLY,
) -> ShownMessage:
    is_answer = shown.role == Role.ASSISTANT
    if html is None:
        html = render_blocks(shown.blocks, situation) if is_answer else Markup("")
    looks_behind = is_answer and viewer is not None and (viewer.is_staff or viewer.is_support)
    return ShownMessage(
        id=shown.id,
        thread_id=shown.thread_id,
        place=shown.sequence_index,
        role=shown.role,
        content=shown.content,
        warning=shown.warning,
        created=shown.created,
        html=html,
        turn=turn(of_turn) if of_turn else None,
        versions=Versions.around(shown.id, versions) if shown.id in versions else None,
        feedback=shown.feedback_score,
        tokens=_tokens(shown) if looks_behind or config.current().show_token_use else None,
        panels=inspector.panels(shown.blocks) if looks_behind else (),
        files=files,
    )


def _tokens(shown: Message) -> Tokens | None:
    if shown.input_tokens is None and shown.output_tokens is None:
        return None
    return Tokens(shown.input_tokens or 0, shown.output_tokens or 0, shown.model or "")
