"""The log of everybody's threads (waldur 10.11, 10.12): found, read, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp.core import exports, flags, messages, readings, thread_lists
from chatapp.core.snapshots import time_json
from chatapp.db import now
from chatapp.models import Message, Thread
from chatapp.values import Severity
from chatapp.web import downloads
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_and_support
from chatapp.web.admin.logged_messages import LogPage, present
from chatapp.web.admin.thread_forms import LABELS, UNNAMED, ThreadForm, cursor
from chatapp.web.auth import signed_in_user
from chatapp.web.csv_files import csv_file

LENGTH = 50
MOST_ADDED_UP = 5_000
COLUMNS = (
    "uuid",
    "user_username",
    "user_full_name",
    "name",
    "message_count",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "is_flagged",
    "has_feedback",
    "max_severity",
    "is_archived",
    "models_used",
    "created",
    "modified",
)


@bp.get("/threads/")
@staff_and_support
def thread_log() -> ResponseReturnValue:
    form, user = ThreadForm.read(), signed_in_user()
    wanted = thread_lists.within_reach(user, form.wanted)
    found, after = thread_lists.following(user, wanted, form.after(), LENGTH)
    searched = wanted.looked_up
    is_bounded = searched is None or searched.is_few
    figures, is_all = thread_lists.latest_statistics(user, wanted, MOST_ADDED_UP) if is_bounded else (None, False)
    return render_template(
        "admin/threads.html",
        form=form,
        errors=form.errors,
        threads=found,
        next=cursor(after),
        figures=figures,
        is_all=is_all,
        searched=searched,
        most_added_up=MOST_ADDED_UP,
        labels=LABELS,
        severities=[(each, each.capitalize()) for each in Severity],
        unnamed=UNNAMED,
    )


@bp.get("/threads/export.csv")
@staff_and_support
def export_threads_csv() -> ResponseReturnValue:
    rows = (row.values() for row in _exported("csv"))
    return csv_file(exports.file_name("threads", now(), "csv"), COLUMNS, rows)


@bp.get("/threads/export.jsonl")
@staff_and_support
def export_threads_jsonl() -> ResponseReturnValue:
    lines = (orjson.dumps(row) + b"\n" for row in _exported("jsonl"))
    return downloads.file_of(lines, exports.file_name("threads", now(), "jsonl"), "application/jsonl")


@bp.get("/threads/<uuid:thread_id>/")
@staff_and_support
def logged_thread(thread_id: UUID) -> ResponseReturnValue:
    """The page, or the conversation alone for a row of the list. Raises ReasonNeeded."""
    thread = readings.open_thread(signed_in_user(), thread_id)
    page = LogPage.load(thread, _place(), _wanted(thread))
    template = "admin/_thread.html" if htmx_request.htmx else "admin/thread.html"
    case = flags.worst_of(thread.id) if thread.is_flagged else None
    return render_template(template, thread=thread, page=page, case=case, unnamed=UNNAMED)


@bp.get("/threads/<uuid:thread_id>/messages/<uuid:message_id>/")
@staff_and_support
def logged_version(thread_id: UUID, message_id: UUID) -> ResponseReturnValue:
    """A version of a message, and of what it belongs to, in place of those that are shown. Raises ReasonNeeded."""
    thread = readings.open_thread(signed_in_user(), thread_id)
    message = _message_of(thread, message_id)
    if not htmx_request.htmx:
        address = url_for("admin.logged_thread", thread_id=thread_id, message=message_id)
        return redirect(f"{address}#m-{message_id}", 303)
    shown = present(thread, messages.exchange(message))
    return render_template("admin/_thread_versions.html", thread=thread, messages=shown, wanted=message_id)


def _exported(form: str) -> Iterator[dict[str, Any]]:
    """That they are taken away is written down before the first of them is sent."""
    batches = thread_lists.export(signed_in_user(), ThreadForm.read().wanted, form)
    return (_row(thread) for batch in batches for thread in batch)


def _row(thread: Thread) -> dict[str, Any]:
    values = {
        "uuid": str(thread.id),
        "user_username": thread.user.username,
        "user_full_name": thread.user.full_name,
        "name": thread.title or UNNAMED,
        "created": time_json(thread.created),
        "modified": time_json(thread.modified),
    }
    return {name: values[name] if name in values else getattr(thread, name) for name in COLUMNS}


def _place() -> int | None:
    place = request.args.get("before", type=int)
    return None if place is None else max(0, place)


def _wanted(thread: Thread) -> Message | None:
    if "message" not in request.args:
        return None
    try:
        return _message_of(thread, UUID(request.args["message"]))
    except ValueError:
        abort(404)


def _message_of(thread: Thread, message_id: UUID) -> Message:
    message = messages.get(message_id)
    if message is None or message.thread_id != thread.id:
        abort(404)
    return message
