"""The review of what the guards have flagged: the queue, one case, how often the guards are right.

Support reads, staff decide. Filters are in the address, so that a queue can be bookmarked. A decision leads to the
next case.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import accounts, flag_figures, flag_reviews, flags
from chatapp.core.flag_reviews import Case
from chatapp.core.flags import Queue, Wanted
from chatapp.core.marks import marks
from chatapp.db import now
from chatapp.errors import ChatError, Conflict, Invalid, NotFound
from chatapp.values import Action, Decision, Severity
from chatapp.web.admin import bp, rules
from chatapp.web.admin.access import staff_and_support, staff_only
from chatapp.web.admin.conversation import Excerpt
from chatapp.web.auth import signed_in_user
from chatapp.web.render.marking import marked

ANY = "any"
RECENT = timedelta(days=90)
DECISIONS = {
    Decision.UNDECIDED: "Undecided",
    Decision.FOLLOW_UP: "Needs follow-up",
    Decision.CONFIRMED: "Confirmed",
    Decision.FALSE_ALARM: "False alarm",
}
SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
ACTIONS = {
    Action.BLOCK: "Refused",
    Action.REDACT: "Redacted",
    Action.WARN: "Warned",
    Action.FLAG: "Only flagged",
}
FILTERS = ("decision", "severity", "action", "rule", "user")


bp.add_app_template_filter(rules.name, "rule")
bp.add_app_template_filter(rules.title, "rule_title")


@bp.get("/flagged/")
@staff_and_support
def flagged_threads() -> ResponseReturnValue:
    try:
        found, problem = flags.queue(_wanted(), _uuid(request.args.get("after", ""))), ""
    except NotFound:
        found, problem = Queue((), None), "There is nobody of that user name."
    return render_template("admin/flagged.html", queue=found, problem=problem, **_words())


@bp.get("/flagged/<uuid:flag_id>/")
@staff_and_support
def flagged_message(flag_id: UUID) -> ResponseReturnValue:
    return _page(flag_reviews.read(signed_in_user(), flag_id))


@bp.post("/flagged/<uuid:flag_id>/")
@staff_only
def decide_flag(flag_id: UUID) -> ResponseReturnValue:
    """On to the next case of the queue that the reviewer came from."""
    form, staff = request.form, signed_in_user()
    try:
        flag_reviews.decide(
            staff,
            flag_id,
            form.get("choice", ""),
            form.get("note", "").replace("\x00", ""),
            form.getlist("wrong"),
            _uuid(form.get("seen", "")),
        )
    except (Invalid, Conflict) as error:
        return _page(flag_reviews.read(staff, flag_id), error), 409 if isinstance(error, Conflict) else 400
    flash(f"Decided: {DECISIONS[Decision(form['choice'])].lower()}.")
    return _next(flag_id)


@bp.get("/flagged/<uuid:flag_id>/next/")
@staff_and_support
def next_flag(flag_id: UUID) -> ResponseReturnValue:
    return _next(flag_id)


@bp.get("/flagged/precision/")
@staff_and_support
def guard_precision() -> ResponseReturnValue:
    """Of the last RECENT days; of all where the form was sent without a first day."""
    first, last = _day("from"), _day("to")
    if "from" not in request.args:
        first = now().date() - RECENT
    tables = (("By rule", flag_figures.by_rule(first, last)), ("By what followed", flag_figures.by_action(first, last)))
    return render_template("admin/flagged_precision.html", tables=tables, first=first, last=last, **_words())


def _next(flag_id: UUID) -> ResponseReturnValue:
    try:
        following = flags.following(_wanted(), flag_id)
    except NotFound:
        following = None
    if following is None:
        return redirect(url_for("admin.flagged_threads", **_asked()), 303)
    return redirect(url_for("admin.flagged_message", flag_id=following, _anchor="review", **_asked()), 303)


def _page(case: Case, error: ChatError | None = None) -> str:
    message, today = case.message, None
    text = None
    if message:
        text = marked(message.content, marks(message.content, message.injection_categories), rules.name)
        today = flag_reviews.judged_now(message) if message.injection_categories else None
    return render_template(
        "admin/flagged_message.html",
        case=case,
        text=text,
        today=today,
        excerpt=Excerpt.around(message, request.args.get("place", type=int)) if message else None,
        disguises=[rule.rule for rule in case.flag.rules if rule.rule in rules.DISGUISES],
        error=error,
        form=request.form if error else None,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "asked": _asked(),
        "decisions": DECISIONS,
        "severities": SEVERITIES,
        "actions": ACTIONS,
        "rule_groups": rules.GROUPS,
        "severity_of": flags.severity_of,
        "may_decide": signed_in_user().is_staff,
    }


def _wanted() -> Wanted:
    """What the address asks for; what it asks for in vain counts as nothing asked. Raises NotFound for a user."""
    args = request.args
    decision, severity, action, rule = (args.get(name, "") for name in FILTERS[:4])
    user = args.get("user", "").replace("\x00", "").strip()
    return Wanted(
        decision=None if decision == ANY else Decision(decision) if decision in DECISIONS else Decision.UNDECIDED,
        severity=Severity(severity) if severity in SEVERITIES else None,
        action=action if action in ACTIONS else None,
        rule=rule if rules.is_known(rule) else None,
        user_id=accounts.find_user(user).id if user else None,
    )


def _asked() -> dict[str, Any]:
    """The filters that are set, for addresses that keep them."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    """404 for what can be nobody's id."""
    try:
        return UUID(text) if text else None
    except ValueError:
        abort(404)
