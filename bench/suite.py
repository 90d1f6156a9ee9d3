"""Everything that is promised about speed, part by part; none takes more than five minutes, but for the largest lists.

Leaves the figures in docs/benchmarks.json and the document made of them beside it. The exit status is 1 when something
did not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bench import host_parts, list_parts, profile_parts, start_parts, stream_parts
from bench.measured import Json, as_json, machine, page, problems, section
from tests.servers import ROOT

PARTS = {
    **start_parts.PARTS,
    **stream_parts.PARTS,
    **host_parts.PARTS,
    **list_parts.PARTS,
    **profile_parts.PARTS,
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"{name:14} {part.title}" for name, part in PARTS.items()))
        return 0
    failed = False
    for name in options.only or PARTS:
        part = _measured(name, quick=options.quick)
        print(section(name, part), flush=True)
        failed = failed or bool(problems(part))
        keep(name, part, options.folder)
    return int(failed)


def keep(name: str, part: Json, folder: Path) -> None:
    """The newest figures of every part, in the order of the suite."""
    file = folder / "benchmarks.json"
    known = orjson.loads(file.read_bytes()) if file.exists() else {}
    known[name] = part
    ordered = {each: known[each] for each in PARTS if each in known}
    folder.mkdir(exist_ok=True)
    file.write_bytes(orjson.dumps(ordered, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    (folder / "benchmarks.md").write_text(page(ordered))


def _measured(name: str, *, quick: bool) -> Json:
    part = PARTS[name].quick() if quick else PARTS[name]
    load, began = os.getloadavg()[0], time.monotonic()
    outcome = part()
    conditions = {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "load": round(load, 2),
        "seconds": round(time.monotonic() - began),
    }
    return as_json(part.title, outcome, conditions)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.suite", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="NAME", help="these parts alone")
    parser.add_argument("--list", action="store_true", help="the names of the parts")
    parser.add_argument("--quick", action="store_true", help="as little of each as shows that it works")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs", help="where the figures go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
