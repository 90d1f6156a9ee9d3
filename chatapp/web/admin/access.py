"""Who gets to the pages of the administration."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import abort

from chatapp.web.auth import sign_in_required, signed_in_user

P = ParamSpec("P")
R = TypeVar("R")


def staff_only(view: Callable[P, R]) -> Callable[P, R]:
    """Support is told that it may not; for everybody else the page does not exist."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        user = signed_in_user()
        if not user.is_staff:
            abort(403 if user.is_support else 404)
        return view(*args, **kwargs)

    return sign_in_required(guarded)


def staff_and_support(view: Callable[P, R]) -> Callable[P, R]:
    """For everybody else the page does not exist."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        user = signed_in_user()
        if not (user.is_staff or user.is_support):
            abort(404)
        return view(*args, **kwargs)

    return sign_in_required(guarded)
