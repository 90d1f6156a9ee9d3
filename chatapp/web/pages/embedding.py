"""The chat in a frame of another page: the same pages under /embed/ (waldur 10.1, docs/embedding.md)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from chatapp import config
from chatapp.web.pages import bp, chat
from chatapp.web.security import allow_frames_of


@bp.get("/embed/")
def embed() -> ResponseReturnValue:
    return _framed(chat.new_chat)


@bp.get("/embed/<uuid:thread_id>/")
def embed_thread(thread_id: UUID) -> ResponseReturnValue:
    return _framed(lambda: chat.show_thread(thread_id))


def _framed(page: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """Nobody types a password into a frame: who has not signed in gets a link that opens a tab."""
    allow_frames_of(config.current().embedders)
    return page() if current_user.is_authenticated else render_template("pages/embed_sign_in.html")
