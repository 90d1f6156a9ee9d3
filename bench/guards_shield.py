"""What it costs to look through answers while they are written: processor time and delay a token.

Run as `python -m bench.guards_shield FOLDER`: texts of benign.jsonl stand for answers, cut into tokens of about four
characters; code is this repository's own.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from statistics import mean, quantiles
from time import process_time

import orjson

from chatapp import guards
from chatapp.core import prompts
from chatapp.guards import shield
from chatapp.guards.shield import Shield

TOKEN = re.compile(r"\s?\w{1,5}|[^\w\s]{1,3}|\s+")
RATE = 50  # tokens a second, for showing a delay in time


def main(folder: Path) -> None:
    guards.warm_up()
    lines = (folder / "benign.jsonl").read_bytes().splitlines()
    prose = [text for line in lines if 200 < len(text := orjson.loads(line)["text"]) < 8_000][:1500]
    code = [path.read_text() for path in sorted(Path(shield.__file__).parents[1].rglob("*.py"))]
    for name, texts in (("prose and questions", prose), ("program text", code)):
        print(name, _measure(texts))  # noqa: T201 - this is what it is for


def _measure(texts: list[str]) -> str:
    delays: list[int] = []
    firsts: list[int] = []
    spent, count, changed = 0.0, 0, 0
    for text in texts:
        answer = TOKEN.findall(text)
        seen = Shield(lambda: (), prompts.PERSONA + prompts.RENDERING)
        begun = process_time()
        parts = [seen.feed(token) for token in answer]
        parts.append(seen.flush())
        spent += process_time() - begun
        count += len(answer)
        changed += "".join(parts) != "".join(answer)
        delays += _delays(answer, parts)
        firsts.append(next((place for place, part in enumerate(parts) if part), 0))
    p95 = quantiles(delays, n=20)[-1]
    return (
        f"{spent / count * 1e6:.2f} µs a token, delay in tokens: mean {mean(delays):.1f} "
        f"({mean(delays) / RATE * 1000:.0f} ms at {RATE}/s), p95 {p95:.0f}, first text {mean(firsts):.1f}; "
        f"{changed} of {len(texts)} texts changed"
    )


def _delays(answer: list[str], parts: list[str]) -> list[int]:
    """For each token, how many more come before all of it is shown."""
    delays, shown, place, taken = [], 0, 0, 0
    for number, token in enumerate(answer):
        taken += len(token)
        while shown < taken and place < len(parts):
            shown += len(parts[place])
            place += 1
        delays.append(max(0, place - 1 - number))
    return delays


if __name__ == "__main__":
    main(Path(sys.argv[1]))
