"""Who asks in the browser: the cookie with the secret of a session that the server keeps (core/browsers.py).

It is set when somebody signs in and taken away when they sign out, by nothing else: an answer that was under way then
cannot bring it back. Flask's own signed cookie holds notices and what signing in elsewhere needs, and opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Request, Response, after_this_request, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from chatapp.core import browsers
from chatapp.errors import Inactive, Unauthenticated
from chatapp.extensions import login
from chatapp.models import ApiToken, User
from chatapp.values import Proof
from chatapp.web import user_agents

P = ParamSpec("P")
R = TypeVar("R")

# The scripts of this site call the turns API with it, too (turns-api 1.1). When it ends the server says.
SESSION_COOKIE = "vai_token"
SESSION_COOKIE_AGE = timedelta(days=365)
LOOPBACK = ("127.0.0.1", "::1")
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class SignedIn(UserMixin):  # type: ignore[misc]
    """flask-login's view of whoever asks. `user` is the account, `browser` the session."""

    def __init__(self, browser: ApiToken) -> None:
        self.browser, self.user = browser, browser.user

    @property
    def is_active(self) -> bool:
        return self.user.is_active


class Notices(SecureCookieSessionInterface):
    """Flask's own cookie. Hardly any request brings it: then no signature has to be checked."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.accessed:
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    app.session_interface = Notices()
    app.config.from_mapping(PERMANENT_SESSION_LIFETIME=SESSION_COOKIE_AGE, SESSION_REFRESH_EACH_REQUEST=False)
    login.request_loader(_load)
    login.unauthorized_handler(_ask_to_sign_in)


def sign_in_required(view: Callable[P, R]) -> Callable[P, R]:
    """Only people who have signed in get to the view; others are asked to."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not current_user.is_authenticated:
            return login.unauthorized()  # type: ignore[no-any-return]
        return view(*args, **kwargs)

    return guarded


def signed_in_user() -> User:
    """The account behind the cookie, in a view behind `sign_in_required`."""
    user: User = current_user.user
    return user


def signed_in_browser() -> ApiToken:
    """The session behind the cookie, in a view behind `sign_in_required`."""
    browser: ApiToken = current_user.browser
    return browser


def begin_session(user: User, proof: Proof) -> None:
    """From now on this browser is the user's, with a new secret. `proof` is what has been proved now."""
    _close_session()
    name = user_agents.name_of(request.user_agent.string)
    secret = browsers.open_session(user, name, request.remote_addr or "", proof)
    options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": request.is_secure, "path": "/"}

    @after_this_request
    def give(response: Response) -> Response:
        response.set_cookie(SESSION_COOKIE, secret, max_age=SESSION_COOKIE_AGE, **options)
        return response


def end_session() -> None:
    """From now on this browser is nobody's."""
    _close_session()
    forget_reader()

    @after_this_request
    def take(response: Response) -> Response:
        response.delete_cookie(SESSION_COOKIE, path="/")
        return response


def _close_session() -> None:
    """Nothing that was set before lives on."""
    if session:
        session.clear()
    if secret := request.cookies.get(SESSION_COOKIE):
        browsers.close_session(secret)


def is_local_visit() -> bool:
    """Whether the browser runs on the server's own machine, and no proxy stands between."""
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via"))
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return request.remote_addr in LOOPBACK and name in LOCAL_NAMES and not forwarded


def first_visit_code() -> str:
    """What proves access to the server's log while there is no account: the same in every worker."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, b"first administrator", hashlib.sha256).hexdigest()[:12]


def reader() -> User | None:
    """The account behind the cookie, if there is one that works; outside of requests there is none."""
    user: User | None = getattr(current_user, "user", None)
    return user if user and user.is_active else None


def forget_reader() -> None:
    """For the rest of the request it is nobody's."""
    g._login_user = login.anonymous_user()


def _load(incoming: Request) -> SignedIn | None:
    try:
        return SignedIn(browsers.visit(incoming.cookies.get(SESSION_COOKIE, ""), incoming.remote_addr or ""))
    except (Unauthenticated, Inactive):
        return None


def _ask_to_sign_in() -> ResponseReturnValue:
    if htmx_request.htmx:
        reply: Any = make_response("", redirect=url_for("pages.sign_in", next=_page_of_fragment()))
        return reply  # type: ignore[no-any-return]
    return redirect(url_for("pages.sign_in", next=request.full_path if request.method == "GET" else "/chat/"))


def _page_of_fragment() -> str:
    """The page that htmx asks from: a fragment's own address is nothing to come back to."""
    try:
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return "/chat/"
    return urlunsplit(("", "", parts.path, parts.query, "")) or "/chat/"
