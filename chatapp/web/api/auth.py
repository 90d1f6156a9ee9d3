"""Who asks: `Authorization: Token <key>`, and what their role allows (waldur 0.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g, request

from chatapp.core import accounts
from chatapp.errors import Forbidden, Unauthenticated
from chatapp.models import User
from chatapp.web.security import SAFE_METHODS

P = ParamSpec("P")
R = TypeVar("R")


def identify() -> None:
    """Runs before every view of this dialect. Raises Unauthenticated, Inactive, Forbidden."""
    given = request.authorization
    if given is None or given.type != "token":
        raise Unauthenticated("Authentication credentials were not provided.")
    g.caller = accounts.user_of_token(given.token or "", writes=request.method not in SAFE_METHODS)


def caller() -> User:
    """The user whose token came with the request."""
    user: User = g.caller
    return user


def sees_everything(user: User) -> bool:
    """Staff and support read other people's conversations, and what the input guards found."""
    return user.is_staff or user.is_support


def staff_only(view: Callable[P, R]) -> Callable[P, R]:
    """A view that raises Forbidden for everybody else, before it reads any input."""
    return _only(lambda user: user.is_staff, view)


def support_only(view: Callable[P, R]) -> Callable[P, R]:
    """The same, for staff and support."""
    return _only(sees_everything, view)


def _only(is_allowed: Callable[[User], bool], view: Callable[P, R]) -> Callable[P, R]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_allowed(caller()):
            raise Forbidden("You do not have permission to perform this action.")
        return view(*args, **kwargs)

    return guarded
