"""The pages of those who run the site, under /admin/.

A page is a view with `staff_only` or `staff_and_support`; an area of pages has an entry in `GROUPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Flask, request, url_for

from chatapp.core import flags
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


class Entry(NamedTuple):
    """A section as one reader sees it on one page."""

    address: str
    label: str
    waiting: int
    is_current: bool


GROUPS = {
    "Conversations": (
        Section("admin.thread_log", "Threads", for_support=True),
        Section("admin.flagged_threads", "Flagged", for_support=True, waiting=flags.undecided),
        Section("admin.feedback", "Feedback", for_support=True),
        Section("admin.turns", "Turns", for_support=True),
    ),
    "Use": (
        Section("admin.usage_page", "Usage", for_support=True),
        Section("admin.quotas_page", "Quotas", for_support=True),
        Section("admin.people_list", "People"),
    ),
    "Steering": (
        Section("admin.prompts", "System prompts"),
        Section("admin.guard_playground", "Guard playground"),
        Section("admin.mcp_servers", "MCP servers"),
    ),
    "Operation": (
        Section("admin.retention_page", "Retention"),
        Section("admin.audit_trail", "Audit"),
        Section("admin.system_page", "System"),
    ),
}


@bp.context_processor
def _navigation() -> dict[str, object]:
    user = reader()
    start = url_for("admin.overview")
    overview = Entry(start, "Overview", 0, request.path == start)
    groups = {label: [_entry(section) for section in GROUPS[label] if _is_for_reader(section)] for label in GROUPS}
    entries = [entry for group in groups.values() for entry in group]
    return {
        "overview": overview,
        "navigation": {label: group for label, group in groups.items() if group},
        "here": next((entry for entry in entries if entry.is_current), overview),
        "most_waiting": flags.COUNTED,
        "may_see_people": user is not None and user.is_staff,
        "reader_id": user.id if user else None,
    }


def _entry(section: Section) -> Entry:
    address = url_for(section.endpoint)
    waiting = section.waiting() if section.waiting else 0
    return Entry(address, section.label, waiting, request.path.startswith(address))


def _is_for_reader(section: Section) -> bool:
    user = reader()
    return user is not None and (user.is_staff or (user.is_support and section.for_support))


def init_app(app: Flask) -> None:
    from chatapp.web.admin import (
        audit,
        feedback,
        flagged,
        invitations,
        mcp,
        overview,
        people,
        person,
        phrases,
        playground,
        prompt_versions,
        prompts,
        quotas,
        reasons,
        retention,
        screened_files,
        system,
        threads,
        turns,
        usage,
    )

    # Their views have registered themselves.
    _ = audit, feedback, flagged, invitations, mcp, overview, people, person, phrases, playground
    _ = prompt_versions, prompts, quotas, reasons, retention, screened_files, system, threads, turns, usage
    app.register_blueprint(bp)
