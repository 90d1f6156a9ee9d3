"""Talks to the product for a while with many answers at once, and looks at what its processes keep.

Prints the resident memory of every minute, and its slope over the time after the first fifth, in which caches fill.
The exit status is 1 when an answer failed, the server's log tells of an error, or memory grows by more than the bound.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psutil

from bench.clients import Answer, Expected, Way
from bench.hosts import Setup, running
from bench.http_client import BadAnswer
from bench.processes import Pace, model_server
from bench.runs import PATIENCE, STREAMS_PER_PERSON, WAYS

WARM = 0.2  # of the time, in which nothing is concluded from memory
LOOKS = 20  # within each minute; the least of them counts, because answers come and go
MEBIBYTE = 2**20


@dataclass
class Soaked:
    """What was seen."""

    answers: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    minutes: list[float] = field(default_factory=list)  # MiB

    @property
    def slope(self) -> float:
        """MiB an hour, by least squares, after the warm-up; 0 of too little."""
        values = self.minutes[round(len(self.minutes) * WARM) :]
        if len(values) < 2:
            return 0.0
        middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
        above = sum((at - middle) * (value - mean) for at, value in enumerate(values))
        return 60 * above / sum((at - middle) ** 2 for at in range(len(values)))


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    pace = Pace(options.tokens, options.rate, 0.05)
    people = math.ceil(options.streams / STREAMS_PER_PERSON)
    with model_server(pace) as model, running(Setup(), people, model.url) as hosts:
        hosts.start()
        way = asyncio.run(WAYS["NDJSON"](hosts.urls[0], hosts.tokens))
        soaked = asyncio.run(_soak(way, pace, options.streams, options.minutes * 60, hosts.pids[0]))
        log = hosts.errors()
    print(f"{soaked.answers} answers, slope {soaked.slope:+.1f} MiB an hour")
    problems = [f"{count} × {failure}" for failure, count in (soaked.failures + Counter(log)).most_common(5)]
    if soaked.slope > options.bound:
        problems.append(f"memory grows by {soaked.slope:.1f} MiB an hour; the bound is {options.bound:g}")
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    return 1 if problems else 0


async def _soak(way: Way, pace: Pace, streams: int, seconds: float, pid: int) -> Soaked:
    soaked, end = Soaked(), time.monotonic() + seconds
    numbers, expected = itertools.count(), Expected.of(pace.tokens)

    async def client(number: int) -> None:
        await asyncio.sleep(pace.length * number / streams)
        while time.monotonic() < end:
            await _ask(way, Answer(expected, next(numbers), number // STREAMS_PER_PERSON), pace, soaked)

    watching = asyncio.ensure_future(_watch(soaked, pid))
    await asyncio.gather(*map(client, range(streams)))
    watching.cancel()
    return soaked


async def _ask(way: Way, answer: Answer, pace: Pace, soaked: Soaked) -> None:
    soaked.answers += 1
    try:
        async with asyncio.timeout(pace.length + PATIENCE):
            await way.ask(answer)
    except (BadAnswer, OSError, TimeoutError, ValueError) as error:
        soaked.failures[f"{type(error).__name__}: {error}"] += 1
        await asyncio.sleep(1)


async def _watch(soaked: Soaked, pid: int) -> None:
    """Note and print every minute, until cancelled."""
    for minute in itertools.count(1):
        least = float("inf")
        for _ in range(LOOKS):
            await asyncio.sleep(60 / LOOKS)
            least = min(least, sum(_resident(pid)) / MEBIBYTE)
        soaked.minutes.append(least)
        print(f"minute {minute}: {least:.1f} MiB, {soaked.answers} answers", flush=True)


def _resident(pid: int) -> Iterator[int]:
    """Of the server and its workers."""
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            yield process.memory_info().rss


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--streams", type=int, default=100, help="answers at once")
    parser.add_argument("--tokens", type=int, default=200, help="tokens of an answer")
    parser.add_argument("--rate", type=float, default=20.0, help="tokens a second")
    parser.add_argument("--bound", type=float, default=20.0, help="MiB an hour by which memory may grow")
    return parser


if __name__ == "__main__":
    sys.exit(main())
