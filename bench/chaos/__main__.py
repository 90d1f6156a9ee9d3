"""Breaks a running installation and judges what became of it. Exit status 1 when a fault has cost more than it may."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.chaos import oracle
from bench.chaos.faults import BOTH, FAULTS, Fault, Scene
from bench.chaos.report import Row, page, problems, table
from bench.chaos.site import LEASE_EXPIRY, REAPING, Site, running
from bench.chaos.traffic import Crowd
from tests.servers import ROOT

PEOPLE = 6
AFTERWARDS = 1.5  # seconds that people go on talking when all is mended
PATIENCE = LEASE_EXPIRY + REAPING + 3


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    wanted = [fault for fault in FAULTS if options.only in fault.name]
    databases = options.databases.split(",")
    with ThreadPoolExecutor(len(databases)) as pool:
        rows = [row for rows in pool.map(lambda database: run(database, wanted), databases) for row in rows]
    print(table(rows))
    if options.write:
        (ROOT / "docs" / "faults.md").write_text(page(rows, PEOPLE, LEASE_EXPIRY))
    found = problems(rows)
    for problem in found:
        print(f"RED: {problem}", file=sys.stderr)
    return 1 if found else 0


def run(database: str, faults: Sequence[Fault]) -> list[Row]:
    """Every fault that this installation can have, one after the other on the same one."""
    with running(database, PEOPLE) as (site, tokens):
        return [_row(fault, site, tokens) for fault in faults if database in fault.databases]


def _row(fault: Fault, site: Site, tokens: Sequence[str]) -> Row:
    if fault.needs_disk and not site.has_own_disk:
        return Row(fault.name, site.database, fault.free, oracle.Verdict(problems=["not tried: needs root"]), "")
    began, note, verdict = time.monotonic(), "", oracle.Verdict()
    try:
        note, verdict = _tried(fault, site, tokens)
    except Exception as error:  # noqa: BLE001 - whatever it is, this line is red and the next fault is tried
        verdict.problems.append(f"{type(error).__name__}: {error}")
    print(f"{fault.name}, {site.database}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return Row(fault.name, site.database, fault.free, verdict, note)


def _tried(fault: Fault, site: Site, tokens: Sequence[str]) -> tuple[str, oracle.Verdict]:
    crowd = Crowd(site.app.url, tokens, fault.script)
    crowd.start()
    try:
        crowd.wait_for_text()
        note = fault.inject(Scene(site, crowd, tokens))
        time.sleep(AFTERWARDS)
    finally:
        crowd.finish()
    database = site.app.environ.get("DATABASE_URL") or f"sqlite:///{site.disk / 'chatapp.db'}"
    verdict = oracle.judge(site.app.url, database, crowd, PATIENCE)
    if fault.free and (costs := verdict.outcomes - Counter(completed=verdict.outcomes["completed"])):
        verdict.problems.append(f"it cost answers: {dict(costs)}")
    return note, verdict


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--databases", default=",".join(BOTH), help=f"some of {','.join(BOTH)}")
    parser.add_argument("--only", default="", help="the faults whose names have this in them")
    parser.add_argument("--write", action="store_true", help="write docs/faults.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
