"""What the processor time of a profile went into: `python -m bench.parts_of_profile FILE`.

    BENCH_PROFILE=FILE python -m bench.load --streams 100 --ways NDJSON

runs the product with a sampling profiler (bench/profiled.py) and leaves the stacks of its last server in the file. The
suite's parts `profile` do the same.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

# A stack counts for the first of these of which it holds a sign.
PARTS = (
    ("storing and telling events", ("Writer._loop", "Writer.flush")),
    ("asking the model", ("AnthropicStream._ask", "AnthropicProvider.title")),
    ("reading the model's events", ("AnthropicStream.__iter__",)),
    ("guarding and merging text", ("Answering._take", "Answering._consume", "Answering.pause")),
    ("ending turns", ("turns.py:finish", "Runner._finish")),
    ("context and tools of a turn", ("Runner._answer",)),
    ("titles", ("Titler._run",)),
    ("starting turns: guards, rows", ("turns.py:start",)),
    ("who asks", ("auth.py:identify", "load_user")),
    ("encoding for readers", ("stream.py:_answer", "streams.py:_follow", "live.py:")),
    ("requests besides: routing, templates", ("Flask.wsgi_app",)),
    ("sockets of readers", ("GeventWorker.handle",)),
    ("watching leases and relays", ("Watch._watch", "Watch._poll", "Watch._reap", "relay.py:")),
    ("switching between answers", ("gevent/hub.py", "gevent/greenlet.py")),
)


def parts(lines: Iterable[str]) -> Counter[str]:
    """Samples of each part, from folded stacks."""
    found = Counter[str]()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        found[_part(stack)] += int(count)
    return found


def _part(stack: str) -> str:
    return next((name for name, signs in PARTS if any(sign in stack for sign in signs)), "the rest")


def main() -> int:
    found = parts(Path(sys.argv[1]).read_text().splitlines())
    total = found.total()
    for name, count in found.most_common():
        print(f"{count / total:6.1%}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
