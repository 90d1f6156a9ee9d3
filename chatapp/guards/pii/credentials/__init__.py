"""Credentials: tokens with an issuer's mark, secrets told by their place, secrets told by the name they are given."""

from __future__ import annotations

from chatapp.guards.pii.context import lower
from chatapp.guards.pii.credentials.assignments import PASSWORDS, SECRETS, assignments
from chatapp.guards.pii.credentials.carriers import NAMES, addresses, commands, headers, private_keys
from chatapp.guards.pii.credentials.unnamed import unnamed
from chatapp.guards.pii.credentials.vendors import marked
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Collected
from chatapp.guards.terms import Terms

__all__ = ["collect_credentials"]

TERMS = Terms((*PASSWORDS, *SECRETS, *NAMES))


def collect_credentials(text: str, found: Collected, effort: Effort) -> None:
    """Add all credentials in a text; of two readings of a place the surer one, which is asked first."""
    if "-----BEGIN" in text or "PuTTY-" in text:
        found.add(private_keys(text))
    found.add(marked(text, effort))
    if "://" in text:
        found.add(addresses(text, effort))
    places = TERMS.places(lower(text))
    found.add(commands(text, places, effort))
    found.add(headers(text, places, effort))
    found.add(assignments(text, places, effort))
    found.add(unnamed(text, effort))
