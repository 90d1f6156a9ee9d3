"""ID tokens: who signed in, signed by the provider, for this application, for this very sign-in, now."""

from __future__ import annotations

from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from chatapp import config
from chatapp.oidc import SignInFailed
from chatapp.oidc.directory import Directory
from chatapp.values import Json

CLOCK_SKEW = 60  # seconds
# Signatures with a key that only the provider has. Never "none", and never one that our own secret could make.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
UNTRUSTED = "The sign-in service sent something that does not prove who you are."


def verified(token: str, directory: Directory, *, nonce: str, access_token: str) -> Json:
    """The claims of a token that holds (OpenID Connect Core 3.1.3.7). Raises SignInFailed."""
    try:
        decoded = _decoded(token, directory)
        options: Any = {
            "iss": {"essential": True, "value": directory.metadata().issuer},
            "aud": {"essential": True, "value": config.current().oidc_client_id},
            "sub": {"essential": True},
        }
        params = {"nonce": nonce, "client_id": config.current().oidc_client_id, "access_token": access_token}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(leeway=CLOCK_SKEW)
    except (JoseError, ValueError, TypeError) as error:
        raise SignInFailed(UNTRUSTED, f"id_token_{type(error).__name__}") from None
    return dict(claims)


def _decoded(token: str, directory: Directory) -> jwt.Token:
    algorithms = [name for name in ALGORITHMS if name in directory.metadata().algorithms]
    try:
        return jwt.decode(token, directory.keys(), algorithms)
    except InvalidKeyIdError:  # the provider has new keys
        return jwt.decode(token, directory.keys(anew=True), algorithms)
