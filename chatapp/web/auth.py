"""Who asks in the browser: the session cookie of flask-login."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from flask import Flask, Response, after_this_request, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from chatapp import config
from chatapp.core import accounts
from chatapp.db import now
from chatapp.extensions import login
from chatapp.models import User

P = ParamSpec("P")
R = TypeVar("R")

SINCE = "since"  # when somebody signed in, in the cookie
# With it the scripts of this site call the turns API (turns-api 1.1). When it ends the server says: it is used or not.
API_COOKIE = "vai_token"
API_COOKIE_AGE = timedelta(days=365)
LOOPBACK = ("127.0.0.1", "::1")
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class SignedIn(UserMixin):  # type: ignore[misc]
    """flask-login's view of a user. `user` is the account."""

    def __init__(self, user: User) -> None:
        self.user = user
        # A session lasts as long as the stamp that it began with: both are in the cookie, and compared without a query.
        self.id = f"{user.id}.{user.session_stamp}"

    @property
    def is_active(self) -> bool:
        return self.user.is_active


def init_app(app: Flask) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = config.current().session_idle  # renewed by every request
    login.user_loader(_load)
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


def give_api_cookie(user: User) -> None:
    """This browser may call the turns API for the user, too."""
    _close_api_session()
    secret = accounts.open_session(user)
    options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": request.is_secure, "path": "/"}

    @after_this_request
    def give(response: Response) -> Response:
        response.set_cookie(API_COOKIE, secret, max_age=API_COOKIE_AGE, **options)
        return response


def take_api_cookie() -> None:
    """What this browser has called the turns API with opens nothing any more."""
    _close_api_session()

    @after_this_request
    def take(response: Response) -> Response:
        response.delete_cookie(API_COOKIE, path="/")
        return response


def _close_api_session() -> None:
    if secret := request.cookies.get(API_COOKIE):
        accounts.close_session(secret)


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


def _load(session_id: str) -> SignedIn | None:
    user = accounts.get_user(UUID(session_id.partition(".")[0]))
    found = SignedIn(user) if user else None
    if user is None or found is None or not hmac.compare_digest(found.id, _with_stamp(session_id)) or _is_over():
        return None
    if user.is_active:
        accounts.note_visit(user)
    return found


def _is_over() -> bool:
    """Whether signing in is too long ago. Cookies of the release before do not say: their time begins now."""
    began = session.setdefault(SINCE, int(now().timestamp()))
    return now() > config.current().session_ends(datetime.fromtimestamp(began, UTC))


def _with_stamp(session_id: str) -> str:
    """Cookies of the release before have none."""
    return session_id if "." in session_id else f"{session_id}."


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
