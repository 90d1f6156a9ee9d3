"""Who asks: a header or the cookie of a browser; what is refused before any input is read (turns-api section 1)."""

from __future__ import annotations

from flask import g, request

from chatapp.core import accounts, admission
from chatapp.errors import Forbidden, Unauthenticated
from chatapp.models import User
from chatapp.web.auth import SESSION_COOKIE
from chatapp.web.security import SAFE_METHODS, is_cross_site

SCHEMES = ("bearer", "token")
# Whoever may not use the assistant still has tokens to look after.
OUTSIDE = ("access-tokens",)


class NotAuthenticated(Unauthenticated):
    """No credential came with the request."""


class CrossSite(Forbidden):
    """Another site makes the browser send this."""


def check() -> None:
    """Runs before every view of this dialect.

    Raises NotAuthenticated, Unauthenticated, Inactive, FeatureDisabled, Forbidden, CrossSite.
    """
    identify()
    if resource() not in OUTSIDE:
        admission.check_switch()
        admission.check_role(caller())
    if g.by_cookie and request.method not in SAFE_METHODS and is_cross_site(request):
        raise CrossSite("This request came from another site.")


def identify() -> None:
    """The first carrier that is there decides, whatever the others hold (turns-api 1.1)."""
    authorization, key = request.headers.get("Authorization"), request.headers.get("X-API-Key")
    cookie = request.cookies.get(SESSION_COOKIE)
    writes = request.method not in SAFE_METHODS
    g.by_cookie = authorization is None and key is None
    if authorization is not None:
        g.caller = accounts.user_of_token(_secret(authorization), writes=writes)
    elif key is not None:
        g.caller = accounts.user_of_token(key, writes=writes)
    elif cookie is not None:
        g.caller = accounts.user_of_token(cookie, kind=accounts.SESSION)
    else:
        raise NotAuthenticated("Not authenticated")


def caller() -> User:
    """The user whose credential came with the request."""
    user: User = g.caller
    return user


def resource() -> str:
    """The first word of the path after /api/v1/."""
    return request.path.removeprefix("/api/v1/").partition("/")[0]


def _secret(authorization: str) -> str:
    scheme, _, secret = authorization.strip().partition(" ")
    if scheme.lower() not in SCHEMES:
        raise Unauthenticated("There is no such scheme.")
    return secret.strip()
