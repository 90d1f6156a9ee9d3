"""Allowing or denying what the assistant wants to do (turns-api 4.9)."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp.core import approvals, threads, turns
from chatapp.errors import ApprovalNotPending
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp, live

DECISIONS = {"approve": True, "deny": False}


@bp.post("/chat/turns/<uuid:turn_id>/approvals/<uuid:approval_id>/")
@sign_in_required
def decide(turn_id: UUID, approval_id: UUID) -> ResponseReturnValue:
    """The answer as it stands then. Whoever comes too late sees what was decided in another window."""
    user, decision = signed_in_user(), request.form.get("decision", "")
    thread_id = turns.get_own(user, turn_id).thread_id
    if decision not in DECISIONS:
        abort(400)
    reason = request.form.get("reason", "").replace("\x00", "").strip()
    with suppress(ApprovalNotPending):
        approvals.decide(user, turn_id, approval_id, DECISIONS[decision], reason)
    if not htmx_request.htmx:
        return redirect(url_for("pages.show_thread", thread_id=thread_id, live="page", _anchor="latest"), 303)
    article = live.answer_article(user, turns.get_own(user, turn_id))
    around = {"thread": threads.get_own(user, thread_id), "active_turn": turns.active(thread_id)}
    return article + render_template("partials/_around.html", **around)
