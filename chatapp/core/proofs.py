"""How somebody proves who they are in a browser, and whether that is enough on this site."""

from __future__ import annotations

from chatapp import config
from chatapp.models import User
from chatapp.values import Proof


def needs_code(user: User) -> bool:
    """Whether a password alone does not open a session for the user (REQUIRE_TOTP)."""
    wanted = config.current().require_totp
    return wanted == "all" or (wanted == "staff" and (user.is_staff or user.is_support))


def is_enough(user: User, proof: str) -> bool:
    """Whether a session that was begun with that proof is one. What a provider asks for is the provider's matter."""
    return proof != Proof.PASSWORD or not needs_code(user)
