"""Wake-ups inside a process: followers wait on a channel, fed by the local writer or by one poller of the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from math import inf
from time import monotonic
from typing import Protocol
from uuid import UUID

from chatapp import config
from chatapp.beats import bell
from chatapp.db import release
from chatapp.stream.log import Log
from chatapp.values import Event

SAFETY_INTERVAL = 1.0  # seconds between looks while a relay tells what is new
TICK = 1.0  # seconds between looks at those who wait: nobody has to wait exactly as long as a minute
KEPT = 256  # events that a channel holds for several readers; who is farther behind looks into the store


class Channel:
    """The committed events of one turn from number `base` + 1 on, and those who wait for more.

    What the only reader has got is let go of, so that an answer of any length takes little: `base` rises.
    """

    def __init__(self, turn_id: UUID, base: int) -> None:
        self.turn_id = turn_id
        self.last = base
        self.is_whole = base == 0  # all events have come through here
        # The events and the number before the first of them, exchanged together: who reads takes no lock.
        self._kept: tuple[int, list[Event]] = (base, [])
        self._got = base  # the number up to which the only reader has got them
        self.produced_here = False
        self.ended = False
        self.behind = False  # something is missing that only the store has
        self.paused = False  # ended for those who read it now; somebody may let the turn go on
        self.users = 0
        self.quiet_since = monotonic()
        self._lock = threading.Lock()
        self.is_timed = False  # somebody wakes those who have waited long enough
        self._waiting: dict[threading.Lock, float] = {}  # what those who wait want to take, and until when

    @property
    def base(self) -> int:
        return self._kept[0]

    @property
    def events(self) -> Sequence[Event]:
        return self._kept[1]

    def publish(self, events: Sequence[Event]) -> bool:
        """Append what is new. False when numbers are missing between: the store has to be read."""
        with self._lock:
            fresh = [event for event in events if event.seq > self.last]
            if not fresh:
                return True
            if fresh[0].seq != self.last + 1:
                return False
            self.last = fresh[-1].seq
            self._keep(fresh)
            self.ended = fresh[-1].is_last
            self.paused = fresh[-1].waits_for_person
            self.quiet_since = monotonic()
        self.wake()
        return True

    def lower(self, base: int) -> None:
        """Begin at `base` if nothing has come yet: the first reader may have asked for a position far ahead."""
        with self._lock:
            if not self.events:
                self._got = self.last = min(self.base, base)
                self._kept = (self.last, [])
                self.is_whole = self.last == 0

    def end(self) -> None:
        self.ended = True
        self.wake()

    def reopen(self) -> None:
        """More may come after all: what it carries waits for a person."""
        self.ended = False
        self.quiet_since = monotonic()

    def read(self, after: int, timeout: float, news: threading.Lock | None = None) -> list[Event]:
        """Events after number `after`; waits up to `timeout` seconds for the first. `news` is the bell of who waits.

        Nothing where `base` is, or has become meanwhile, higher than `after`: only the store has those.
        """
        if self.last <= after and not self.ended:
            self._wait(after, timeout, news or bell())
        self._got = after
        base, events = self._kept
        return events[after - base :] if after >= base else []

    def hold_again(self, found: Sequence[Event]) -> None:
        """What was let go of, and one of several readers had to look up: the others would have to as well."""
        with self._lock:
            base, events = self._kept
            gone = [event for event in found if event.seq <= base]
            is_joined = bool(gone) and gone[0].seq + len(gone) == base + 1
            if is_joined and len(gone) + len(events) <= KEPT and self.users - self.produced_here > 1:
                self._kept = (base - len(gone), [*gone, *events])

    def wake(self, moment: float = inf) -> None:
        """All who wait, or those who meant to wait until `moment`."""
        for news, until in tuple(self._waiting.items()):
            if until <= moment and self._waiting.pop(news, None) is not None:
                news.release()

    def _wait(self, after: int, timeout: float, news: threading.Lock) -> None:
        self._waiting[news] = monotonic() + timeout
        # Looked at again: an event that came before `news` was among the waiting has woken nobody.
        is_wanted = self.last <= after and not self.ended
        is_woken = is_wanted and news.acquire(timeout=-1 if self.is_timed and timeout > TICK else timeout)
        if not is_woken and self._waiting.pop(news, None) is None:
            news.acquire()  # whoever has taken it out releases it

    def _keep(self, fresh: Sequence[Event]) -> None:
        """What is new, and of what was there before that which somebody may still ask for."""
        base, events = self._kept
        first = self._got if self.users - self.produced_here <= 1 else base
        first = min(max(first, base, self.last - KEPT), self.last - 1)
        self._kept = (first, [*events[first - base :], *fresh[max(0, first - fresh[0].seq + 1) :]])


class Relay(Protocol):
    """What carries news between processes (chatapp.stream.relay)."""

    @property
    def is_up(self) -> bool: ...

    def send(self, turn_id: UUID, events: Sequence[Event], *, stops: bool) -> None: ...

    def look_again(self) -> None: ...


class Hub:
    """The channels of this process."""

    def __init__(self) -> None:
        self.relay: Relay | None = None
        self._channels: dict[UUID, Channel] = {}
        self._lock = threading.Lock()
        self._look = threading.Event()
        self._keeps_time = False

    def produce(self, turn_id: UUID, events: Sequence[Event]) -> Channel:
        """The channel of a turn that this process executes, whose first events are stored."""
        channel = self.join(turn_id, base=0)
        channel.produced_here = channel.is_whole
        self.publish(turn_id, events)
        return channel

    def join(self, turn_id: UUID, base: int) -> Channel:
        with self._lock:
            channel = self._channels.get(turn_id)
            if channel is None:
                channel = self._channels[turn_id] = Channel(turn_id, base)
            channel.lower(base)
            channel.users += 1
            channel.is_timed = self._keeps_time
            channel.ended = channel.ended and not channel.paused
        if not channel.produced_here:
            self.look()
            if self.relay:
                self.relay.look_again()
        return channel

    def leave(self, channel: Channel) -> None:
        with self._lock:
            channel.users -= 1
            if channel.users == 0:
                self._channels.pop(channel.turn_id, None)

    def publish(self, turn_id: UUID, events: Sequence[Event]) -> None:
        """Tell the followers in this process and in others of events that are in the store."""
        channel = self._channels.get(turn_id)
        if self.relay and events:
            is_ours = channel is not None and channel.produced_here
            self.relay.send(turn_id, events, stops=events[-1].is_last and not is_ours)
        if channel and not channel.publish(events):
            self.hand_over(channel)

    def receive(self, turn_id: UUID, events: Sequence[Event]) -> None:
        """Tell the followers in this process of events that another process has stored."""
        channel = self._channels.get(turn_id)
        if channel and not channel.publish(events):
            channel.behind = True
            self.look()

    def followed(self) -> dict[UUID, int]:
        """The turns that run elsewhere and are followed here, with the number of the last event that is known."""
        return {channel.turn_id: channel.last for channel in self._elsewhere() if not channel.behind}

    def follows(self, turn_ids: Iterable[UUID]) -> bool:
        """Whether one of these turns runs elsewhere and is followed here."""
        followed = {channel.turn_id for channel in self._elsewhere()}
        return not followed.isdisjoint(turn_ids)

    def hand_over(self, channel: Channel) -> None:
        """From now on the channel is fed from the store: this process no longer writes all of the turn's events."""
        channel.produced_here = False
        self.look()

    def poll(self, log: Log, final: Callable[[Sequence[UUID]], set[UUID]], stop: threading.Event) -> None:
        """Feed the channels of turns that run elsewhere, with one query for all, until `stop` is set.

        `final` tells which of the given turns have ended, for channels whose last event never comes.
        """
        while not stop.is_set():
            self._look.clear()
            channels = self._elsewhere()
            if channels:
                self._feed(channels, log, final)
                release()  # a read transaction that stays open sees nothing new
            if channels and not (self.relay and self.relay.is_up):
                stop.wait(config.current().poll_interval)
            else:
                self._look.wait(SAFETY_INTERVAL)

    def keep_time(self, stop: threading.Event) -> None:
        """Wake those who have waited long enough, until `stop` is set: a timer for each costs more than the wait."""
        self._time(True)
        while not stop.wait(TICK):
            self._wake(monotonic())  # which keeps no channel while it waits
        self._time(False)

    def _wake(self, moment: float) -> None:
        for channel in list(self._channels.values()):
            channel.wake(moment)

    def _time(self, keeps: bool) -> None:
        with self._lock:
            self._keeps_time = keeps
            channels = list(self._channels.values())
        for channel in channels:
            channel.is_timed = keeps
            channel.wake()  # they go on waiting in the other way

    def look(self) -> None:
        """Let `poll` look now, at the store and at its `stop`."""
        self._look.set()

    def _elsewhere(self) -> list[Channel]:
        return [c for c in list(self._channels.values()) if not c.produced_here and not c.ended]

    def _feed(self, channels: list[Channel], log: Log, final: Callable[[Sequence[UUID]], set[UUID]]) -> None:
        quiet = [c.turn_id for c in channels if monotonic() - c.quiet_since > 1.0]
        ended = final(quiet) if quiet else set()
        news = log.read_many({c.turn_id: c.last for c in channels})
        for channel in channels:
            channel.behind = False
            channel.publish(news.get(channel.turn_id, []))
            if channel.turn_id in ended:
                channel.end()
            elif channel.turn_id in quiet:
                channel.quiet_since = monotonic()


hub = Hub()
