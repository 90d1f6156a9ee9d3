"""Signing in at an OpenID Connect provider: the authorization code flow with PKCE (docs/people.md, ADR 20).

`flow` begins and finishes a sign-in, `directory` knows what the provider says about itself, `id_tokens` believes
nothing before it is checked, `wire` asks. These bring large libraries along and are imported with the first sign-in.
Who that is here, and what they may, is `core.identities`.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatapp.core.identities import Profile
from chatapp.errors import ChatError

NOT_YOURS = "This sign-in was not begun in this browser, or too long ago. Please begin again."


class SignInFailed(ChatError):
    """Nobody has signed in. `code` is for the log: a word of ours, or one that the provider may use (RFC 6749 4.1.2.1).

    `is_provider`: the provider is at fault or out of reach, and trying again later may help.
    """

    def __init__(self, message: str, code: str, *, is_provider: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.is_provider = is_provider


@dataclass(frozen=True, slots=True)
class Attempt:
    """What this browser keeps of a sign-in that it has begun, and nobody else knows."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who came back. The ID token is for signing out at the provider again."""

    profile: Profile
    id_token: str
