"""One person: who they are, what they may, the ways into their account, and their limits.

Every form leads back to its part of the page. The address of a link for a password is on the page that answers the form
and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import (
    accounts,
    browsers,
    leaving,
    password_links,
    people,
    quota_lists,
    quotas,
    second_factors,
    tokens,
)
from chatapp.errors import BadValues, QuotaMisconfigured
from chatapp.models import User
from chatapp.values import Audience
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.admin.people import ROLES, roles
from chatapp.web.admin.quotas import typed_limits
from chatapp.web.auth import signed_in_user

# What is done to an account at the push of a button, what is said then, and at which part of the page.
ACTS: dict[str, tuple[Callable[[User, UUID], object], str, str]] = {
    "disable": (people.disable, "The account is disabled. Nothing opens it any more.", "state"),
    "enable": (people.enable, "The account is enabled again.", "state"),
    "sign-out": (people.sign_out, "They have to sign in again in every browser.", "state"),
    "new-password": (
        people.require_new_password,
        "They are signed out and have to choose another password.",
        "password",
    ),
    "reset-two-step": (
        people.reset_second_factor,
        "They sign in without a code until they set it up again.",
        "password",
    ),
}


@bp.get("/people/<uuid:user_id>/")
@staff_only
def person(user_id: UUID) -> ResponseReturnValue:
    return _page(people.get(user_id))


@bp.post("/people/<uuid:user_id>/role/")
@staff_only
def change_role(user_id: UUID) -> ResponseReturnValue:
    people.change_roles(signed_in_user(), user_id, **roles())
    if user_id == signed_in_user().id and not signed_in_user().is_staff:
        return redirect(url_for("home"), 303)
    return _done("That is what they may do now. They have to sign in again.", user_id, "role")


@staff_only
def _act(user_id: UUID, name: str) -> ResponseReturnValue:
    do, said, part = ACTS[name]
    do(signed_in_user(), user_id)
    return _done(said, user_id, part)


for name in ACTS:
    address = f"/people/<uuid:user_id>/{name}/"
    bp.add_url_rule(address, f"{name}_person", partial(_act, name=name), methods=["POST"])


@bp.post("/people/<uuid:user_id>/password-link/")
@staff_only
def make_password_link(user_id: UUID) -> ResponseReturnValue:
    """The page with the new address, which is not shown again."""
    token = people.make_password_link(signed_in_user(), user_id)
    return _page(people.get(user_id), address=url_for("pages.choose_password", token=token, _external=True))


@bp.post("/people/<uuid:user_id>/password-link/revoke/")
@staff_only
def revoke_password_link(user_id: UUID) -> ResponseReturnValue:
    password_links.revoke(signed_in_user(), people.get(user_id))
    return _done("The link no longer opens anything.", user_id, "password")


@bp.post("/people/<uuid:user_id>/tokens/<uuid:token_id>/revoke/")
@staff_only
def revoke_token(user_id: UUID, token_id: UUID) -> ResponseReturnValue:
    people.revoke_token(signed_in_user(), user_id, token_id)
    return _done("The token no longer opens anything.", user_id, "tokens")


@bp.post("/people/<uuid:user_id>/limits/")
@staff_only
def set_limits(user_id: UUID) -> ResponseReturnValue:
    try:
        limits = typed_limits()
    except BadValues as error:
        return _page(people.get(user_id), errors=error.errors, form=request.form), 400
    quota_lists.change(signed_in_user(), user_id, limits)
    return _done("Those are the limits now.", user_id, "limits")


def _page(person: User, **more: Any) -> str:
    values: dict[str, Any] = {"errors": {}, "form": {}, "address": ""}
    return render_template(
        "admin/person.html",
        person=person,
        role=Audience.STAFF if person.is_staff else Audience.SUPPORT if person.is_support else Audience.EVERYBODY,
        roles=ROLES,
        is_own=person.id == signed_in_user().id,
        is_last_administrator=leaving.is_last_administrator(person),
        figures=people.figures(person),
        identity=people.identities([person.id]).get(person.id),
        has_password=accounts.has_password(person),
        takes_passwords=config.current().takes_passwords,
        follows_groups=config.current().oidc_maps_roles,
        second_factor=second_factors.of_user(person),
        open_sessions=len(browsers.of_user(person)),
        link=password_links.open_of(person),
        tokens=tokens.of_user(person),
        usage=_usage(person),
        **(values | more),
    )


def _usage(person: User) -> dict[str, quotas.PeriodUsage] | None:
    """None while the site's own limits are misconfigured."""
    try:
        return quotas.usage(person)
    except QuotaMisconfigured:
        return None


def _done(text: str, user_id: UUID, part: str) -> ResponseReturnValue:
    flash(text)
    return redirect(url_for("admin.person", user_id=user_id, _anchor=part), 303)
