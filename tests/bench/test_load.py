"""The benchmark tells what it is given: a tiny run of it, and what makes it fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench import load
from bench.clients import Answer, Direct, Shown
from bench.figures import Figures, Result, Usage, figures, percentile
from bench.hosts import errors_in
from bench.http_client import Chunks, Frames
from bench.messages_script import Script
from bench.messages_server import MessagesServer
from bench.processes import Pace
from bench.report import as_json, failures, tables
from bench.runs import Load, Plan

PACE = Pace(tokens=5, rate=100.0, first=0.05)
PLAN = Plan(streams=[2], ways=[], rounds=2, pace=PACE, ramp=0.0, bound=100.0)
GOOD = Figures(4, 0, 2, 55.0, 60.0, 100.0, 110.0, 5.0, 40.0, 20.0, 12.0, 900.0, 4, 0, 0.0)


def ask_directly(script: Script) -> tuple[list[Answer], Figures]:
    with MessagesServer(script) as server:
        answers = asyncio.run(Load(Direct(server.url), 2, PLAN).run())
        asked = [request.as_json() for request in server.requests]
    return answers, figures(answers, 2, PACE, Usage(1.0, 4096, 0.0), asked)


def run(way: str, measured: Figures, reasons: Sequence[str] = (), log: Sequence[str] = ()) -> Result:
    return Result(way, 2, measured, reasons, log, None if way == "direct" else 100.0)


@pytest.mark.timeout(300)
def test_a_tiny_run_measures_the_product_every_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wish = ["--streams", "2", "--rounds", "1", "--tokens", "5", "--ways", "SSE,page", "--json"]

    assert load.main([*wish, str(tmp_path / "bench.json")]) == 0, capsys.readouterr()
    runs = {run["way"]: run for run in json.loads((tmp_path / "bench.json").read_text())}
    assert list(runs) == ["direct", "SSE", "page"]
    assert [run["figures"]["answers"] for run in runs.values()] == [2, 2, 2]
    assert [run["figures"]["titles"] for run in runs.values()] == [0, 2, 2]
    assert runs["SSE"]["figures"]["cpu_per_token"] > 0
    assert "| added to the first token, p95 |" in capsys.readouterr().out


def test_every_token_is_timed_from_the_question_on() -> None:
    answers, measured = ask_directly(Script(tokens=5, first=0.05, rate=100))

    assert [len(answer.arrivals) for answer in answers] == [5] * 4
    assert all(answer.arrivals == sorted(answer.arrivals) for answer in answers)
    assert measured.first_p50 >= 50
    assert measured.total_p50 >= 90
    assert measured.late_p95 >= 0
    assert (measured.answers, measured.failures, measured.model_calls, measured.at_once) == (4, 0, 4, 2)
    assert (measured.cpu_per_token, measured.memory_per_stream) == (50_000, 2)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Script(tokens=5, trouble="cut", after=2), "closed before the end"),
        (Script(tokens=4), "4 of 5 tokens arrived"),
        (Script(status=529), "status 529"),
    ],
)
def test_an_answer_that_is_not_whole_has_failed(script: Script, why: str) -> None:
    answers, measured = ask_directly(script)

    assert measured.failures == 4
    assert all(why in answer.failure for answer in answers)


def test_a_good_run_has_no_problems() -> None:
    results = [run("direct", GOOD), run("NDJSON", replace(GOOD, first_p95=160.0, titles=4))]

    assert failures(results) == []
    assert as_json(results)[1]["added"]["first_p95"] == 100.0
    assert as_json(results)[1]["ratios"]["cpu_per_token"] == 1.0
    assert "160 ms | 2.67 |" in tables(results)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (run("page", replace(GOOD, first_p95=161.0)), "101 ms added to the first token"),
        (run("page", replace(GOOD, first_p95=float("nan"))), "nan ms added to the first token"),
        (run("page", GOOD, reasons=["status 500", "status 500"]), "2 × status 500"),
        (run("page", GOOD, log=["database is locked"]), "1 × database is locked"),
        (run("page", replace(GOOD, model_calls=5)), "asked 5 times for 4 answers"),
    ],
)
def test_what_makes_the_benchmark_fail(bad: Result, problem: str) -> None:
    (told,) = failures([run("direct", GOOD), bad])

    assert told.startswith("page, 2 streams: ")
    assert problem in told


def test_errors_are_found_in_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("started\nsqlite3.OperationalError: database is locked\n[error] turn.lost\nterrors of the deep\n")

    assert errors_in(log) == ["sqlite3.OperationalError: database is locked", "[error] turn.lost"]


@pytest.mark.parametrize("cut", range(1, 17))
def test_chunks_and_frames_may_be_cut_anywhere(cut: int) -> None:
    body = b"4\r\na\n\nb\r\n3\r\n\n\nc\r\n0\r\n\r\n"
    chunks, frames = Chunks(), Frames(b"\n\n")

    found = [frame for part in (body[:cut], body[cut:]) for frame in frames.feed(chunks.feed(part))]
    assert found == [b"a", b"b"]
    assert chunks.ended


def test_operations_of_a_growing_page_are_counted() -> None:
    shown = Shown()

    assert shown.apply([{"open": "<div></div>"}, {"tail": "<p>one <em>two"}]) == 6
    assert shown.apply([{"tail": "three", "keep": 11}]) == 8
    assert shown.apply([{"tail": "<p>one two</p>", "keep": 0, "settle": True}, {"tail": "<p>four"}]) == 10


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0
