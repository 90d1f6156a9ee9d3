"""Between the password and the second step: who has begun to sign in here, in Flask's signed cookie.

It opens nothing but the pages of the second step, for some minutes, and nothing once the password is another.
"""

from __future__ import annotations

import hmac
from time import time
from typing import Any
from uuid import UUID

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import accounts, proofs, second_factors
from chatapp.models import User
from chatapp.values import Proof
from chatapp.web.auth import begin_session

HALFWAY = "halfway"
PATIENCE = 600  # seconds
LONGEST_ADDRESS = 500  # to come to: all of it has to fit into a cookie


def go_on(user: User, wanted: str) -> ResponseReturnValue:
    """After the right password: to the page that was wanted, or to the step that is still to come."""
    if second_factors.of_user(user):
        step = "pages.ask_for_code"
    elif proofs.needs_code(user):
        step = "pages.set_up_at_sign_in"
    else:
        begin_session(user, Proof.PASSWORD)
        return redirect(wanted)
    wanted = wanted if len(wanted) <= LONGEST_ADDRESS else "/chat/"
    session[HALFWAY] = {"user": user.id.hex, "stamp": user.session_stamp, "next": wanted, "at": int(time())}
    return redirect(url_for(step))


def recall() -> tuple[User, str] | None:
    """Who has proved their password in this browser, and where they want to go."""
    begun: dict[str, Any] | None = session.get(HALFWAY)
    if begun is None or time() - begun["at"] > PATIENCE:
        return None
    user = accounts.get_user(UUID(begun["user"]))
    if user is None or not user.is_active or not hmac.compare_digest(user.session_stamp, begun["stamp"]):
        return None
    return user, begun["next"]
