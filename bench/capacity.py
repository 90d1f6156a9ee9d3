"""How many machines a million people a day need, and what breaks first: a simulation of their day at measured costs.

`python -m bench.capacity` prints the tables of docs/capacity.md, `--write` writes it, from docs/benchmarks.json.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from bench.measured import Json
from tests.servers import ROOT

SECONDS = 86_400
USERS = 1_000_000
UTILISATION = 0.6  # of a processor, at the peak: the rest is for what the model does not know
CORES = 8  # of a host, a worker on each
KEPT_HOURS = 48  # events of answers
BYTES_PER_EVENT = 150
# Questions by the hour, where all live in one time zone and work by day; and where they live everywhere.
OFFICE = (1, 1, 1, 1, 1, 2, 4, 8, 14, 16, 16, 14, 11, 13, 15, 15, 13, 10, 7, 6, 5, 4, 3, 2)
EVERYWHERE = (9, 9, 8, 8, 8, 8, 8, 9, 9, 10, 10, 10, 10, 10, 11, 11, 11, 11, 10, 10, 10, 10, 9, 9)


@dataclass(frozen=True)
class Trace:
    """How questions arrive over a day. In the `rush` that part of a day's questions comes within five minutes."""

    name: str
    hours: Sequence[int]
    rush: float = 0.0

    def rates(self, questions: float) -> np.ndarray:
        """Expected questions in each second."""
        hourly = np.array([*self.hours, self.hours[0]], dtype=float)
        shape = np.interp(np.arange(SECONDS) / 3600, np.arange(25), hourly)
        rates = shape / shape.sum() * questions * (1 - self.rush)
        rates[36_000:36_300] += questions * self.rush / 300
        return np.asarray(rates)


TRACES = (
    Trace("everywhere", EVERYWHERE),
    Trace("one time zone", OFFICE),
    Trace("one time zone, 1 % of the day in five minutes", OFFICE, rush=0.01),
)


@dataclass(frozen=True)
class People:
    """What they do. Tokens of an answer vary lognormally around their mean."""

    users: int = USERS
    questions: float = 4.0  # of one person and day
    tokens: float = 250.0
    spread: float = 0.8  # sigma of the logarithm
    rate: float = 50.0  # tokens a second
    first: float = 0.8  # seconds before the first


@dataclass(frozen=True)
class Day:
    """What a simulated day comes to. Peaks are of the busiest second."""

    trace: Trace
    questions: int
    tokens: float
    peak_questions: float
    peak_tokens: float
    peak_answers: float
    mean_answers: float


@dataclass(frozen=True)
class Costs:
    """What was measured, for one token, stream or answer."""

    cpu: Mapping[str, float]  # microseconds a token, by way
    memory: float  # KiB a stream
    transactions: float
    rows: float
    commands: float  # of Redis
    two_hosts: float | None  # microseconds a token in the two-host run, where every answer is read twice


@dataclass(frozen=True)
class Resource:
    """Something of which there is only so much, however many hosts there are."""

    name: str
    need: float
    limit: float
    unit: str

    @property
    def share(self) -> float:
        return self.need / self.limit


def simulate(people: People, trace: Trace, seed: int = 9) -> Day:
    chance = np.random.default_rng(seed)
    arrivals = chance.poisson(trace.rates(people.users * people.questions))
    total = int(arrivals.sum())
    mean_of_logarithm = math.log(people.tokens) - people.spread**2 / 2
    tokens = chance.lognormal(mean_of_logarithm, people.spread, total)
    begins = np.repeat(np.arange(SECONDS), arrivals) + chance.random(total)
    ends = begins + people.first + tokens / people.rate
    answers = _at_once(begins, ends)
    writing = _at_once(begins + people.first, ends) * people.rate
    return Day(
        trace,
        total,
        float(tokens.sum()),
        float(np.percentile(arrivals, 99.9)),
        float(np.percentile(writing, 99.9)),
        float(np.percentile(answers, 99.9)),
        float(answers.mean()),
    )


