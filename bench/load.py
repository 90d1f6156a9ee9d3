"""Measures the product under load: many concurrent answers, compared with the model server asked directly.

Prints tables and leaves the figures in artifacts/bench.json. The exit status is 1 when an answer failed, the server's
log tells of an error, or more time was added to the first token than the bound allows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from bench.processes import Pace
from bench.report import as_json, failures, tables
from bench.runs import WAYS, Plan, measure
from tests.servers import ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    plan = _plan(options)
    results = measure(plan)
    print(tables(results))
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_bytes(orjson.dumps(as_json(results), option=orjson.OPT_INDENT_2))
    problems = failures(results)
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--streams", type=_numbers, default=[1, 100], help="concurrent streams, as in 1,50,200,500")
    parser.add_argument("--quick", action="store_const", const=[1, 10], dest="streams", help="with fewer streams")
    parser.add_argument("--ways", type=_ways, default=list(WAYS), help=f"some of {','.join(WAYS)}")
    parser.add_argument("--rounds", type=int, default=3, help="questions of each client")
    parser.add_argument("--tokens", type=int, default=200, help="tokens of an answer")
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second")
    parser.add_argument("--first", type=float, default=0.05, help="seconds before the first token")
    parser.add_argument("--ramp", type=float, help="seconds over which clients start; default: an answer's length")
    parser.add_argument("--bound", type=float, default=100.0, help="milliseconds that may be added to the first token")
    parser.add_argument("--json", type=Path, default=ROOT / "artifacts" / "bench.json", help="where the figures go")
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    pace = Pace(options.tokens, options.rate, options.first)
    ramp = pace.length if options.ramp is None else options.ramp
    return Plan(options.streams, options.ways, options.rounds, pace, ramp, options.bound)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _ways(text: str) -> list[str]:
    ways = text.split(",")
    if unknown := set(ways) - set(WAYS):
        raise argparse.ArgumentTypeError(f"no such way: {', '.join(unknown)}")
    return ways


if __name__ == "__main__":
    sys.exit(main())
