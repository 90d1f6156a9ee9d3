"""Secrets that the program has to say to others: stored so that the database alone does not tell them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from chatapp import config

if TYPE_CHECKING:  # a library of several megabytes, for the few installations that have such secrets
    from cryptography.fernet import Fernet

PURPOSE = b"chatapp stored secrets"


class SealBroken(Exception):
    """Sealed with another key, or damaged."""


def seal(secret: str) -> str:
    """`secret`, encrypted with a key that follows from the application's own (SECRET_KEY)."""
    return _cipher().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises SealBroken."""
    from cryptography.fernet import InvalidToken

    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def _cipher() -> Fernet:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(hashes.SHA256(), length=32, salt=None, info=PURPOSE).derive(config.current().signing_key().encode())
    return Fernet(base64.urlsafe_b64encode(key))
