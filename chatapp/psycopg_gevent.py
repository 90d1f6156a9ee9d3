"""How psycopg waits for PostgreSQL in a worker of gevent.

Its own way there goes over gevent's `poll`, which puts who waited at the end of the line of all that is ready to run:
in a worker with two hundred answers every statement of a question would stand in it (docs/adr/0030-prepared.md).
"""

from __future__ import annotations

from time import monotonic

import gevent
from psycopg import errors, waiting
from psycopg.abc import RV, PQGen
from psycopg.waiting import Ready, Wait


def install() -> None:
    waiting.wait = wait


def wait(gen: PQGen[RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
    """As `psycopg.waiting.wait_poll`, which says what the parameters are. Raises what `gen` raises, `_WaitTimeout`."""
    deadline = None if timeout is None else monotonic() + timeout
    try:
        wanted = next(gen)
        while True:
            patience = interval if deadline is None else max(0.0, min(interval, deadline - monotonic()))
            is_ready = _is_ready(fileno, wanted, patience)
            if not is_ready:
                waiting._check_fd_closed(fileno)
            wanted = gen.send(Ready(wanted) if is_ready else Ready.NONE)
            if deadline is not None and monotonic() >= deadline:
                raise errors._WaitTimeout("wait timeout expired")
    except StopIteration as stopped:
        result: RV = stopped.value
        return result


def _is_ready(fileno: int, wanted: Wait, patience: float) -> bool:
    hub = gevent.get_hub()
    watcher = hub.loop.io(fileno, int(wanted))
    try:
        with gevent.Timeout(patience, False):
            hub.wait(watcher)
            return True
        return False
    finally:
        watcher.stop()
        watcher.close()
