"""Quotas: what everybody has used in the current periods, limits of their own, the capacity of the whole site."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import quota_lists, quotas
from chatapp.errors import BadValues, QuotaMisconfigured
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_and_support
from chatapp.web.auth import signed_in_user

NAMES = {"daily": "Day", "weekly": "Week", "monthly": "Month"}
MOST = 10**15


@bp.get("/quotas/")
@staff_and_support
def quotas_page() -> ResponseReturnValue:
    query, own = request.args.get("q", "").replace("\x00", "").strip(), request.args.get("own") == "yes"
    try:
        accounts, has_more = quota_lists.page(query, own_limits=own, after=_after())
    except QuotaMisconfigured as error:
        return render_template("admin/quotas.html", problem=str(error), capacity=quota_lists.capacity())
    return render_template(
        "admin/quotas.html",
        accounts=accounts,
        next=accounts[-1].user.username if has_more else "",
        query=query,
        own=own,
        names=NAMES,
        capacity=quota_lists.capacity(),
    )


@bp.get("/quotas/<uuid:user_id>/")
@staff_and_support
def quota(user_id: UUID) -> ResponseReturnValue:
    return _page(user_id)


@bp.post("/quotas/<uuid:user_id>/")
@staff_and_support
def set_quota(user_id: UUID) -> ResponseReturnValue:
    try:
        limits = typed_limits()
    except BadValues as error:
        return _page(user_id, error.errors), 400
    quota_lists.change(signed_in_user(), user_id, limits)
    flash("These are the limits now.")
    return redirect(url_for("admin.quota", user_id=user_id), 303)


def _after() -> str:
    return request.args.get("after", "").replace("\x00", "")


def _page(user_id: UUID, errors: dict[str, str] | None = None) -> str:
    try:
        account = quota_lists.account(user_id)
    except QuotaMisconfigured as error:
        return render_template("admin/quotas.html", problem=str(error), capacity=quota_lists.capacity())
    form = request.form if errors else {}
    return render_template("admin/quota.html", account=account, names=NAMES, errors=errors or {}, form=form)


def typed_limits() -> dict[str, int | None]:
    """What was typed for each period; empty is the default of the system. Raises BadValues."""
    limits, errors = {}, {}
    for period in quotas.PERIODS:
        text = request.form.get(period, "").strip().replace(",", "")
        try:
            limits[period] = int(text) if text else None
        except ValueError:
            limits[period] = quotas.UNLIMITED - 1
        if not quotas.UNLIMITED <= (limits[period] or 0) <= MOST:
            errors[period] = f"A whole number of tokens up to {MOST:,}, -1 for no limit, nothing for the site's limit."
    if errors:
        raise BadValues(errors)
    return limits
