"""The pages of those who run the site, under /admin/.

A page is a view with `staff_only` or `staff_and_support` and an entry of `SECTIONS`.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, Flask, redirect, url_for
from flask.typing import ResponseReturnValue

from chatapp.web.admin.access import staff_and_support
from chatapp.web.auth import reader

bp = Blueprint("admin", __name__, url_prefix="/admin")


class Section(NamedTuple):
    """An entry of the navigation; the current one is found by the beginning of the address."""

    endpoint: str
    label: str
    for_support: bool = False


SECTIONS = (
    Section("admin.thread_log", "Threads", for_support=True),
    Section("admin.feedback", "Feedback", for_support=True),
    Section("admin.mcp_servers", "MCP servers"),
    Section("admin.audit_trail", "Audit"),
)


@bp.get("/")
@staff_and_support
def overview() -> ResponseReturnValue:
    """To the first page that the reader may see; there is none for support while it may see none."""
    sections = _sections()
    return redirect(url_for(sections[0].endpoint if sections else "home"))


@bp.context_processor
def _navigation() -> dict[str, object]:
    return {"sections": [(url_for(section.endpoint), section.label) for section in _sections()]}


def _sections() -> list[Section]:
    user = reader()
    return [section for section in SECTIONS if user and (user.is_staff or (user.is_support and section.for_support))]


def init_app(app: Flask) -> None:
    from chatapp.web.admin import audit, feedback, mcp, reasons, threads

    _ = audit, feedback, mcp, reasons, threads
    app.register_blueprint(bp)
