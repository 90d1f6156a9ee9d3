"""How often the guards are right, from what people decided: precision by rule and by what followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import sqrt
from typing import Any

from sqlalchemy import ColumnElement, func, select

from chatapp.db import session
from chatapp.models import Flag, FlagRule
from chatapp.values import Decision

# Of the normal distribution: 95 % of it are within so many deviations.
WITHIN = 1.96


@dataclass(frozen=True, slots=True)
class Precision:
    """Of what one rule, or one action, flagged: how many were decided, and how many of those rightly flagged."""

    name: str
    flagged: int
    confirmed: int
    false_alarms: int

    @property
    def decided(self) -> int:
        return self.confirmed + self.false_alarms

    @property
    def share(self) -> float | None:
        return self.confirmed / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between what the true share lies, in 95 cases of 100 (Wilson)."""
        return wilson(self.confirmed, self.decided) if self.decided else None


def wilson(found: int, of: int) -> tuple[float, float]:
    """The score interval of a share: sensible for few cases and for shares near 0 and 1 as well."""
    share, spread = found / of, WITHIN**2 / of
    centre = share + spread / 2
    half = WITHIN * sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, (centre - half) / (1 + spread)), min(1.0, (centre + half) / (1 + spread))


def by_rule(first: date | None = None, last: date | None = None) -> Sequence[Precision]:
    """Of messages flagged between two days in UTC, both included. A message that several rules flagged counts for each.

    Most flagged first. What needs a follow-up is not decided yet.
    """
    rows = _counted(FlagRule, FlagRule.rule, FlagRule.is_right.is_(True), FlagRule.is_right.is_(False), first, last)
    return sorted(rows, key=lambda row: (-row.flagged, row.name))


def by_action(first: date | None = None, last: date | None = None) -> Sequence[Precision]:
    """The same by what followed for the message, the strictest first; here each message counts once."""
    right, wrong = Flag.decision == Decision.CONFIRMED, Flag.decision == Decision.FALSE_ALARM
    found = {row.name: row for row in _counted(Flag, Flag.action, right, wrong, first, last)}
    return [found[action] for action in ("block", "redact", "warn", "flag") if action in found]


def _counted(
    table: type[Flag] | type[FlagRule],
    name: Any,
    right: ColumnElement[bool],
    wrong: ColumnElement[bool],
    first: date | None,
    last: date | None,
) -> Iterable[Precision]:
    counts = select(name, func.count(), func.count().filter(right), func.count().filter(wrong)).group_by(name)
    if first is not None:
        counts = counts.where(table.created >= datetime.combine(first, time(), UTC))
    if last is not None and last < date.max:
        counts = counts.where(table.created < datetime.combine(last + timedelta(days=1), time(), UTC))
    return [Precision(*row) for row in session.execute(counts)]
