"""Watches over the turns of a process, and over what others have left: ceilings, leases, endings elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any
from uuid import UUID

import structlog

from chatapp import beats, config
from chatapp.core import approvals, takeovers, turns
from chatapp.db import is_sqlite, release
from chatapp.providers import FAILURES, Trouble
from chatapp.stream import workers
from chatapp.stream.follow import final_among
from chatapp.stream.hub import Hub
from chatapp.stream.log import Log
from chatapp.stream.runs import Run
from chatapp.values import Failure

logger = structlog.get_logger(__name__)

TURN_TIMEOUT = Failure("turn_timeout", "The answer took too long and was ended.", True)
WATCH_INTERVAL = 0.25
SAFETY_INTERVAL = 1.0  # between looks into the store where news come without them
REAP_INTERVAL = 10.0


class Watch:
    """What goes on in the background until `stop` is set. `runs` are the turns that this process executes."""

    def __init__(
        self,
        runs: Mapping[UUID, Run],
        log: Log,
        hub: Hub,
        context: Callable[[], AbstractContextManager[Any]],
        stop: threading.Event,
    ) -> None:
        self._runs = runs
        self._log = log
        self._hub = hub
        self._context = context
        self._stop = stop

    def loops(self) -> Mapping[str, Callable[[], None]]:
        """Each for a thread of this name."""
        return {
            "turn-watch": self._watch,
            "turn-reaper": self._reap,
            "log-poller": self._poll,
            "beats": lambda: beats.conduct(self._stop),
            "reader-clock": lambda: self._hub.keep_time(self._stop),
        }

    def look_at(self, turn_id: UUID) -> None:
        """Somebody elsewhere says that the turn has been ended: let go of it, if it runs here and that is so."""
        if run := self._runs.get(turn_id):
            with self._context():
                self._let_go_of_ended([run])
                release()

    def _watch(self) -> None:
        renewed = looked = monotonic()
        while not self._stop.wait(WATCH_INTERVAL):
            runs = list(self._runs.values())
            if not runs:
                renewed = monotonic()
                continue
            try:
                with self._context():
                    if not self._hears_news() or monotonic() - looked > SAFETY_INTERVAL:
                        self._let_go_of_ended(runs)
                        looked = monotonic()
                    self._check(runs)
                    if monotonic() - renewed > config.current().lease_renewal:
                        takeovers.renew_leases([run.turn_id for run in runs])
                        renewed = monotonic()
                    release()
            except Exception:
                logger.exception("turn.watch_failed")

    def _hears_news(self) -> bool:
        """Whether who ends a turn elsewhere tells of it: over a relay, or because there is no other process."""
        return self._hub.relay.is_up if self._hub.relay else is_sqlite()

    def _let_go_of_ended(self, runs: Sequence[Run]) -> None:
        for turn_id in turns.ended_elsewhere([run.turn_id for run in runs]):
            if run := self._runs.get(turn_id):
                run.let_go(self._hub)

    def _check(self, runs: Sequence[Run]) -> None:
        settings = config.current()
        for run in runs:
            if monotonic() - run.started > settings.turn_limit:
                run.stop(TURN_TIMEOUT)
            elif run.answering:
                run.answering.pause()
            if run.answering and monotonic() - run.answering.progress_at > settings.idle_limit:
                run.stop(FAILURES[Trouble.TIMEOUT])

    def _reap(self) -> None:
        while True:
            try:
                with self._context():
                    takeovers.reap(workers.dead_among(takeovers.lease_holders()))
                    approvals.expire()
                    release()
            except Exception:
                logger.exception("turn.reap_failed")
            if self._stop.wait(REAP_INTERVAL):
                return

    def _poll(self) -> None:
        while not self._stop.is_set():
            try:
                with self._context():
                    self._hub.poll(self._log, _final, self._stop)
            except Exception:
                logger.exception("log.poll_failed")
                self._stop.wait(1.0)


def _final(turn_ids: Sequence[UUID]) -> set[UUID]:
    return final_among(list(turn_ids))
