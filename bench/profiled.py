"""The product with a sampling profiler in it: `gunicorn -c gunicorn.conf.py bench.profiled:app`.

Looks every two milliseconds of processor time at what runs, from the first question on, and leaves folded stacks
("caller;callee count") in the file that BENCH_PROFILE names. All greenlets of a worker share one thread, so the signal
finds whichever is running.
"""

from __future__ import annotations

import atexit
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

from wsgi import app

__all__ = ["app"]

INTERVAL = 0.002  # seconds of processor time
HERE = f"{Path(__file__).resolve().parent.parent}/"

_stacks: Counter[str] = Counter()


@app.before_request
def _begin() -> None:
    if signal.getsignal(signal.SIGPROF) is not _look:
        signal.signal(signal.SIGPROF, _look)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
        atexit.register(_write)


def _look(_number: int, frame: FrameType | None) -> None:
    stack = []
    while frame:
        code = frame.f_code
        stack.append(f"{_short(code.co_filename)}:{code.co_qualname}")
        frame = frame.f_back
    _stacks[";".join(reversed(stack))] += 1


def _short(path: str) -> str:
    return path.removeprefix(HERE).rpartition("site-packages/")[2]


def _write() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    lines = [f"{stack} {count}\n" for stack, count in _stacks.most_common()]
    Path(os.environ["BENCH_PROFILE"]).write_text("".join(lines))