def _at_once(begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How many of the intervals hold each second of the day."""
    last = SECONDS + 1
    opened = np.bincount(np.minimum(np.ceil(begins).astype(int), last), minlength=last + 1)
    closed = np.bincount(np.minimum(np.ceil(ends).astype(int), last), minlength=last + 1)
    return np.cumsum(opened - closed)[:SECONDS]


def costs_in(parts: Mapping[str, Json]) -> Costs:
    """Raises KeyError when the parts that it needs have not been measured."""
    redis, two = _figures(parts["redis"]), _figures(parts.get("two-hosts", {"figures": []}))
    many = _figures(parts["streams-200"])
    return Costs(
        cpu={way: many[way, "server CPU per token"] for way in ("NDJSON", "SSE", "page")},
        memory=many["SSE", "server memory per stream"],
        transactions=redis["SSE", "PostgreSQL transactions per answer"],
        rows=redis["SSE", "PostgreSQL rows written per answer"],
        commands=redis["SSE", "Redis commands per answer"],
        two_hosts=two.get(("SSE", "server CPU per token")),
    )


def _figures(part: Json) -> dict[tuple[str, str], float]:
    return {(figure["way"], figure["name"]): figure["value"] for figure in part["figures"]}


def hosts_for(day: Day, cpu: float) -> int:
    """So many that the busiest second takes no more than UTILISATION of their processors, and one that may fail."""
    cores = day.peak_tokens * cpu / 1e6 / UTILISATION
    return math.ceil(cores / CORES) + 1


def resources(day: Day, costs: Costs, hosts: int) -> list[Resource]:
    """What all hosts share, the scarcest first."""
    per_second = day.peak_questions
    found = [
        Resource("PostgreSQL transactions", per_second * costs.transactions, 15_000, "a second"),
        Resource("PostgreSQL rows written", per_second * costs.rows, 100_000, "a second"),
        Resource("PostgreSQL connections", hosts * CORES * 20, 2_000, "kept (DATABASE_CONNECTIONS = 20)"),
        Resource("Redis commands", per_second * costs.commands, 100_000, "a second, one thread"),
        Resource("nginx connections", day.peak_answers * 2, 60_000, "to browsers and hosts"),
        Resource("memory of answers", day.peak_answers * costs.memory / hosts / 2**20, 16, "GiB on each host"),
    ]
    return sorted(found, key=lambda resource: -resource.share)


def tables(people: People, costs: Costs) -> str:
    days = [simulate(people, trace) for trace in TRACES]
    hosts = [hosts_for(day, costs.cpu["SSE"]) for day in days]
    limits = [_limits(day, costs, number) for day, number in zip(days, hosts, strict=True)]
    return "\n\n".join([_days(days), _hosts(days, costs), *limits, _kept(days[0], costs), _check(costs)])


def _days(days: Sequence[Day]) -> str:
    head = ["people live", "questions", "tokens", "questions/s, peak", "answers at once", "peak", "tokens/s, peak"]
    rows = [
        [
            day.trace.name,
            f"{day.questions:,}",
            f"{day.tokens / 1e6:,.0f} M",
            f"{day.peak_questions:,.0f}",
            f"{day.mean_answers:,.0f}",
            f"{day.peak_answers:,.0f}",
            f"{day.peak_tokens:,.0f}",
        ]
        for day in days
    ]
    return f"## The day\n\n{_table(head, rows)}"


def _hosts(days: Sequence[Day], costs: Costs) -> str:
    head = ["read as", "CPU per token", *(day.trace.name for day in days)]
    rows = [
        [way, f"{cpu:,.0f} µs", *(f"{hosts_for(day, cpu)}" for day in days)]
        for way, cpu in sorted(costs.cpu.items(), key=lambda pair: pair[1])
    ]
    return f"## Hosts\n\n{_table(head, rows)}"


def _limits(day: Day, costs: Costs, hosts: int) -> str:
    found = resources(day, costs, hosts)
    head = ["", "at the peak", "limit", "of", "used"]
    rows = [[r.name, f"{r.need:,.1f}", f"{r.limit:,.0f}", r.unit, f"{r.share:.0%}"] for r in found]
    verdict = f"**{found[0].name}**: the first to break, at {1 / found[0].share:.1f} times as many people."
    return f"## Shared by {hosts} hosts: {day.trace.name}\n\n{_table(head, rows)}\n\n{verdict}"


def _kept(day: Day, costs: Costs) -> str:
    rows = day.questions * costs.rows
    size = rows * KEPT_HOURS / 24 * BYTES_PER_EVENT / 2**30
    return (
        f"## Kept\n\nA day writes {rows / 1e6:,.0f} million rows. Most of them are events, which are kept for "
        f"{KEPT_HOURS} hours: {size:,.0f} GiB."
    )


def _check(costs: Costs) -> str:
    """The model against a run in which every answer is read on both of two hosts."""
    if costs.two_hosts is None:
        return "## Against the two-host run\n\nNot measured yet: `python -m bench.suite --only two-hosts`."
    return (
        "## Against the two-host run\n\nThere every answer is read on both hosts and crosses Redis. A token costs "
        f"{costs.two_hosts:,.0f} µs, {costs.two_hosts / costs.cpu['SSE']:.1f} times what the model takes for one "
        "reader in the process that writes. Where nearly all are read elsewhere, count with that."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGE = """# Capacity

Written by `python -m bench.capacity --write` from the costs in [benchmarks.json](benchmarks.json): measure
again, write again.

{users:,} people ask {questions:g} questions a day each. An answer has {tokens:g} tokens in the mean
(lognormal, sigma {spread:g}) at {rate:g} a second, after {first:g} s. Questions arrive at random around the
hours of three traces; peaks are what 99.9 % of the day's seconds do not exceed. A host has {cores}
processors, a worker on each; at the peak {utilisation:.0%} of them work, and one host more than needed is
there, so that one may fail or be rolled. The limits of PostgreSQL, Redis and nginx are those of one machine
of 8 to 16 processors with fast disks: replace them by your own (`resources` in bench/capacity.py).

{tables}

## What to do then

- **PostgreSQL connections**: lower `DATABASE_CONNECTIONS` first (a worker seldom uses five at a time), then PgBouncer
  in session mode: notifications and prepared statements need that.
- **PostgreSQL transactions**: a longer `MERGE_INTERVAL` takes fewer and larger ones, for text that is that much later.
- **Redis commands**: the log of events is in PostgreSQL; Redis carries news only, and readers without it look into
  PostgreSQL.
- The model's own limit (tokens a minute of the account) usually comes before all of these.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--users", type=int, default=USERS, help="people a day")
    parser.add_argument("--figures", type=Path, default=ROOT / "docs" / "benchmarks.json", help="measured costs")
    parser.add_argument("--write", action="store_true", help="write docs/capacity.md")
    options = parser.parse_args(arguments)
    people = People(options.users)
    try:
        found = tables(people, costs_in(orjson.loads(options.figures.read_bytes())))
    except (KeyError, FileNotFoundError) as missing:
        print(f"not measured yet: {missing}. python -m bench.suite --only streams-200 redis two-hosts", file=sys.stderr)
        return 1
    print(found)
    if options.write:
        (ROOT / "docs" / "capacity.md").write_text(page(people, found))
    return 0


def page(people: People, found: str) -> str:
    """docs/capacity.md."""
    return PAGE.format(**vars(people), cores=CORES, utilisation=UTILISATION, tables=found)


if __name__ == "__main__":
    sys.exit(main())
