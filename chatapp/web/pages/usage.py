"""What a person has used of the tokens of a period, as bars (waldur 10.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chatapp.core import quotas
from chatapp.errors import QuotaMisconfigured
from chatapp.models import User

NAMES = {"daily": "Today", "weekly": "This week", "monthly": "This month"}


@dataclass(frozen=True, slots=True)
class Bar:
    """`limit` is None when unlimited."""

    name: str
    used: int
    limit: int | None
    reset_at: datetime


def bars(user: User) -> Sequence[Bar]:
    """By period; none while the limits are misconfigured: the next question tells."""
    try:
        usage = quotas.usage(user)
    except QuotaMisconfigured:
        return ()
    return [Bar(name, usage[p].usage, usage[p].limit_in_force, usage[p].reset_at) for p, name in NAMES.items()]
