"""What a part of the suite has measured, and the document made of all of them."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PAGE = """# Benchmarks

Written by `make bench` (`python -m bench.suite`), from [benchmarks.json](benchmarks.json). Each part says when and on
what it was measured: `python -m bench.suite --only {example}` measures one again, and `--list` names them.

A local server plays the model: the first token after 0.05 s, then 50 a second, 200 an answer, where a part does not
say otherwise. The load client, the model server, PostgreSQL and Redis share the machine with the product. Clients
start spread over the length of an answer, so that questions arrive as evenly as answers end; each asks in a new
conversation, over new connections. Guards, the durable log, blocks and titles are on. **direct** is the same client
on the model server itself, in the same run, and **×** the ratio to it. *Added* is a percentile less that of direct.
**At most** is what has to hold.

- **first token**: from the question until the first text is there. **Lateness**: of every token, how long after the
  model server was to send it it was there. Text is gathered for 50 ms, so it is up to that.
- **server CPU, memory**: of the product's processes, and of the model server in direct. Questions, titles and lists
  are in it.
- **thread list meanwhile**: what somebody waits who asks for a list every 50 ms,
  in the parts that have such a person: it costs the server as well.
- **until it serves**: with the byte code written, as the first start on a machine leaves it.
- **other load**: processors that were busy with something that is not this benchmark. Where it is not near 0, times
  say little.

Where a figure does not hold, the parts `profile`, `profile-sse` and `profile-page` say what the time went into.

{parts}
"""


@dataclass(frozen=True)
class Figure:
    """One number. `direct` is what the same run measured on the model server itself; `most` is what has to hold."""

    way: str
    name: str
    value: float
    unit: str = ""
    direct: float | None = None
    most: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.direct if self.direct else None

    @property
    def holds(self) -> bool:
        return self.most is None or self.value <= self.most


@dataclass(frozen=True)
class Outcome:
    """All of a part. `problems` are failures that no figure tells."""

    figures: Sequence[Figure]
    problems: Sequence[str] = field(default=())


def as_json(title: str, outcome: Outcome, conditions: Mapping[str, Any]) -> Json:
    figures = [asdict(figure) | {"ratio": figure.ratio} for figure in outcome.figures]
    return {"title": title, **conditions, "problems": list(outcome.problems), "figures": figures}


def figures_of(part: Json) -> list[Figure]:
    names = ("way", "name", "value", "unit", "direct", "most")
    return [Figure(**{name: found[name] for name in names}) for found in part["figures"]]


def page(parts: Mapping[str, Json]) -> str:
    """docs/benchmarks.md."""
    return PAGE.format(example=next(iter(parts), "NAME"), parts="\n".join(section(*part) for part in parts.items()))


def section(name: str, part: Json) -> str:
    measured = f"`{name}`, {part['at']}, on {part['machine']}; load average {part['load']} before it."
    verdict = "\n".join(f"- does not hold: {problem}" for problem in problems(part))
    return "\n\n".join(filter(None, [f"## {part['title']}", measured, table(figures_of(part)), verdict])) + "\n"


def problems(part: Json) -> list[str]:
    """Everything that does not hold."""
    exceeded = [figure for figure in figures_of(part) if not figure.holds]
    return [*part["problems"], *(f"{f.way}, {f.name}: {_cell(f.value, f)} > {_cell(f.most, f)}" for f in exceeded)]


def table(figures: Sequence[Figure]) -> str:
    head = ["way", "figure", "measured", "direct", "×", "at most"]
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join([*map(str.ljust, row[:2], widths), *map(str.rjust, row[2:], widths[2:])]) for row in rows]
    border = "|".join(
        ["-" * (widths[0] + 2), "-" * (widths[1] + 2), *("-" * (width + 1) + ":" for width in widths[2:])]
    )
    return "\n".join([f"| {lines[0]} |", f"|{border}|", *(f"| {line} |" for line in lines[1:])])


def machine() -> str:
    """What the figures were measured on."""
    cpus = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    name = names[0] if names else platform.machine()
    return f"{os.cpu_count()} CPUs ({name}), {memory:.0f} GiB, {system}, Python {platform.python_version()}"


def _row(figure: Figure) -> list[str]:
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    return [
        figure.way,
        figure.name,
        _cell(figure.value, figure),
        _cell(figure.direct, figure),
        ratio,
        _cell(figure.most, figure),
    ]


def _cell(value: float | None, figure: Figure) -> str:
    if value is None or math.isnan(value):
        return ""
    digits = 2 if figure.unit in ("s", "CPUs") else 0
    return f"{value:,.{digits}f} {figure.unit}".strip()
