"""Parts of the suite in which many answers stream at once."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.figures import Result
from bench.hosts import Setup
from bench.measured import Figure, Outcome
from bench.processes import Pace
from bench.runs import Plan, measure
from tests.certificates import certificate

USUAL = Pace(tokens=200, rate=50.0, first=0.05)
SLOW = Pace(tokens=100, rate=10.0, first=0.05)
BUSY = Setup(postgres=True, workers=2)

# Name in the results, name in the table, unit; what is the same in both runs is compared.
COMPARED = (
    ("first_p50", "first token, p50", "ms"),
    ("first_p95", "first token, p95", "ms"),
    ("total_p50", "whole answer, p50", "ms"),
    ("late_p95", "lateness of tokens, p95", "ms"),
    ("bystander_p95", "thread list meanwhile, p95", "ms"),
    ("cpu_per_token", "server CPU per token", "µs"),
    ("memory_per_stream", "server memory per stream", "KiB"),
    ("bytes", "bytes per answer", ""),
)
COUNTED = (("failures", "failed answers", ""), ("answers", "answers", ""), ("other_cpu", "other load", "CPUs"))
Bounds = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Streams:
    """So many answers at once on each way. `most` is what has to hold, by way and by name of the figure."""

    streams: int
    ways: tuple[str, ...] = ("NDJSON", "SSE", "page")
    setup: Setup = Setup()
    pace: Pace = USUAL
    rounds: int = 2
    most: Bounds | None = None
    has_bystander: bool = False
    is_encrypted: bool = False  # the model is asked over TLS

    @property
    def title(self) -> str:
        model = ", model over TLS" if self.is_encrypted else ""
        return f"{self.streams:,} answers at once, {self.pace.rate:g} tokens a second ({self.setup}{model})"

    def quick(self) -> Streams:
        """As small as it can be: to see that it works."""
        return replace(self, streams=4, rounds=1, pace=replace(self.pace, tokens=10), most=None)

    def __call__(self) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            return self._measured(certificate(Path(folder)) if self.is_encrypted else None)

    def _measured(self, certificate: Path | None) -> Outcome:
        plan = Plan(
            [self.streams],
            self.ways,
            self.rounds,
            self.pace,
            self.pace.length,
            float("inf"),
            self.setup,
            self.has_bystander,
            certificate,
        )
        direct, *results = measure(plan)
        figures = [figure for result in results for figure in self._figures(result, direct)]
        return Outcome(figures, [problem for result in (direct, *results) for problem in result.problems(direct)])

    def _figures(self, result: Result, direct: Result) -> list[Figure]:
        most = (self.most or {}).get(result.way, {})
        way, measured, base = result.way, result.figures, direct.figures
        added = [
            Figure(way, f"added to the {words}, p95", result.added(direct, name), "ms", None, most.get(f"+{name}"))
            for name, words in (("first_p95", "first token"), ("late_p95", "lateness"))
        ]
        compared = [
            Figure(way, words, getattr(measured, name), unit, getattr(base, name), most.get(name))
            for name, words, unit in COMPARED
            if name != "bystander_p95" or self.has_bystander
        ]
        counted = [
            Figure(way, words, getattr(measured, name), unit, None, most.get(name)) for name, words, unit in COUNTED
        ]
        stores = [Figure(way, f"{store} per answer", count) for store, count in result.operations.items()]
        return [*counted[:2], *added, *compared, *stores, counted[-1]]


ONE_WORKER = {"failures": 0, "+first_p95": 25, "late_p95": 70, "cpu_per_token": 100}

PARTS: Mapping[str, Streams] = {
    "streams-1": Streams(1, rounds=5),
    "streams-50": Streams(50),
    "streams-200": Streams(
        200,
        most={
            "NDJSON": ONE_WORKER,
            "SSE": ONE_WORKER,
            "page": {"failures": 0, "cpu_per_token": 140},
        },
    ),
    "tls": Streams(200, ("NDJSON",), is_encrypted=True),
    "streams-500": Streams(500, rounds=1),
    "streams-1000": Streams(1000, rounds=1),
    "two-workers": Streams(
        500,
        ("NDJSON", "SSE"),
        BUSY,
        most={"NDJSON": {"failures": 0, "+first_p95": 150, "cpu_per_token": 90, "bystander_p95": 60}},
        has_bystander=True,
    ),
    "slow-model": Streams(
        1000,
        ("NDJSON",),
        BUSY,
        SLOW,
        most={"NDJSON": {"failures": 0, "+first_p95": 150, "memory_per_stream": 80}},
    ),
    "redis": Streams(
        200,
        ("NDJSON", "SSE"),
        replace(BUSY, redis=True),
        most={"NDJSON": {"failures": 0, "+first_p95": 60, "cpu_per_token": 170}},
    ),
}
