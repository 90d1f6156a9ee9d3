"""What the provider says about itself (OpenID Connect Discovery 1.0), and its keys. Each process keeps both a while.

While the provider cannot be asked again, what it said last goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chatapp import config
from chatapp.oidc import SignInFailed, wire
from chatapp.values import Json

T = TypeVar("T")
KEPT = 3600.0  # seconds
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Addresses and abilities; empty addresses are those of parts that the provider does not have."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    end_session: str
    client_authentication: tuple[str, ...]
    algorithms: tuple[str, ...]
    names_itself: bool  # in the answer that the browser carries (RFC 9207)


class _Kept(Generic[T]):
    """A value that is asked for again when it is old, or on demand."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._value: T | None = None
        self._until = 0.0

    def get(self, *, anew: bool = False) -> T:
        if self._value is None or anew or monotonic() > self._until:
            try:
                self._value = self._ask()
            except SignInFailed:
                if self._value is None or anew:
                    raise
            self._until = monotonic() + KEPT
        return self._value


class Directory:
    """The provider behind one issuer."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._metadata = _Kept(self._discover)
        self._keys = _Kept(self._fetch_keys)

    def metadata(self) -> Metadata:
        """Raises SignInFailed."""
        return self._metadata.get()

    def keys(self, *, anew: bool = False) -> KeySet:
        """With `anew` the provider is asked, whatever is kept. Raises SignInFailed."""
        return self._keys.get(anew=anew)

    def _discover(self) -> Metadata:
        found = wire.get(self._issuer.rstrip("/") + WELL_KNOWN)
        if found.get("issuer") != self._issuer:
            raise SignInFailed(wire.GARBAGE, "another_issuer", is_provider=True)
        return Metadata(
            issuer=self._issuer,
            authorization=self._address(found, "authorization_endpoint", is_needed=True),
            token=self._address(found, "token_endpoint", is_needed=True),
            keys=self._address(found, "jwks_uri", is_needed=True),
            userinfo=self._address(found, "userinfo_endpoint"),
            end_session=self._address(found, "end_session_endpoint"),
            client_authentication=_words(found, "token_endpoint_auth_methods_supported", ("client_secret_basic",)),
            algorithms=_words(found, "id_token_signing_alg_values_supported", ("RS256",)),
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, found: Json, name: str, *, is_needed: bool = False) -> str:
        """Encrypted, unless the issuer itself is not: that is one on this machine."""
        address = found.get(name, "")
        if address == "" and not is_needed:
            return ""
        if not isinstance(address, str) or urlsplit(address).scheme not in ("https", urlsplit(self._issuer).scheme):
            raise SignInFailed(wire.GARBAGE, f"bad_{name}", is_provider=True)
        return address

    def _fetch_keys(self) -> KeySet:
        found: Any = wire.get(self.metadata().keys)
        try:
            return KeySet.import_key_set(found)
        except (JoseError, ValueError, KeyError, TypeError):
            raise SignInFailed(wire.GARBAGE, "bad_keys", is_provider=True) from None


_directories: dict[str, Directory] = {}


def current() -> Directory:
    """That of the provider in the settings."""
    issuer = config.current().oidc_issuer
    return _directories.setdefault(issuer, Directory(issuer))


def _words(found: Json, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    words = found.get(name, default)
    return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list | tuple) else default
