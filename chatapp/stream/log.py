"""What an event log is. Nothing is shown to anybody before it is in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from chatapp.values import Event, Usage


@dataclass(frozen=True, slots=True)
class Portion:
    """What one running turn has to store now."""

    turn_id: UUID
    events: Sequence[Event]
    usage: Usage | None = None
    model: str | None = None


class Log(Protocol):
    def append(self, portions: Sequence[Portion]) -> set[UUID]:
        """Store all portions in one transaction.

        Returns the turns that are no longer active: nothing of theirs was stored, somebody else has ended them.
        """
        ...

    def add(self, turn_id: UUID, events: Sequence[Event]) -> None:
        """Store events of one turn within the caller's transaction."""
        ...

    def read(self, turn_id: UUID, after: int = 0) -> list[Event]:
        """Every event of the turn with a greater number, in order."""
        ...

    def read_many(self, positions: Mapping[UUID, int]) -> dict[UUID, list[Event]]:
        """`read` for several turns at once; turns without news are left out."""
        ...


_current: Log | None = None


def use(log: Log) -> None:
    """Make `log` the one of this process."""
    global _current
    _current = log


def current() -> Log:
    if _current is None:
        raise RuntimeError("no event log is in use: create_app has not run")
    return _current
