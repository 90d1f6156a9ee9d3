"""Following a turn: every stored event after a position, then live, from whatever process writes it."""

from __future__ import annotations

from types import TracebackType
from uuid import UUID

from sqlalchemy import select

from chatapp import metrics
from chatapp.beats import bell
from chatapp.db import release, session
from chatapp.models import Turn
from chatapp.stream import log as event_log
from chatapp.stream.hub import hub
from chatapp.values import ACTIVE, Event, TurnStatus

FARTHEST = 2**31 - 1  # that a position in the store can be


class Follower:
    """One reader of one turn. It holds no database connection while it waits.

    A `patient` one that begins where the turn waits for a person waits with it; others have nothing to read there.
    """

    def __init__(self, turn_id: UUID, after: int = 0, *, patient: bool = False) -> None:
        self.position = min(after, FARTHEST)
        self.ended = False
        self._patient = patient
        self._news = bell()
        self._channel = hub.join(turn_id, self.position)
        self._checked = self._channel.produced_here  # all of it has come, or will come, through the channel
        metrics.streams.inc()

    def __enter__(self) -> Follower:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        hub.leave(self._channel)
        metrics.streams.dec()

    @property
    def reads_store(self) -> bool:
        """Whether the next `read` looks into the database, for which it needs an application context."""
        return self.position < self._channel.base or not self._checked

    def read(self, timeout: float) -> list[Event]:
        """The events that are there, or the first that come within `timeout` seconds; [] after silence.

        `ended` is true once nothing more can come.
        """
        if self.reads_store:
            events = self._catch_up()
        else:
            events = self._channel.read(self.position, timeout, self._news)
            self.ended = self._channel.ended and not (events or self.reads_store) and self._is_over()
        if events:
            self.position = events[-1].seq
            self.ended = events[-1].is_last
        return events

    def _catch_up(self) -> list[Event]:
        """What the store has and the channel may not; also tells a turn that ended long ago."""
        first_look, self._checked = not self._checked, True
        events = event_log.current().read(self._channel.turn_id, self.position)
        if not events and (first_look or self._channel.ended) and final_among([self._channel.turn_id]):
            # It may have ended between the two looks: what it ended with is there by now.
            events = event_log.current().read(self._channel.turn_id, self.position)
            self.ended = not events and self._is_over()
        release()
        self._channel.hold_again(events)
        return events

    def _is_over(self) -> bool:
        """Whether the end of what is written is the end of all; the channel is opened again if not."""
        if not self._patient:
            return True
        turn_id = self._channel.turn_id
        is_active = session.scalar(select(Turn.id).where(Turn.id == turn_id, Turn.status.in_(ACTIVE))) is not None
        release()
        if is_active:
            self._channel.reopen()
        return not is_active


def follow(turn_id: UUID, after: int = 0, *, patient: bool = False) -> Follower:
    return Follower(turn_id, after, patient=patient)


def final_among(turn_ids: list[UUID]) -> set[UUID]:
    """Those of the given turns that write nothing: ended, gone, or waiting for a person."""
    writing = (TurnStatus.PENDING, TurnStatus.RUNNING)
    found = session.scalars(select(Turn.id).where(Turn.id.in_(turn_ids), Turn.status.in_(writing)))
    return set(turn_ids) - set(found)
