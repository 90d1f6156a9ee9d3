"""Credentials: tokens with an issuer's mark, secrets told by their place, secrets told by the name they are given."""

from __future__ import annotations

from chatapp.guards.pii.context import lower
from chatapp.guards.pii.credentials.assignments import assignments
from chatapp.guards.pii.credentials.carriers import addresses, commands, headers, private_keys
from chatapp.guards.pii.credentials.unnamed import unnamed
from chatapp.guards.pii.credentials.vendors import marked
from chatapp.guards.pii.spans import Collected

__all__ = ["collect_credentials"]


def collect_credentials(text: str, found: Collected) -> None:
    """Add all credentials in a text; of two readings of a place the surer one, which is asked first."""
    if "-----BEGIN" in text or "PuTTY-" in text:
        found.add(private_keys(text))
    found.add(marked(text))
    if "://" in text:
        found.add(addresses(text))
    lowered = lower(text)
    found.add(commands(text, lowered))
    found.add(headers(text, lowered))
    found.add(assignments(text, lowered))
    found.add(unnamed(text))
