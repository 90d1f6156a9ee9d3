"""Who runs turns in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from chatapp.errors import ModelUnavailable
from chatapp.values import Event


class Executor(Protocol):
    """Who runs turns in this process."""

    worker: str
    accepts: bool

    def submit(self, turn_id: UUID, events: Sequence[Event]) -> None:
        """Run the turn. `events` are the ones that are stored already."""

    def flush(self) -> None:
        """Store what the turns running here have produced so far."""

    def stop(self, turn_id: UUID) -> None:
        """The turn has been ended by somebody else; let go of it if it runs here."""


_executor: Executor | None = None


def use(executor: Executor | None) -> None:
    """Make `executor` the one of this process."""
    global _executor
    _executor = executor


def require() -> Executor:
    """Raises ModelUnavailable in a process that runs no turns."""
    if _executor is None:
        raise ModelUnavailable("This process does not answer questions.")
    return _executor


def stop(turn_id: UUID) -> None:
    """The turn has been ended by somebody else than its executor."""
    if _executor:
        _executor.stop(turn_id)


def flush() -> None:
    """Store what the turns running here have produced so far."""
    if _executor:
        _executor.flush()
