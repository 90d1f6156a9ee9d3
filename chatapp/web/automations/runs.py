"""Running an automation: the form for its inputs, the run while it goes on and what came out, decisions at gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.automations import catalogue, progress, running
from chatapp.db import new_id
from chatapp.errors import BadInputs, Conflict
from chatapp.models import Automation
from chatapp.web import polling
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.automations import bp, forms, presenting
from chatapp.web.pages.accounts import field

LONGEST_KEY = 64


@bp.get("/automations/<uuid:automation_id>/run/")
@sign_in_required
def run_form(automation_id: UUID) -> ResponseReturnValue:
    return _form(catalogue.get(signed_in_user(), automation_id), str(new_id()))


@bp.post("/automations/<uuid:automation_id>/run/")
@sign_in_required
def start(automation_id: UUID) -> ResponseReturnValue:
    user, key = signed_in_user(), field("key")[:LONGEST_KEY] or str(new_id())
    automation = catalogue.get(user, automation_id)
    given = forms.read(automation.config["steps"], request.form)
    if given.errors:
        return _form(automation, key, given.errors), 400
    try:
        run = running.start_once(user, automation_id, given.inputs, key)
    except BadInputs as error:
        return _form(automation, key, forms.errors_of(error.faults, request.form)), 400
    except Conflict as error:
        flash(str(error))
        return redirect(url_for("automations.automation", automation_id=automation_id), 303)
    return _to(run.id)


@bp.get("/automations/runs/<uuid:run_id>/")
@sign_in_required
def run(run_id: UUID) -> ResponseReturnValue:
    values = _run(run_id)
    if request.args.get("part") == "rows":
        return polling.rendered("partials/_automation_run.html", **values, is_news=True)
    return render_template("pages/automation_run.html", **values)


@bp.post("/automations/runs/<uuid:run_id>/approve/")
@sign_in_required
def approve(run_id: UUID) -> ResponseReturnValue:
    return _decided(run_id, lambda reason: running.decide(signed_in_user(), run_id, True, reason))


@bp.post("/automations/runs/<uuid:run_id>/reject/")
@sign_in_required
def reject(run_id: UUID) -> ResponseReturnValue:
    return _decided(run_id, lambda reason: running.decide(signed_in_user(), run_id, False, reason))


@bp.post("/automations/runs/<uuid:run_id>/cancel/")
@sign_in_required
def cancel(run_id: UUID) -> ResponseReturnValue:
    running.cancel(signed_in_user(), run_id)
    return _to(run_id)


def _form(automation: Automation, key: str, errors: Mapping[str, str] | None = None) -> str:
    given = request.form if errors else None
    return render_template(
        "pages/automation_start.html",
        automation=automation,
        key=key,
        steps=forms.steps(automation.config["steps"], given, errors or {}),
        is_runnable=automation.status in running.RUNNABLE,
        has_errors=bool(errors),
    )


def _run(run_id: UUID) -> dict[str, Any]:
    user = signed_in_user()
    found = catalogue.get_run(user, run_id)
    automation = catalogue.get(user, found.automation_id)
    shown = presenting.steps(found.steps)
    return {
        "run": found,
        "automation": automation,
        "steps": shown,
        "done": sum(step.state == "completed" for step in shown),
        "changing": found.status in progress.UNDER_WAY,
        "is_over": found.status in progress.FINAL,
        "poll_url": polling.own_address(url_for("automations.run", run_id=run_id)),
        "longest_reason": running.REASON_LENGTH,
    }


def _decided(run_id: UUID, decide: Callable[[str | None], object]) -> ResponseReturnValue:
    """Back to the run; who decided second is told so."""
    try:
        decide(field("reason")[: running.REASON_LENGTH] or None)
    except Conflict as error:
        flash(str(error))
    return _to(run_id)


def _to(run_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("automations.run", run_id=run_id), 303)
