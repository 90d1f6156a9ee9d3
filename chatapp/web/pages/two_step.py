"""The second step of signing in: asked for, set up, renewed, turned off. Recovery codes are shown on one page, once."""

from __future__ import annotations

import segno
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import accounts, second_factors
from chatapp.errors import Forbidden, Invalid, TooManyAttempts
from chatapp.models import User
from chatapp.values import Proof
from chatapp.web.auth import begin_session, sign_in_required, signed_in_user
from chatapp.web.pages import bp, halfway
from chatapp.web.pages.account import done, refused
from chatapp.web.pages.accounts import field, waiting

FEW_CODES = 3
DOT = 5  # pixels of a picture


@bp.get("/sign-in/code/")
def ask_for_code() -> ResponseReturnValue:
    return _code_page() if halfway.recall() else _to_the_beginning()


@bp.post("/sign-in/code/")
def submit_code() -> ResponseReturnValue:
    begun = halfway.recall()
    if begun is None:
        return _to_the_beginning()
    user, wanted = begun
    try:
        second_factors.check(user, field("code"))
    except TooManyAttempts as error:
        return _code_page(str(error)), 429, waiting(error)
    except Invalid as error:
        return _code_page(str(error)), 400
    begin_session(user, Proof.CODE)
    left = second_factors.recovery_codes_left(user)
    if left < FEW_CODES:
        flash(f"{left} recovery codes are left. Make new ones.")
        return redirect(url_for("pages.account", _anchor="two-step"), 303)
    return redirect(wanted, 303)


@bp.get("/sign-in/set-up/")
def set_up_at_sign_in() -> ResponseReturnValue:
    begun = halfway.recall()
    if begun is None:
        return _to_the_beginning()
    return redirect(url_for("pages.ask_for_code")) if second_factors.of_user(begun[0]) else _set_up_page(begun[0])


@bp.post("/sign-in/set-up/")
def submit_set_up_at_sign_in() -> ResponseReturnValue:
    begun = halfway.recall()
    if begun is None:
        return _to_the_beginning()
    return _set_up(*begun)


@bp.get("/account/two-step/")
@sign_in_required
def set_up() -> ResponseReturnValue:
    _check_has_password()
    return _set_up_page(signed_in_user(), asks_password=True)


@bp.post("/account/two-step/")
@sign_in_required
def submit_set_up() -> ResponseReturnValue:
    _check_has_password()
    try:
        accounts.confirm_password(signed_in_user(), request.form.get("current", ""), "current")
    except Invalid as error:
        return _set_up_page(signed_in_user(), error, asks_password=True), 400
    return _set_up(signed_in_user(), url_for("pages.account", _anchor="two-step"), asks_password=True)


@bp.post("/account/two-step/recovery-codes/")
@sign_in_required
def renew_recovery_codes() -> ResponseReturnValue:
    try:
        codes = second_factors.renew_recovery_codes(signed_in_user(), field("code"))
    except Invalid as error:
        return refused(error)
    return _codes_page(codes, url_for("pages.account", _anchor="two-step"))


@bp.post("/account/two-step/off/")
@sign_in_required
def turn_off() -> ResponseReturnValue:
    try:
        second_factors.turn_off(signed_in_user(), field("code"))
    except Invalid as error:
        return refused(error)
    return done("From now on your password is enough.", "two-step")


def _set_up(user: User, wanted: str, *, asks_password: bool = False) -> ResponseReturnValue:
    """Recovery codes, in a session that a code has begun. Whoever has an app has to give its code first."""
    try:
        codes = second_factors.turn_on(user, field("sealed"), field("code"), field("old_code"))
    except Invalid as error:
        return _set_up_page(user, error, asks_password=asks_password), 400
    begin_session(user, Proof.CODE)
    return _codes_page(codes, wanted)


def _set_up_page(user: User, error: Invalid | None = None, *, asks_password: bool = False) -> str:
    """After a mistake with the same secret, which the app has already."""
    sealed = field("sealed") if error else second_factors.propose(user)
    try:
        address = second_factors.address_of(user, sealed)
    except Invalid:
        sealed = second_factors.propose(user)
        address = second_factors.address_of(user, sealed)
    picture = segno.make(address, micro=False)
    return render_template(
        "pages/two_step.html",
        user=user,
        sealed=sealed,
        address=address,
        secret=second_factors.secret_of(user, sealed),
        picture=picture.svg_data_uri(scale=DOT, light="#fff"),
        size=picture.symbol_size(scale=DOT)[0],
        errors={error.field: str(error)} if error else {},
        asks_password=asks_password,
        has_app=second_factors.of_user(user) is not None,
    )


def _codes_page(codes: list[str], wanted: str) -> str:
    return render_template("pages/recovery_codes.html", codes=codes, wanted=wanted)


def _code_page(error: str = "") -> str:
    return render_template("pages/sign_in_code.html", error=error)


def _to_the_beginning() -> ResponseReturnValue:
    return redirect(url_for("pages.sign_in"))


def _check_has_password() -> None:
    """Raises Forbidden."""
    if not accounts.has_password(signed_in_user()):
        raise Forbidden("You do not sign in with a password here.")
