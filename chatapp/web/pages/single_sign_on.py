"""Signing in at a provider of identities: the way there, and the way back. Only where the operator has named one."""

from __future__ import annotations

import structlog
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import identities
from chatapp.db import release
from chatapp.errors import ChatError
from chatapp.oidc import NOT_YOURS, SignedIn, SignInFailed
from chatapp.values import Proof
from chatapp.web.auth import begin_session, reader, sign_in_required, signed_in_user
from chatapp.web.pages import bp, elsewhere, errors
from chatapp.web.pages.accounts import own_page

logger = structlog.get_logger(__name__)


@bp.get("/sign-in/provider/")
def go_to_provider() -> ResponseReturnValue:
    if reader():
        return redirect(own_page(request.args.get("next")))
    return _leave(own_page(request.args.get("next")), connects=False)


@bp.post("/account/provider/")
@sign_in_required
def connect_provider() -> ResponseReturnValue:
    """A page that leads there: a form may not be sent on to another site."""
    return _leave(url_for("pages.account"), connects=True)


@bp.get("/sign-in/provider/back/")
def back_from_provider() -> ResponseReturnValue:
    _check_is_on()
    from chatapp.oidc import flow

    attempt, intent = elsewhere.recall(request.args.get("state", ""))
    user = reader()
    release()  # asking the provider may take long
    try:
        found = flow.finish(attempt, request.args, _way_back())
        if intent["connects"]:
            return _connected(found) if user else _failed(SignInFailed(NOT_YOURS, "signed_out"))
        person = identities.enter(found.profile)
    except ChatError as error:
        return _failed(error)
    begin_session(person, Proof.PROVIDER)
    elsewhere.note_provider(found.id_token)
    return redirect(intent["next"])


def _leave(wanted: str, *, connects: bool) -> ResponseReturnValue:
    _check_is_on()
    from chatapp.oidc import flow

    release()
    try:
        address, attempt = flow.begin(_way_back())
    except SignInFailed as error:
        return _failed(error)
    elsewhere.remember(attempt, wanted, connects=connects)
    return render_template("pages/to_provider.html", address=address) if connects else redirect(address)


def _connected(found: SignedIn) -> ResponseReturnValue:
    identities.connect(signed_in_user(), found.profile)
    begin_session(signed_in_user(), Proof.PROVIDER)  # roles may have followed the groups, which ended it
    elsewhere.note_provider(found.id_token)
    flash("From now on you can sign in there.")
    return redirect(url_for("pages.account") + "#password", 303)


def _failed(error: ChatError) -> ResponseReturnValue:
    """Why nobody has signed in, in words; the log gets a code, never what the browser or the provider sent."""
    code = error.code if isinstance(error, SignInFailed) else type(error).__name__
    logger.warning("sign_in.failed", code=code)
    status = 502 if isinstance(error, SignInFailed) and error.is_provider else errors.status_of(error)[0]
    return render_template("pages/sign_in_failed.html", reason=str(error)), status


def _check_is_on() -> None:
    if not config.current().oidc_issuer:
        abort(404)


def _way_back() -> str:
    return url_for("pages.back_from_provider", _external=True)
