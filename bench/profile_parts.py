"""The part of the suite that says what the processor time of an answer goes into."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measured import Figure, Outcome
from bench.parts_of_profile import parts
from bench.processes import Pace
from bench.runs import Plan, measure
from bench.stream_parts import USUAL


@dataclass(frozen=True)
class Profile:
    """Many answers under a sampling profiler, which takes a few per cent itself."""

    way: str
    streams: int = 200
    rounds: int = 2
    pace: Pace = USUAL

    @property
    def title(self) -> str:
        return f"What a token costs, {self.streams} answers at once, {self.way}"

    def quick(self) -> Profile:
        return replace(self, streams=2, rounds=1, pace=replace(self.pace, tokens=10))

    def __call__(self) -> Outcome:
        plan = Plan([self.streams], [self.way], self.rounds, self.pace, self.pace.length, float("inf"))
        with tempfile.TemporaryDirectory() as folder:
            stacks = Path(folder) / "stacks"
            os.environ["BENCH_PROFILE"] = str(stacks)
            try:
                direct, result = measure(plan)
            finally:
                del os.environ["BENCH_PROFILE"]
            found = parts(stacks.read_text().splitlines())
        cost, base = result.figures.cpu_per_token, direct.figures.cpu_per_token
        figures = [Figure(self.way, name, cost * count / found.total(), "µs") for name, count in found.most_common()]
        return Outcome([Figure(self.way, "server CPU per token", cost, "µs", base), *figures], result.problems(direct))


PARTS: Mapping[str, Profile] = {
    "profile": Profile("NDJSON"),
    "profile-sse": Profile("SSE"),
    "profile-page": Profile("page"),
}
