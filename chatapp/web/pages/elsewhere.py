"""What this browser remembers of a provider at which its owner signs in (`single_sign_on`)."""

from __future__ import annotations

from time import time
from typing import Any

from flask import Response, after_this_request, request, session, url_for

from chatapp import config
from chatapp.db import release
from chatapp.oidc import Attempt
from chatapp.web.auth import SESSION_COOKIE_AGE

BEGUN, BY_PROVIDER = "sign_ins", "by_provider"
PATIENCE = 600  # seconds at the provider
MOST = 3  # tabs
LONGEST_ADDRESS = 500  # to come back to: all of it has to fit into a cookie
# Sent only where it is needed: an ID token is long.
TOKEN_COOKIE, TOKEN_PATH, LONGEST_COOKIE = "chatapp_id_token", "/sign-out/", 3800  # noqa: S105


def remember(attempt: Attempt, wanted: str, *, connects: bool) -> None:
    """For the way back; the oldest of several that have been begun is forgotten."""
    wanted = wanted if len(wanted) <= LONGEST_ADDRESS else "/chat/"
    entry = {"nonce": attempt.nonce, "verifier": attempt.verifier, "next": wanted, "connects": connects, "at": time()}
    begun = session.get(BEGUN, {}) | {attempt.state: entry}
    session[BEGUN] = dict(sorted(begun.items(), key=lambda pair: pair[1]["at"])[-MOST:])


def recall(state: str) -> tuple[Attempt | None, dict[str, Any]]:
    """What was begun here with that state, once, and with what in mind."""
    begun = dict(session.get(BEGUN, {}))
    entry: dict[str, Any] | None = begun.pop(state, None)
    session[BEGUN] = begun
    if entry is None or time() - entry["at"] > PATIENCE:
        return None, {}
    return Attempt(state, entry["nonce"], entry["verifier"]), entry


def note_provider(id_token: str) -> None:
    """Signing out here will mean signing out there; without a token that a cookie can hold the provider asks first."""
    session[BY_PROVIDER] = session.permanent = True
    if len(id_token) > LONGEST_COOKIE:
        return

    @after_this_request
    def give(response: Response) -> Response:
        options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": request.is_secure}
        response.set_cookie(TOKEN_COOKIE, id_token, path=TOKEN_PATH, max_age=SESSION_COOKIE_AGE, **options)
        return response


def sign_out_elsewhere() -> str | None:
    """The provider's address for it; None for whoever has not come from there, and where it offers none."""
    if not (session.get(BY_PROVIDER) and config.current().oidc_issuer):
        return None
    from chatapp.oidc import flow

    @after_this_request
    def take(response: Response) -> Response:
        response.delete_cookie(TOKEN_COOKIE, path=TOKEN_PATH)
        return response

    release()
    return flow.sign_out_address(request.cookies.get(TOKEN_COOKIE, ""), url_for("pages.sign_in", _external=True))
