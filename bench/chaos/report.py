"""The table of faults, and docs/faults.md around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.chaos.oracle import Verdict
from bench.measured import machine

PAGE = """# Faults

Written by `python -m bench.chaos --write`; `make chaos` prints the same and fails when a line is red. {date}, on
{machine}.

A site runs as an operator runs it: gunicorn with gevent workers, on SQLite with one worker, on PostgreSQL and Redis
with two. {people} people ask without pause, a local Messages server answers; what breaks is read on from where it
broke, as browsers do. In the middle of their answers something is broken, and mended after some seconds. Then an
oracle looks at every question that the server had accepted (with status 200):

- it is in its thread, once, in the order of asking, with its answer or a failure that has a code;
- no turn is active any more, at the latest when the lease of a dead process is over (here {lease:g} s and a look of
  the reaper);
- its reader was given every event once, in order, by the grammar, and the same bytes as whoever reads it again;
- a new question in each of the threads is answered.

What *costs nothing* must moreover end no answer as failed. The clock that jumps is the server's (`time.time` and the
time of all that is stored), not the database's. The full disk is a file system in memory, which takes root.

{table}
{problems}"""


@dataclass(frozen=True)
class Row:
    fault: str
    database: str
    free: bool
    verdict: Verdict
    note: str


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    head = ["fault", "on", "accepted", "ended as", "refused meanwhile", "", "verdict"]
    body = [[*_cells(row)] for row in rows]
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *body]
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)


def page(rows: Sequence[Row], people: int, lease: float) -> str:
    """docs/faults.md."""
    found = problems(rows)
    return PAGE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        people=people,
        lease=lease,
        table=table(rows),
        problems="\n" + "\n".join(f"- {problem}" for problem in found) + "\n" if found else "",
    )


def problems(rows: Sequence[Row]) -> list[str]:
    return [f"{row.fault}, {row.database}: {problem}" for row in rows for problem in row.verdict.problems]


def _cells(row: Row) -> list[str]:
    verdict = row.verdict
    name = f"{row.fault} (costs nothing)" if row.free else row.fault
    refused = sum(verdict.refused.values())
    colour = "green" if verdict.is_green else f"**RED** ({len(verdict.problems)})"
    return [name, row.database, str(verdict.accepted), _counted(verdict.outcomes), str(refused), row.note, colour]


def _counted(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
