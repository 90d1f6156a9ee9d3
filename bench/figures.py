"""From answers to figures: what one run of the load measured."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.clients import Answer
from bench.processes import Pace

MOST_PROBLEMS = 5
NUMBER = re.compile(r"This is question (\d+) of the benchmark")


@dataclass(frozen=True)
class Usage:
    """What the server under load used: the product's processes or, in the direct run, the model server's."""

    cpu: float  # seconds
    memory: int  # bytes
    other_cpu: float  # processors that were busy with something else than this benchmark
    bystander: Sequence[float] = ()  # seconds that somebody waited for something else meanwhile


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds. Means and percentiles are of the answers that did not fail."""

    answers: int
    failures: int
    at_once: int
    first_p50: float
    first_p95: float
    total_p50: float
    total_p95: float
    late_p95: float
    cpu_per_token: float  # microseconds
    memory_per_stream: float  # KiB
    frames: float
    bytes: float
    model_calls: int  # that stream
    titles: int
    other_cpu: float
    bystander_p95: float = math.nan


@dataclass(frozen=True)
class Result:
    """One run: so many streams on one way."""

    way: str
    streams: int
    figures: Figures
    reasons: Sequence[str]  # why answers failed
    log: Sequence[str]  # the errors in the server's log
    bound: float | None  # milliseconds that may be added to the first token at the 95th percentile
    operations: Mapping[str, float] = field(default_factory=dict)  # of the stores, for one answer

    def added(self, direct: Result, name: str) -> float:
        """By how much a figure is higher than in the direct run."""
        difference: float = getattr(self.figures, name) - getattr(direct.figures, name)
        return difference

    def problems(self, direct: Result) -> list[str]:
        """Why this run has failed; nothing when it has not."""
        counted = Counter([*self.reasons, *self.log]).most_common(MOST_PROBLEMS)
        found = [f"{count} × {problem}" for problem, count in counted]
        answers, calls = self.figures.answers, self.figures.model_calls
        if calls != answers:
            found.append(f"the model was asked {calls} times for {answers} answers")
        added = self.added(direct, "first_p95")
        if self.bound is not None and not added <= self.bound:
            found.append(f"{added:.0f} ms added to the first token (p95); the bound is {self.bound:.0f} ms")
        return [f"{self.way}, {self.streams} streams: {problem}" for problem in found]


def figures(
    answers: Sequence[Answer], streams: int, pace: Pace, usage: Usage, asked: Sequence[Mapping[str, Any]]
) -> Figures:
    """`asked` are the requests that the model server saw."""
    good = [answer for answer in answers if not answer.failure]
    first = [(answer.arrivals[0] - answer.began) * 1000 for answer in good]
    total = [(answer.ended - answer.began) * 1000 for answer in good]
    model_calls = [request for request in asked if request["body"].get("stream")]
    return Figures(
        answers=len(answers),
        failures=len(answers) - len(good),
        at_once=_at_once(answers),
        first_p50=percentile(first, 50),
        first_p95=percentile(first, 95),
        total_p50=percentile(total, 50),
        total_p95=percentile(total, 95),
        late_p95=percentile(list(_lateness(good, pace, model_calls)), 95),
        cpu_per_token=usage.cpu * 1e6 / max(1, sum(len(answer.arrivals) for answer in answers)),
        memory_per_stream=usage.memory / 1024 / streams,
        frames=sum(answer.frames for answer in good) / max(1, len(good)),
        bytes=sum(answer.bytes for answer in good) / max(1, len(good)),
        model_calls=len(model_calls),
        titles=sum(request["method"] == "POST" for request in asked) - len(model_calls),
        other_cpu=usage.other_cpu,
        bystander_p95=percentile([seconds * 1000 for seconds in usage.bystander], 95),
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many per cent do not exceed; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _lateness(answers: Sequence[Answer], pace: Pace, model_calls: Sequence[Mapping[str, Any]]) -> Iterator[float]:
    """Milliseconds of every token between the moment when the model was to say it and its arrival."""
    asked_at = {_number(call): call["arrived_at"] for call in model_calls}
    for answer in answers:
        begin = asked_at[answer.number] + pace.first
        for position, arrived in enumerate(answer.arrivals):
            yield (arrived - begin - position / pace.rate) * 1000


def _number(call: Mapping[str, Any]) -> int | None:
    found = NUMBER.search(json.dumps(call["body"]["messages"][-1]))
    return int(found[1]) if found else None


def _at_once(answers: Sequence[Answer]) -> int:
    """The most answers that were open at a time."""
    moments = sorted([(a.began, 1) for a in answers] + [(a.ended, -1) for a in answers])
    open_now = most = 0
    for _, change in moments:
        open_now += change
        most = max(most, open_now)
    return most
