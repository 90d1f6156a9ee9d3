"""The pages of those who run the site, under /admin/.

A page is a view with `staff_only` or `staff_and_support` and an entry of `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Flask, redirect, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import flags
from chatapp.web.admin.access import staff_and_support
from chatapp.web.auth import reader

bp = Blueprint("admin", __name__, url_prefix="/admin")


class Section(NamedTuple):
    """An entry of the navigation; the current one is found by the beginning of the address.

    `waiting` tells how much there is to do; it is asked for every page.
    """

    endpoint: str
    label: str
    for_support: bool = False
    waiting: Callable[[], int] | None = None


SECTIONS = (
    Section("admin.flagged_threads", "Flagged", for_support=True, waiting=flags.undecided),
    Section("admin.thread_log", "Threads", for_support=True),
    Section("admin.feedback", "Feedback", for_support=True),
    Section("admin.turns", "Turns", for_support=True),
    Section("admin.usage_page", "Usage", for_support=True),
    Section("admin.quotas_page", "Quotas", for_support=True),
    Section("admin.people_list", "People"),
    Section("admin.prompts", "System prompts"),
    Section("admin.guard_playground", "Guard playground"),
    Section("admin.retention_page", "Retention"),
    Section("admin.mcp_servers", "MCP servers"),
    Section("admin.audit_trail", "Audit"),
    Section("admin.system_page", "System"),
)


@bp.get("/")
@staff_and_support
def overview() -> ResponseReturnValue:
    """To the first page that the reader may see; there is none for support while it may see none."""
    sections = _sections()
    return redirect(url_for(sections[0].endpoint if sections else "home"))


@bp.context_processor
def _navigation() -> dict[str, object]:
    return {
        "sections": [
            (url_for(section.endpoint), section.label, section.waiting() if section.waiting else 0)
            for section in _sections()
        ],
        "most_waiting": flags.COUNTED,
    }


def _sections() -> list[Section]:
    user = reader()
    return [section for section in SECTIONS if user and (user.is_staff or (user.is_support and section.for_support))]


def init_app(app: Flask) -> None:
    from chatapp.web.admin import (
        audit,
        feedback,
        flagged,
        invitations,
        mcp,
        people,
        person,
        phrases,
        playground,
        prompt_versions,
        prompts,
        quotas,
        reasons,
        retention,
        system,
        threads,
        turns,
        usage,
    )

    # Their views have registered themselves.
    _ = (flagged, invitations, mcp, people, person, phrases, playground, prompt_versions, prompts, quotas, retention)
    _ = (audit, feedback, reasons, system, threads, turns, usage)
    app.register_blueprint(bp)
