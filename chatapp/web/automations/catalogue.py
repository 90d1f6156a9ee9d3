"""Automations: made from a conversation, listed, looked at, changed, deleted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.automations import catalogue, crystallizing, running
from chatapp.core import threads
from chatapp.errors import Invalid
from chatapp.models import Automation
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.automations import bp, presenting
from chatapp.web.pages.accounts import field

PAGE = 30
LATEST = 10  # runs on the page of an automation


@bp.get("/automations/")
@sign_in_required
def automation_page() -> ResponseReturnValue:
    user, number = signed_in_user(), max(1, min(request.args.get("page", 1, type=int), 1_000_000))
    found, total = catalogue.page(user, None, (number - 1) * PAGE, PAGE)
    return render_template(
        "pages/automations.html",
        automations=found,
        runs=catalogue.latest_runs(found),
        sources=threads.own_titles(user, [automation.source_thread_id for automation in found]),
        page=number,
        pages=-(-total // PAGE),
    )


@bp.post("/chat/<uuid:thread_id>/automation/")
@sign_in_required
def save(thread_id: UUID) -> ResponseReturnValue:
    """What was done in a conversation as an automation; the one that there is, if there is one."""
    automation, is_new = crystallizing.crystallize(signed_in_user(), thread_id, renamed=True)
    flash(
        "Saved as an automation: these are the steps that were taken in the conversation."
        if is_new
        else "This conversation is an automation already: this one."
    )
    return _to(automation.id)


@bp.get("/automations/<uuid:automation_id>/")
@sign_in_required
def automation(automation_id: UUID) -> ResponseReturnValue:
    return _page(catalogue.get(signed_in_user(), automation_id))


@bp.post("/automations/<uuid:automation_id>/describe/")
@sign_in_required
def describe(automation_id: UUID) -> ResponseReturnValue:
    description = field("description").replace("\r\n", "\n")
    try:
        catalogue.describe(signed_in_user(), automation_id, field("name"), description)
    except Invalid as error:
        found = catalogue.get(signed_in_user(), automation_id)
        return _page(found, errors={error.field: str(error)}, form=request.form), 400
    flash("Saved.")
    return _to(automation_id)


@bp.post("/automations/<uuid:automation_id>/state/")
@sign_in_required
def set_state(automation_id: UUID) -> ResponseReturnValue:
    wanted = field("state")
    if wanted not in catalogue.STATES:
        raise Invalid("There is no such state.", "state")
    automation = catalogue.change(signed_in_user(), automation_id, {"status": wanted})
    flash(f"The automation is {automation.status}.")
    return _to(automation_id)


@bp.post("/automations/<uuid:automation_id>/delete/")
@sign_in_required
def delete(automation_id: UUID) -> ResponseReturnValue:
    catalogue.delete(signed_in_user(), automation_id)
    flash("The automation and its runs are deleted.")
    return redirect(url_for("automations.automation_page"), 303)


def _page(found: Automation, **more: Any) -> str:
    user = signed_in_user()
    runs, total = catalogue.page_of_runs(user, found.id, None, 0, LATEST)
    values: dict[str, Any] = {"errors": {}, "form": {"name": found.name, "description": found.description or ""}}
    return render_template(
        "pages/automation.html",
        automation=found,
        steps=presenting.steps(found.config["steps"]),
        diagram=presenting.diagram(found.config["steps"]),
        runs=runs,
        hidden_runs=total - len(runs),
        sources=threads.own_titles(user, [found.source_thread_id]),
        next_states=[after for before, after in sorted(catalogue.CHANGES) if before == found.status],
        is_runnable=found.status in running.RUNNABLE,
        longest=(catalogue.NAME_LENGTH, catalogue.DESCRIPTION_LENGTH),
        **(values | more),
    )


def _to(automation_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("automations.automation", automation_id=automation_id), 303)
