"""How long both guards take for a message: `python -m bench.guards.messages FOLDER`.

The labelled texts of up to 8,000 characters: processor time, the best of three runs, as measured and on a quiet core.
"""

from __future__ import annotations

import argparse
import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from bench.guards.speed import loop, spent
from chatapp import guards

LONGEST = 8_000
RUNS = 3


def texts(path: Path) -> Iterator[str]:
    for line in path.read_bytes().split(b"\n"):
        if line.strip():
            text = json.loads(b64decode(line) if path.suffix == ".b64" else line)["text"]
            if len(text) <= LONGEST:
                yield text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    guards.warm_up()
    fastest = min(loop() for _ in range(500))
    every: list[tuple[float, float]] = []
    print(f"fixed loop at its fastest: {fastest * 1e3:.2f} ms\n")
    print("| file | texts | p50, ms | p99, ms | p50, quiet core | p99, quiet core |\n|---|---:|---:|---:|---:|---:|")
    for path in sorted(folder.glob("*.jsonl*")):
        times = [spent(lambda text=text: guards.check(text), fastest, RUNS) for text in texts(path)]  # type: ignore[misc]
        show(path.name, times)
        every += times
    show("all", every)


def show(name: str, times: list[tuple[float, float]]) -> None:
    cells = [quantiles((time[kind] for time in times), n=100)[place] * 1e3 for kind in (0, 1) for place in (49, 98)]
    print(f"| {name} | {len(times):,} | {' | '.join(f'{cell:.2f}' for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
