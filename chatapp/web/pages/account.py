"""One's own account: profile, looks, password, API tokens, links, data, and leaving.

Every form leads back to its part of the page; one that was refused is shown again with the reason.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import (
    accounts,
    browsers,
    holds,
    identities,
    leaving,
    preferences,
    profiles,
    proofs,
    readings,
    second_factors,
    sharing,
    timezones,
    tokens,
)
from chatapp.errors import Invalid
from chatapp.values import Proof, Scope
from chatapp.web.auth import begin_session, end_session, sign_in_required, signed_in_browser, signed_in_user
from chatapp.web.pages import bp, moments
from chatapp.web.pages.accounts import field

SHOWN_READINGS = 3


@bp.get("/account/")
@sign_in_required
def account() -> ResponseReturnValue:
    return _page()


@bp.post("/account/profile/")
@sign_in_required
def change_profile() -> ResponseReturnValue:
    try:
        profiles.change(signed_in_user(), field("full_name"), field("email"))
    except Invalid as error:
        return refused(error)
    return done("Your profile is saved.", "profile")


@bp.post("/account/preferences/")
@sign_in_required
def change_preferences() -> ResponseReturnValue:
    try:
        preferences.change(signed_in_user(), field("theme"), field("locale"), field("timezone"))
    except Invalid as error:
        return refused(error)
    return done("That is how it looks now.", "preferences")


@bp.post("/account/password/")
@sign_in_required
def change_password() -> ResponseReturnValue:
    user, new = signed_in_user(), request.form.get("new", "")
    try:
        if new != request.form.get("repeated", ""):
            raise Invalid("The two new passwords are not the same.", "repeated")
        accounts.change_password(user, request.form.get("current", ""), new)
    except Invalid as error:
        return refused(error)
    begin_session(user, Proof(signed_in_browser().proof))
    return done("Your password is changed. You are signed out everywhere else.", "password")


@bp.post("/account/tokens/")
@sign_in_required
def create_token() -> ResponseReturnValue:
    """The page with the new secret, which is not shown again."""
    days = request.form.get("token_days", -1, type=int)
    try:
        if days not in tokens.DAYS:
            raise Invalid("Choose one of the times.", "token_days")
        scope = Scope.READ if field("token_scope") == Scope.READ else Scope.ALL
        secret, _ = tokens.create(signed_in_user(), field("token_name"), days, scope)
    except Invalid as error:
        return refused(error)
    return _page(secret=secret)


@bp.post("/account/tokens/<uuid:token_id>/revoke/")
@sign_in_required
def revoke_token(token_id: UUID) -> ResponseReturnValue:
    tokens.revoke(signed_in_user(), token_id)
    return done("The token no longer opens anything.", "tokens")


@bp.post("/account/sessions/<uuid:session_id>/end/")
@sign_in_required
def end_session_of_mine(session_id: UUID) -> ResponseReturnValue:
    browsers.end(signed_in_user(), session_id)
    return done("That browser is signed out.", "sessions")


@bp.post("/account/sessions/end-others/")
@sign_in_required
def end_other_sessions() -> ResponseReturnValue:
    browsers.end_others(signed_in_user(), signed_in_browser().id)
    return done("You are signed out everywhere else.", "sessions")


@bp.post("/account/delete/")
@sign_in_required
def delete_account() -> ResponseReturnValue:
    user_id = signed_in_user().id
    try:
        leaving.delete_own(signed_in_user(), field("delete_username"), request.form.get("delete_password", ""))
    except Invalid as error:
        return refused(error)
    end_session()
    return render_template("pages/left.html", is_held=holds.keeps(user_id))


def refused(error: Invalid) -> ResponseReturnValue:
    """The page again, with the reason at its field."""
    return _page(errors={error.field: str(error)}, form=request.form), 400


def done(text: str, part: str) -> ResponseReturnValue:
    """Back to that part of the page, which says so."""
    flash(text)
    return redirect(url_for("pages.account") + f"#{part}", 303)


def _page(**more: Any) -> str:
    user = signed_in_user()
    values: dict[str, Any] = {"errors": {}, "form": {}, "secret": ""}
    return render_template(
        "pages/account.html",
        user=user,
        tokens=tokens.of_user(user),
        sessions=browsers.of_user(user),
        this_browser=signed_in_browser().id,
        second_factor=second_factors.of_user(user),
        recovery_codes_left=second_factors.recovery_codes_left(user),
        needs_code=proofs.needs_code(user),
        links=sharing.of_user(user),
        is_held=holds.keeps(user.id),
        held_threads=holds.held_threads(user.id),
        readings=readings.of_owner(user, limit=SHOWN_READINGS)[0],
        is_last_administrator=leaving.is_last_administrator(user),
        has_password=accounts.has_password(user),
        provider=config.current().oidc_label if config.current().oidc_issuer else "",
        identity=identities.of_user(user),
        themes=preferences.THEMES,
        locales=sorted(((code, moments.own_name(code)) for code in preferences.LOCALES), key=lambda pair: pair[1]),
        zones=timezones.to_choose_from(),
        token_days=tokens.DAYS,
        default_token_days=tokens.DEFAULT_DAYS,
        min_password=accounts.MIN_PASSWORD,
        retention_days=config.current().ai_assistant_session_retention_days,
        **(values | more),
    )
