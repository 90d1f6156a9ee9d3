"""Conversations to take away: files, and a page to print.

A file that is a page (`export.html`) holds its own style and a policy of its own, in which nothing but that style is
allowed: it is the same when it is opened from a disk (docs/adr/0013-sharing-and-exports.md).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from flask import Response, stream_template
from flask import stream_with_context as in_context
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from chatapp.core import exports, threads
from chatapp.db import now
from chatapp.models import Message, Thread
from chatapp.values import Role
from chatapp.web import assets
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.downloads import file_of
from chatapp.web.pages import bp
from chatapp.web.pages.live import packed
from chatapp.web.render import render_blocks

PIECE = 32 * 1024
SHEETS = ("base", "prose", "message", "block", "card", "code", "read")
PICO = '@import url("../vendor/pico.fluid.classless.min.css") layer(pico);'


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message for people who can do nothing with it: neither ids nor anybody's remarks."""

    role: str
    content: str
    html: Markup
    interrupted: bool
    files: Sequence[str] = ()


@bp.get("/chat/<uuid:thread_id>/export.md")
@sign_in_required
def export_markdown(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    return _download(thread, exports.as_markdown(thread), "md", "text/markdown")


@bp.get("/chat/<uuid:thread_id>/export.json")
@sign_in_required
def export_json(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    return _download(thread, exports.as_json(thread), "json", "application/json")


@bp.get("/chat/<uuid:thread_id>/export.html")
@sign_in_required
def export_html(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    pieces = stream_template("pages/conversation_file.html", **_values(thread), style=_style(), digest=_digest())
    return _download(thread, _encoded(pieces), "html", "text/html")


@bp.get("/chat/<uuid:thread_id>/print/")
@sign_in_required
def print_thread(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    return streamed_page("pages/print.html", **_values(thread))


@bp.get("/account/export.zip")
@sign_in_required
def export_everything() -> ResponseReturnValue:
    user = signed_in_user()
    name = exports.file_name(f"chat {user.username}", now(), "zip")
    return file_of(exports.everything(user.id), name, "application/zip")


def readable(batches: Iterable[Sequence[Message]], *, with_files: bool = False) -> Iterator[ReadMessage]:
    """Messages for a page that is only read, made while it is sent; `with_files`: and what files came with them."""
    for batch in batches:
        files = exports.files_of(batch) if with_files else {}
        for message in batch:
            html = render_blocks(message.blocks) if message.role == Role.ASSISTANT else Markup("")
            names = [file.attachment.original_filename for file in files.get(message.id, ())]
            yield ReadMessage(message.role, message.content, html, message.interrupted, names)


def streamed_page(template: str, **values: Any) -> Response:
    """A long page, sent while it is made."""
    pieces = _encoded(stream_template(template, **values))
    if not assets.accepts_gzip():
        return Response(in_context(pieces), mimetype="text/html")
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(in_context(packed(pieces)), mimetype="text/html", headers=headers)


def _values(thread: Thread) -> dict[str, Any]:
    return {"thread": thread, "messages": readable(exports.batches(thread), with_files=True), "moment_of_export": now()}


def _download(thread: Thread, pieces: Iterable[bytes], ending: str, mimetype: str) -> Response:
    return file_of(pieces, exports.file_name(thread.title, now(), ending), mimetype)


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """A template yields a word at a time; a connection is given more."""
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(gathered).encode()
            gathered, size = [], 0
    yield "".join(gathered).encode()


@cache
def _style() -> Markup:
    """The style sheets of a conversation as one that needs no other file."""
    folder = assets.FOLDER / "css"
    pico = (assets.FOLDER / "vendor" / "pico.fluid.classless.min.css").read_text().removeprefix('@charset "UTF-8";')
    text = "\n".join((folder / f"{name}.css").read_text() for name in SHEETS)
    text = text.replace(PICO, f"@layer pico {{{pico}}}")
    return Markup(re.sub(r"@font-face \{[^}]*\}", "", text))  # noqa: S704  # files of this release


@cache
def _digest() -> str:
    return base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
