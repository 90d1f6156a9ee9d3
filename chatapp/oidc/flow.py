"""From the button to the person: what the browser is sent away with, and what it must come back with."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from chatapp import config
from chatapp.core.identities import Profile
from chatapp.oidc import NOT_YOURS, Attempt, SignedIn, SignInFailed, directory, id_tokens, wire
from chatapp.oidc.directory import Metadata
from chatapp.values import Json

REFUSED = "The sign-in service did not let you in."


def begin(redirect_uri: str) -> tuple[str, Attempt]:
    """The provider's address to send the browser to. Raises SignInFailed."""
    settings, metadata = config.current(), directory.current().metadata()
    attempt = Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
    address = prepare_grant_uri(
        metadata.authorization,
        settings.oidc_client_id,
        "code",
        redirect_uri,
        settings.oidc_scopes,
        attempt.state,
        nonce=attempt.nonce,
        code_challenge=create_s256_code_challenge(attempt.verifier),
        code_challenge_method="S256",
    )
    return address, attempt


def finish(attempt: Attempt | None, answer: Mapping[str, str], redirect_uri: str) -> SignedIn:
    """`answer` is what the browser came back with, `attempt` what it went with. Raises SignInFailed."""
    if attempt is None or not hmac.compare_digest(attempt.state.encode(), answer.get("state", "").encode()):
        raise SignInFailed(NOT_YOURS, "state")
    known = directory.current()
    metadata = known.metadata()
    # Another provider's code must not be given to this one (RFC 9207).
    if (metadata.names_itself or "iss" in answer) and answer.get("iss") != metadata.issuer:
        raise SignInFailed(id_tokens.UNTRUSTED, "iss")
    if "error" in answer:
        raise SignInFailed(REFUSED, _error_word(answer["error"]))
    tokens = _redeem(metadata, answer.get("code", ""), attempt.verifier, redirect_uri)
    id_token, access_token = tokens["id_token"], tokens.get("access_token", "")
    claims = id_tokens.verified(id_token, known, nonce=attempt.nonce, access_token=access_token)
    return SignedIn(_profile(metadata, claims, access_token), id_token)


def sign_out_address(id_token: str, back_to: str) -> str | None:
    """Where the browser signs out at the provider too (RP-Initiated Logout 1.0); None where there is no such place."""
    try:
        place = directory.current().metadata().end_session
    except SignInFailed:
        return None
    asked = {"client_id": config.current().oidc_client_id, "post_logout_redirect_uri": back_to}
    asked |= {"id_token_hint": id_token} if id_token else {}
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}" if place else None


def _redeem(metadata: Metadata, code: str, verifier: str, redirect_uri: str) -> dict[str, str]:
    """The tokens that a code stands for. Raises SignInFailed."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    settings, headers = config.current(), {}
    name, secret = settings.oidc_client_id, settings.oidc_client_secret
    if secret and "client_secret_basic" in metadata.client_authentication:
        pair = f"{quote(name, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": name} | ({"client_secret": secret} if secret else {})
    status, found = wire.post(metadata.token, form, headers)
    if status != 200:
        raise SignInFailed(REFUSED, _error_word(found.get("error")), is_provider=status >= 500)
    tokens = {name: value for name in ("id_token", "access_token") if isinstance(value := found.get(name), str)}
    if "id_token" not in tokens:
        raise SignInFailed(wire.GARBAGE, "no_id_token", is_provider=True)
    return tokens


def _profile(metadata: Metadata, claims: Json, access_token: str) -> Profile:
    """What the ID token says of the person, and of what it leaves out, what the provider says when it is asked."""
    wanted = ["email", "name", "preferred_username"]
    wanted += [config.current().oidc_groups_claim.partition(".")[0]] if config.current().oidc_needs_groups else []
    if metadata.userinfo and access_token and any(name not in claims for name in wanted):
        more = wire.get(metadata.userinfo, {"Authorization": f"Bearer {access_token}"})
        if more.get("sub") != claims["sub"]:
            raise SignInFailed(id_tokens.UNTRUSTED, "userinfo_sub")
        claims = more | claims
    return Profile(
        issuer=metadata.issuer,
        subject=claims["sub"],
        username=_text(claims, "preferred_username"),
        full_name=_text(claims, "name"),
        email=_text(claims, "email"),
        has_verified_email=claims.get("email_verified") in (True, "true"),  # some providers write words
        groups=_groups(claims),
    )


def _groups(claims: Json) -> frozenset[str]:
    found: Any = claims
    for name in config.current().oidc_groups_claim.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    entries = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return frozenset(entry for entry in entries if isinstance(entry, str))


def _text(claims: Json, name: str) -> str:
    value = claims.get(name)
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _error_word(error: object) -> str:
    """What the provider calls its refusal, if that is a word and not a story."""
    is_word = isinstance(error, str) and len(error) <= 60 and error.replace("_", "").isalnum()
    return str(error) if is_word else "unnamed_error"
