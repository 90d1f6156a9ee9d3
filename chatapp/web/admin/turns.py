"""The turn inspector: the latest turns, and one of them as what happened in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config, tools
from chatapp.core import bundles, inspections, timelines, turn_lists
from chatapp.core.traces import milliseconds
from chatapp.core.turn_lists import TurnFilter
from chatapp.models import Turn
from chatapp.values import TurnStatus
from chatapp.web.admin import bp, receipts
from chatapp.web.admin import turn_presenting as presenting
from chatapp.web.admin.access import staff_and_support
from chatapp.web.auth import signed_in_user
from chatapp.web.content_disposition import attachment_named
from chatapp.web.render.durations import duration

STATES = {
    TurnStatus.RUNNING: "Running",
    TurnStatus.AWAITING_APPROVAL: "Waiting for a person",
    TurnStatus.COMPLETED: "Completed",
    TurnStatus.FAILED: "Failed",
    TurnStatus.CANCELLED: "Cancelled",
}
SLOWER_THAN = (2, 5, 10, 30)  # seconds
CHOICES = {"states": STATES, "slower_than": SLOWER_THAN, "looked_through": turn_lists.LOOKED_THROUGH}


@bp.get("/turns/")
@staff_and_support
def turns() -> ResponseReturnValue:
    """The turns that the filters describe; with an id, the way to its turn."""
    if wanted := request.args.get("id", "").strip():
        found = turn_lists.find(key) if (key := _uuid(wanted)) else None
        if found:
            return redirect(url_for("admin.turn", turn_id=found))
        flash("No turn, message or conversation has this id.")
    asked = {name: value for name, value in request.args.items() if name not in ("id", "after") and value}
    page = turn_lists.page(_filter(), _uuid(request.args.get("after", "")))
    return render_template("admin/turns.html", page=page, asked=asked, **CHOICES)


@bp.get("/turns/<uuid:turn_id>/")
@staff_and_support
def turn(turn_id: UUID) -> ResponseReturnValue:
    inspection = inspections.read(signed_in_user(), turn_id, "page", in_short=True)
    receipt = timelines.receipt(inspection)
    return render_template(
        "admin/turn.html",
        inspection=inspection,
        turn=inspection.turn,
        is_active=TurnStatus(inspection.turn.status).is_active,
        states=STATES,
        rows=presenting.timeline(inspection),
        events=presenting.event_rows(inspection),
        receipt=receipt and receipts.lines(receipt, inspection.turn),
        worker=receipts.process(inspection.trace.get("worker", "")),
        retention=config.current().event_retention_hours,
    )


@bp.get("/turns/<uuid:turn_id>/replay.json")
@staff_and_support
def turn_replay(turn_id: UUID) -> ResponseReturnValue:
    """The frames of a replay for static/js/replay.js."""
    inspection = inspections.read(signed_in_user(), turn_id, "replay")
    return {"frames": [asdict(frame) for frame in presenting.frames(inspection)]}


@bp.get("/turns/<uuid:turn_id>/bundle.zip")
@staff_and_support
def turn_bundle(turn_id: UUID) -> ResponseReturnValue:
    user = signed_in_user()
    packed = bundles.pack(inspections.export(user, turn_id), tools.names(user))
    headers = {"Content-Disposition": attachment_named(f"turn-{turn_id}.zip")}
    return Response(packed, mimetype="application/zip", headers=headers)


@bp.app_template_filter("milliseconds")
def _milliseconds(value: int | None) -> str:
    return "" if value is None else duration(value)


@bp.app_template_filter("lasted")
def _lasted(turn: Turn) -> str:
    if turn.completed_at is None:
        return ""
    return duration(milliseconds(turn.completed_at) - milliseconds(turn.created))


def _filter() -> TurnFilter:
    arguments: dict[str, Any] = request.args
    status, slow = arguments.get("status", ""), arguments.get("slow", "")
    return TurnFilter(
        status=TurnStatus(status) if status in set(TurnStatus) else None,
        model=_text("model"),
        user=_text("user"),
        thread_id=_uuid(arguments.get("thread", "")),
        slow=int(slow) * 1_000 if slow in map(str, SLOWER_THAN) else None,
        error=_text("error"),
    )


def _text(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
