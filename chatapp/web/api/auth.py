"""Who asks: `Authorization: Token <key>` (waldur 0.2)."""

from __future__ import annotations

from flask import g, request

from chatapp.core import accounts
from chatapp.errors import Unauthenticated
from chatapp.models import User


def identify() -> None:
    """Runs before every view of this dialect. Raises Unauthenticated, Inactive."""
    given = request.authorization
    if given is None or given.type != "token":
        raise Unauthenticated("Authentication credentials were not provided.")
    g.caller = accounts.user_of_token(given.token or "")


def caller() -> User:
    """The user whose token came with the request."""
    user: User = g.caller
    return user


def sees_everything(user: User) -> bool:
    """Staff and support read other people's conversations, and what the input guards found."""
    return user.is_staff or user.is_support
