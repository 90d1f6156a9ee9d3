"""How long the guards take for texts that are made to be slow: `python -m bench.guards.speed [PART OF A NAME]`.

Processor time, the best of several runs, as if on a quiet core: a fixed loop is timed beside each run, and what it
takes longer than at its fastest is taken off, since a core that is shared with other work is slower for both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time

from bench.guards.shapes import shapes
from chatapp import guards

RUNS = 9


def loop() -> float:
    """The seconds of processor time that a fixed piece of work takes."""
    begun = process_time()
    total = 0
    for number in range(20_000):
        total += number
    return process_time() - begun


def spent(work: Callable[[], object], fastest: float, runs: int = RUNS) -> tuple[float, float]:
    """Seconds of processor time of the best run, as measured and as on a core at its fastest."""
    plain = corrected = 1e9
    for _ in range(runs):
        before = loop()
        begun = process_time()
        work()
        took = process_time() - begun
        slowness = max(1.0, (before + loop()) / 2 / fastest)
        plain, corrected = min(plain, took), min(corrected, took / slowness)
    return plain, corrected


def main(wanted: str = "") -> None:
    guards.warm_up()
    fastest = min(loop() for _ in range(500))
    results = []
    for name, text in shapes():
        if wanted in name:
            guards.check(text)
            results.append((*spent(lambda text=text: guards.check(text), fastest), name))  # type: ignore[misc]
    print(f"fixed loop at its fastest: {fastest * 1e3:.2f} ms\n")
    print("| text of 50,000 characters | measured, ms | on a quiet core, ms |\n|---|---:|---:|")
    for plain, corrected, name in sorted(results, reverse=True):
        print(f"| {name} | {plain * 1e3:.1f} | {corrected * 1e3:.1f} |")


if __name__ == "__main__":
    main(*sys.argv[1:2])
