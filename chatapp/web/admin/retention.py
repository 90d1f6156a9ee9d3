"""Retention: the rules, what they would erase now, legal holds, what has been erased."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import holds, retention, retention_rules
from chatapp.core.retention_rules import PARTS, Part
from chatapp.errors import BadValues, Invalid
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.auth import signed_in_user

ROLES = {"regular": "Everybody else", "support": "Support", "staff": "Staff"}
RUNS = 30


@bp.get("/retention/")
@staff_only
def retention_page() -> ResponseReturnValue:
    return _page()


@bp.get("/retention/dry-run/")
@staff_only
def dry_run_retention() -> ResponseReturnValue:
    """What would go under the rules that were typed, which are not stored."""
    try:
        rules = _rules(request.args)
    except BadValues as error:
        return _page(form=request.args, errors=error.errors), 400
    return _page(form=request.args, due=retention_rules.dry_run(rules))


@bp.post("/retention/")
@staff_only
def set_retention() -> ResponseReturnValue:
    try:
        retention_rules.change(signed_in_user(), _rules(request.form))
    except BadValues as error:
        return _page(form=request.form, errors=error.errors), 400
    return _done("These rules hold from the next daily work on.", "rules")


@bp.post("/retention/holds/")
@staff_only
def place_hold() -> ResponseReturnValue:
    """On a person by user name, or on a conversation by its id or the address of its page."""
    named, reason = request.form.get("object", "").replace("\x00", "").strip(), request.form.get("reason", "")
    thread_id = _thread_id(named)
    try:
        if thread_id:
            holds.on_thread(signed_in_user(), thread_id, reason)
        else:
            holds.on_person(signed_in_user(), named, reason)
    except Invalid as error:
        return _page(hold_form=request.form, errors={error.field: str(error)}), 400
    return _done("It is kept until the hold is lifted.", "holds")


@bp.post("/retention/holds/<uuid:hold_id>/lift/")
@staff_only
def lift_hold(hold_id: UUID) -> ResponseReturnValue:
    holds.lift(signed_in_user(), hold_id)
    return _done("The hold is lifted. What was due meanwhile goes with the next daily work.", "holds")


def _rules(typed: Any) -> dict[Part, int]:
    """Empty fields are no rules. Raises BadValues."""
    found, errors = {}, {}
    for part in PARTS:
        text = typed.get(part.name, "").strip()
        try:
            if text:
                found[part] = int(text)
        except ValueError:
            errors[part.name] = "This is no whole number."
    if errors:
        raise BadValues(errors)
    retention_rules.check(found)
    return found


def _thread_id(text: str) -> UUID | None:
    for piece in reversed(text.split("/")):
        try:
            return UUID(piece)
        except ValueError:
            continue
    return None


def _page(**more: Any) -> str:
    rules = retention_rules.stored()
    values: dict[str, Any] = {"form": None, "hold_form": {}, "errors": {}, "due": None}
    return render_template(
        "admin/retention.html",
        rules={part.name: days for part, days in rules.items()},
        roles=ROLES,
        parts=PARTS,
        default=config.current().ai_assistant_session_retention_days,
        deleted_days=config.current().deleted_thread_retention_days,
        holds=holds.every(),
        runs=retention.latest_runs(RUNS),
        **(values | more),
    )


def _done(text: str, part: str) -> ResponseReturnValue:
    flash(text)
    return redirect(url_for("admin.retention_page", _anchor=part), 303)
