"""What the benchmark tells: tables with the ratio to the direct run, the same as JSON, and the page in docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.figures import Result

DIRECT = "direct"


@dataclass(frozen=True)
class Row:
    """A figure in the table, or by how much it is higher than in the direct run."""

    title: str
    name: str
    unit: str = ""
    digits: int = 0
    added: bool = False
    counted: bool = False

    @property
    def has_ratio(self) -> bool:
        return not (self.added or self.counted)


ROWS = (
    Row("answers", "answers", counted=True),
    Row("failed", "failures", counted=True),
    Row("most at once", "at_once", counted=True),
    Row("first token, p50", "first_p50", "ms"),
    Row("first token, p95", "first_p95", "ms"),
    Row("added to the first token, p95", "first_p95", "ms", added=True),
    Row("whole answer, p50", "total_p50", "ms"),
    Row("whole answer, p95", "total_p95", "ms"),
    Row("lateness of tokens, p95", "late_p95", "ms"),
    Row("added to the lateness, p95", "late_p95", "ms", added=True),
    Row("server CPU per token", "cpu_per_token", "µs"),
    Row("server memory per stream", "memory_per_stream", "KiB"),
    Row("frames per answer", "frames"),
    Row("bytes per answer", "bytes"),
    Row("calls for answers", "model_calls", counted=True),
    Row("calls for titles", "titles", counted=True),
    Row("other load", "other_cpu", "CPUs", digits=2, counted=True),
)


def tables(results: Sequence[Result]) -> str:
    """A Markdown table for each number of streams."""
    return "\n\n".join(_table(direct, others) for direct, others in _grouped(results))


def failures(results: Sequence[Result]) -> list[str]:
    """Why the benchmark has failed; nothing when it has not."""
    runs = [(run, direct) for direct, others in _grouped(results) for run in (direct, *others)]
    return [problem for run, direct in runs for problem in run.problems(direct)]


def as_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Every run with what it adds to the direct one and its ratios to it."""
    return [_json(run, direct) for direct, others in _grouped(results) for run in (direct, *others)]


def _grouped(results: Sequence[Result]) -> list[tuple[Result, list[Result]]]:
    """Each direct run with the others of as many streams."""
    directs = [result for result in results if result.way == DIRECT]
    return [(d, [r for r in results if r is not d and r.streams == d.streams]) for d in directs]


def _table(direct: Result, others: Sequence[Result]) -> str:
    head = ["", DIRECT, *(cell for other in others for cell in (other.way, "×"))]
    rows = [head, *(_line(row, direct, others) for row in ROWS)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *rest = (_aligned(row, widths) for row in rows)
    border = "|".join(["", "-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:]), ""])
    return "\n".join([f"## {direct.streams} at once", "", first, border, *rest])


def _line(row: Row, direct: Result, others: Sequence[Result]) -> list[str]:
    base = getattr(direct.figures, row.name)
    cells = [row.title, "" if row.added else _cell(row, base)]
    for other in others:
        value = other.added(direct, row.name) if row.added else getattr(other.figures, row.name)
        cells += [_cell(row, value), f"{value / base:.2f}" if row.has_ratio and base else ""]
    return cells


def _cell(row: Row, value: float) -> str:
    return f"{value:,.{row.digits}f} {row.unit}".strip()


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])]
    return f"| {' | '.join(padded)} |"


def _json(run: Result, direct: Result) -> dict[str, Any]:
    values, bases = asdict(run.figures), asdict(direct.figures)
    compared = [row.name for row in ROWS if row.has_ratio and bases[row.name]]
    return {
        "way": run.way,
        "streams": run.streams,
        "figures": values,
        "added": {row.name: run.added(direct, row.name) for row in ROWS if row.added},
        "ratios": {name: values[name] / bases[name] for name in compared},
        "problems": run.problems(direct),
    }
