"""Who runs turns in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from chatapp.errors import ModelUnavailable
from chatapp.models import User
from chatapp.providers import ModelRequest
from chatapp.values import Event, Json, Usage


@dataclass(slots=True)
class Assignment:
    """A turn to execute. `events` are the ones that are stored already; `request`, called once, in the executor's
    thread, is what the model is asked first, None when the answer is a fixed refusal; `untitled` is what a name for the
    thread is made from, None when it needs none. `withheld` must not appear in the answer, whatever the model knows.
    `usage` is what the turn has consumed before it had to wait for a person, `trace` what has been noted of it so far.
    """

    turn_id: UUID
    thread_id: UUID
    asker: User
    events: Sequence[Event]
    request: Callable[[], ModelRequest | None]
    untitled: str | None = None
    refused: bool = False
    withheld: tuple[str, ...] = ()
    timezone: str = "UTC"
    usage: Usage | None = None
    trace: Json = field(default_factory=dict)

    def let_go(self) -> None:
        """Forget what only the beginning of an answer needs, as it may take long: who asked, and the first events."""
        self.events = ()
        del self.asker


class Executor(Protocol):
    """Who runs turns in this process."""

    worker: str
    accepts: bool

    def submit(self, assignment: Assignment) -> None:
        """Execute the turn in the background."""

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


def worker() -> str:
    """Which process this is; empty in one that runs no turns."""
    return _executor.worker if _executor else ""


def accepts() -> bool:
    """Whether questions can be asked in this process."""
    return _executor is not None and _executor.accepts


def stop(turn_id: UUID) -> None:
    """The turn has been ended by somebody else than its executor."""
    if _executor:
        _executor.stop(turn_id)


def flush() -> None:
    """Store what the turns running here have produced so far."""
    if _executor:
        _executor.flush()
