"""Signing in and out, and the first administrator of an empty installation."""

from __future__ import annotations

import hmac
import math
from urllib.parse import urlsplit

import structlog
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from chatapp import config
from chatapp.core import accounts, password_links, throttling
from chatapp.db import now
from chatapp.errors import Invalid, TooManyAttempts
from chatapp.web.auth import end_session, first_visit_code, is_local_visit
from chatapp.web.pages import bp
from chatapp.web.pages.elsewhere import sign_out_elsewhere
from chatapp.web.pages.halfway import go_on

logger = structlog.get_logger(__name__)


@bp.get("/sign-in/")
def sign_in() -> ResponseReturnValue:
    if not accounts.has_users() and config.current().takes_passwords:
        return redirect(url_for("pages.first_administrator"))
    if current_user.is_authenticated:
        return redirect(own_page(request.args.get("next")))
    return _sign_in_page()


@bp.post("/sign-in/")
def submit_sign_in() -> ResponseReturnValue:
    if not config.current().takes_passwords:
        return _sign_in_page("Nobody signs in with a password on this site."), 403
    name, place = field("username"), request.remote_addr or ""
    try:
        throttling.attempt(name, place)
    except TooManyAttempts as error:
        return _sign_in_page(str(error)), 429, waiting(error)
    user = accounts.authenticate(name, request.form.get("password", ""))
    if user is None:
        return _sign_in_page("The user name or the password is not right."), 400
    throttling.succeeded(name, place)
    if user.must_change_password:
        token = password_links.create(user, user, password_links.AT_ONCE)
        return redirect(url_for("pages.choose_password", token=token), 303)
    return go_on(user, own_page(request.form.get("next")))


@bp.post("/sign-out/")
def sign_out() -> ResponseReturnValue:
    """Of somebody who has signed in at a provider, there too."""
    elsewhere = sign_out_elsewhere()
    end_session()
    if elsewhere:
        return render_template("pages/signed_out.html", address=elsewhere)
    return redirect(url_for("pages.sign_in"))


@bp.get("/first-administrator/")
def first_administrator() -> ResponseReturnValue:
    if accounts.has_users() or not config.current().takes_passwords:
        return redirect(url_for("pages.sign_in"))
    if not is_local_visit():
        logger.error("first_administrator.code", code=first_visit_code())
    return _first_administrator_page()


@bp.post("/first-administrator/")
def submit_first_administrator() -> ResponseReturnValue:
    if accounts.has_users() or not config.current().takes_passwords:
        return redirect(url_for("pages.sign_in"))
    try:
        if not (is_local_visit() or hmac.compare_digest(field("code").encode(), first_visit_code().encode())):
            raise Invalid("That is not the code from the server's log.", "code")
        user = accounts.create_first_administrator(
            field("username"),
            request.form.get("password", ""),
            full_name=field("full_name"),
            email=field("email"),
        )
    except Invalid as error:
        return _first_administrator_page(str(error)), 400
    return go_on(user, "/chat/")


def _sign_in_page(error: str = "") -> str:
    return render_template(
        "pages/sign_in.html",
        next=request.values.get("next", ""),
        error=error,
        username=field("username"),
        takes_passwords=config.current().takes_passwords,
        provider=config.current().oidc_label if config.current().oidc_issuer else "",
    )


def _first_administrator_page(error: str = "") -> str:
    values = {name: field(name) for name in ("username", "full_name", "email")}
    return render_template("pages/first_admin.html", error=error, needs_code=not is_local_visit(), **values)


def waiting(error: TooManyAttempts) -> dict[str, str]:
    """The header that says when there may be another attempt."""
    return {"Retry-After": str(max(1, math.ceil((error.retry_at - now()).total_seconds())))}


def field(name: str) -> str:
    """What was typed; without NUL, which no database stores and PostgreSQL does not even compare."""
    return request.form.get(name, "").replace("\x00", "")


def own_page(target: str | None) -> str:
    """Where to go after signing in: a page of this site, whatever the link said."""
    try:
        parts = urlsplit(target or "")
    except ValueError:
        return "/chat/"
    is_own = not parts.scheme and not parts.netloc and parts.path.startswith("/") and "\\" not in (target or "")
    return target if target and is_own and not target.startswith("//") else "/chat/"
