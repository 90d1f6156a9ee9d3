"""The suite keeps what it has measured, says what does not hold, and the model of capacity counts with it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench import capacity, measured, suite
from bench.capacity import EVERYWHERE, OFFICE, Costs, People, Trace, simulate
from bench.host_parts import faults
from bench.measured import Figure, Outcome
from bench.parts_of_profile import PARTS, parts
from tests.servers import ROOT

CONDITIONS = {"at": "2026-01-01 10:00 UTC", "machine": "a machine", "load": 0.1, "seconds": 9}
COSTS = Costs({"NDJSON": 100.0, "SSE": 90.0, "page": 150.0}, 120.0, 40.0, 260.0, 90.0, 250.0)
FEW = People(users=20_000)


def part(*figures: Figure, problems: tuple[str, ...] = ()) -> measured.Json:
    return measured.as_json("A part", Outcome(figures, problems), CONDITIONS)


def test_a_figure_is_shown_with_its_ratio_and_what_has_to_hold() -> None:
    shown = measured.section("one", part(Figure("SSE", "CPU", 120.0, "µs", direct=40.0, most=100.0)))
    assert "| SSE | CPU    |   120 µs |  40 µs | 3.00 |  100 µs |" in shown
    assert "- does not hold: SSE, CPU: 120 µs > 100 µs" in shown
    assert "`one`, 2026-01-01 10:00 UTC, on a machine; load average 0.1 before it." in shown


def test_what_holds_is_no_problem() -> None:
    assert measured.problems(part(Figure("SSE", "CPU", 100.0, most=100.0), Figure("SSE", "bytes", 5.0))) == []
    assert measured.problems(part(problems=("database is locked",))) == ["database is locked"]


def test_each_part_is_kept_until_it_is_measured_again(tmp_path: Path) -> None:
    first, last = list(suite.PARTS)[0], list(suite.PARTS)[-1]
    for name, value in ((last, 1.0), (first, 2.0), (last, 3.0)):
        suite.keep(name, part(Figure("SSE", "CPU", value)), tmp_path)
    kept = json.loads((tmp_path / "benchmarks.json").read_text())
    assert [(name, found["figures"][0]["value"]) for name, found in kept.items()] == [(first, 2.0), (last, 3.0)]
    page = (tmp_path / "benchmarks.md").read_text()
    assert page.index(f"\n`{first}`, ") < page.index(f"\n`{last}`, ")


def test_every_part_has_a_name_and_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(suite.PARTS)
    assert any(line.startswith("streams-200") and "200 answers at once" in line for line in lines)


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        ([1, 2, 3], {}),
        ([1, 2, 2, 3], {"duplicated": 1}),
        ([1, 2, 4], {"missing": 1}),
        ([1, 3, 2], {"reordered": 1}),
        ([], {}),
    ],
)
def test_events_are_told_once_and_in_order(numbers: list[int], wrong: dict[str, int]) -> None:
    assert +faults(numbers) == wrong


@pytest.mark.parametrize("hours", [EVERYWHERE, OFFICE], ids=["everywhere", "office"])
def test_a_simulated_day_obeys_littles_law(hours: tuple[int, ...]) -> None:
    day = simulate(FEW, Trace("a day", hours))
    asked = FEW.users * FEW.questions
    assert day.questions == pytest.approx(asked, rel=0.02)
    assert day.tokens / day.questions == pytest.approx(FEW.tokens, rel=0.02)
    lasts = FEW.first + FEW.tokens / FEW.rate
    assert day.mean_answers == pytest.approx(asked / capacity.SECONDS * lasts, rel=0.03)
    assert day.peak_answers > day.mean_answers
    assert simulate(FEW, Trace("a day", hours)) == day


def test_a_rush_makes_the_peak_and_not_the_day() -> None:
    calm, rushed = (simulate(FEW, Trace("a day", OFFICE, rush)) for rush in (0.0, 0.05))
    assert rushed.questions == pytest.approx(calm.questions, rel=0.02)
    assert rushed.peak_answers > 2 * calm.peak_answers


def test_dearer_tokens_need_more_hosts_and_the_scarcest_comes_first() -> None:
    day = simulate(replace(FEW, users=200_000), Trace("a day", OFFICE))
    assert capacity.hosts_for(day, 5_000.0) > capacity.hosts_for(day, 100.0) > 1
    found = capacity.resources(day, COSTS, 4)
    assert [r.share for r in found] == sorted((r.share for r in found), reverse=True)


def test_the_tables_are_made_of_what_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "benchmarks.json"
    few = ["--users", "2000", "--figures", str(figures)]
    assert capacity.main(few) == 1
    assert "not measured yet" in capsys.readouterr().err
    stores = ("PostgreSQL transactions per answer", "PostgreSQL rows written per answer", "Redis commands per answer")
    cpu = [Figure(way, "server CPU per token", 90.0, "µs") for way in ("NDJSON", "SSE", "page")]
    for name, found in {
        "streams-200": part(*cpu, Figure("SSE", "server memory per stream", 100.0, "KiB")),
        "redis": part(*(Figure("SSE", store, 50.0) for store in stores)),
        "two-hosts": part(Figure("SSE", "server CPU per token", 180.0, "µs")),
    }.items():
        suite.keep(name, found, tmp_path)
    assert capacity.main(few) == 0
    told = capsys.readouterr().out
    assert "| SSE | 90 µs |" in told
    assert "the first to break" in told
    assert "A token costs 180 µs, 2.0 times" in told


def test_a_profile_is_summed_up_by_what_the_time_went_into() -> None:
    stacks = [
        "run;chatapp/stream/runner.py:Runner._answer;chatapp/core/turns.py:finish;sqlite 3",
        "run;chatapp/stream/writer.py:Writer._loop;sqlite 2",
        "gunicorn;nothing that is known 1",
    ]
    assert parts(stacks) == {"ending turns": 3, "storing and telling events": 2, "the rest": 1}


def places() -> Iterator[str]:
    """Every function of the product, as a profile names it."""
    for path in (ROOT / "chatapp").rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            for inner in getattr(node, "body", []) if isinstance(node, ast.ClassDef | ast.Module) else []:
                if isinstance(inner, ast.FunctionDef):
                    owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                    yield f"{path.relative_to(ROOT)}:{owner}{inner.name}"


def test_every_sign_of_a_part_of_a_profile_is_a_place_in_the_product() -> None:
    of_libraries = {"Flask.wsgi_app", "GeventWorker.handle", "gevent/hub.py", "gevent/greenlet.py"}
    ours = list(places())
    signs = {sign for _, signs in PARTS for sign in signs} - of_libraries
    assert {sign for sign in signs if not any(sign in place for place in ours)} == set()
