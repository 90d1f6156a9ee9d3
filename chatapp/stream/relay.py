"""Carries what one process has stored to the readers of the others, faster than they would find it by looking.

The store stays the truth: whatever a relay loses, repeats or delivers late is found, dropped or asked for again by the
numbers of the events. A relay therefore never makes anybody wait and never raises.
"""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from chatapp.stream.hub import Hub
from chatapp.values import Event

logger = structlog.get_logger(__name__)

MOST_WAITING = 10_000
RETRY_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Parcel:
    """Events of a turn that are stored; `stops`: they end it, and another process may still execute it."""

    turn_id: UUID
    events: Sequence[Event]
    stops: bool = False


class Relay(ABC):
    """Two background threads with a connection each: one sends, one receives.

    `on_stop` is called with the turns that somebody elsewhere has ended. `trouble` is what a connection raises.
    """

    trouble: tuple[type[Exception], ...]

    def __init__(self, hub: Hub, on_stop: Callable[[UUID], None]) -> None:
        self._hub, self._on_stop = hub, on_stop
        self._outbox: queue.Queue[Parcel | None] = queue.Queue(MOST_WAITING)
        self._closing = threading.Event()
        self._up = {"sending": False, "receiving": False}
        self._threads: list[threading.Thread] = []

    @property
    def is_up(self) -> bool:
        """Whether what is stored elsewhere will be heard of without looking."""
        return all(self._up.values())

    def start(self) -> None:
        for name, work in (("sending", self._send_all), ("receiving", self._receive_all)):
            thread = threading.Thread(target=self._keep, args=(name, work), name=f"relay-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        self._closing.set()
        self._put(None)
        for thread in self._threads:
            thread.join(timeout=5)

    def send(self, turn_id: UUID, events: Sequence[Event], *, stops: bool) -> None:
        """Tell the other processes, soon. Dropped while the relay is down."""
        if self._up["sending"]:
            self._put(Parcel(turn_id, events, stops))

    def look_again(self) -> None:
        """Another turn is followed here."""
        if self._up["sending"]:
            self._put(None)

    @abstractmethod
    def _send_all(self, connected: Callable[[], None]) -> None:
        """Deliver what is put out until closed, and end the wait for news then; `connected` is called when that works.

        Raises what a connection does.
        """

    @abstractmethod
    def _receive_all(self, connected: Callable[[], None]) -> None:
        """Give the hub what comes until closed. Raises what a connection does."""

    def _keep(self, name: str, work: Callable[[Callable[[], None]], None]) -> None:
        while not self._closing.is_set():
            try:
                work(lambda: self._note(name, is_up=True))
            except self.trouble as error:
                if not self._closing.is_set():
                    logger.warning("relay.down", part=name, error=type(error).__name__)
            except Exception:
                logger.exception("relay.failed", part=name)
            self._note(name, is_up=False)
            self._closing.wait(RETRY_PAUSE)

    def _note(self, name: str, *, is_up: bool) -> None:
        self._up[name] = is_up
        self._hub.look()  # what came meanwhile has to be looked for

    def _gathered(self) -> list[Parcel | None]:
        """Everything that has been put out; waits for the first."""
        gathered = [self._outbox.get()]
        while not self._outbox.empty():
            gathered.append(self._outbox.get())
        return gathered

    def _put(self, parcel: Parcel | None) -> None:
        try:
            self._outbox.put_nowait(parcel)
        except queue.Full:
            logger.warning("relay.full")
