"""The product with a clock that can be set while it runs: `app`, for gunicorn in place of `wsgi:app`.

The file that CHAOS_CLOCK names holds by how many seconds the clock is wrong. Both ways to the time of day are moved, as
a machine whose clock jumps would; `monotonic` is not, as it would not be there.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from chatapp import create_app, db

_file = Path(os.environ["CHAOS_CLOCK"])
_time, _time_ns = time.time, time.time_ns


def _wrong_by() -> float:
    try:
        return float(_file.read_text() or 0)
    except OSError:
        return 0.0


class Clock(datetime):
    """`datetime` as chatapp.db asks it, for the time of all that is stored."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=_wrong_by())


time.time = lambda: _time() + _wrong_by()
time.time_ns = lambda: _time_ns() + int(_wrong_by() * 1_000_000_000)
db.datetime = Clock  # type: ignore[misc]
app = create_app()
