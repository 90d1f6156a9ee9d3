"""Arithmetic and the time."""

from __future__ import annotations

from datetime import datetime

import pytest

from chatapp.errors import ToolRefused
from chatapp.tools import Call, built_in
from chatapp.tools.basics import evaluate
from tests.people import People

TOOLS = {tool.name: tool for tool in built_in()}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 1", 2),
        ("(17.5 * 12 + 3) / 4", 53.25),
        ("2 ** 10 % 1000", 24),
        ("-3 // 2", -2),
        ("3 × 4 ÷ 2 − 1", 5),
        ("2^3", 8),
        ("sqrt(2) ** 2", pytest.approx(2)),
        ("round(10 / 3, 2)", 3.33),
        ("max(1, 2, 3) - min(4, 5)", -1),
        ("2 * pi", pytest.approx(6.283185307)),
    ],
)
def test_arithmetic(expression: str, value: float) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1 +",
        "__import__('os').getcwd()",
        "open('x')",
        "().__class__",
        "[1, 2]",
        "'a' * 3",
        "True + 1",
        "1 if 1 else 2",
        "x",
        "1 / 0",
        "9 ** 9 ** 9",
        "10 ** 400",
        "(-1) ** 0.5",
        "log(0)",
        "round(1, ndigits=2)",
        "(" * 300 + "1" + ")" * 300,
        "-" * 500 + "1",
        "exp(1000)",
        "1j",
    ],
)
def test_what_is_no_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(ToolRefused):
        evaluate(expression)


def test_a_result_is_told_and_given(people: People) -> None:
    result = TOOLS["calculate"].run(Call(people.ana.user, {"expression": "2 * 3.5"}))
    assert (result.summary, result.data) == ("2 * 3.5 = 7", {"result": 7})


def test_numbers_beyond_what_json_readers_keep_are_text(people: People) -> None:
    result = TOOLS["calculate"].run(Call(people.ana.user, {"expression": "2 ** 64"}))
    assert result.data == {"result": str(2**64)}


def test_the_time_is_the_person_s_unless_another_zone_is_named(people: People) -> None:
    run = TOOLS["current_time"].run
    own = run(Call(people.ana.user, {}, timezone="Asia/Tokyo"))
    other = run(Call(people.ana.user, {"timezone": "America/New_York"}, timezone="Asia/Tokyo"))
    assert own.data["timezone"] == "Asia/Tokyo"
    assert (
        datetime.fromisoformat(own.data["time"]).utcoffset() != datetime.fromisoformat(other.data["time"]).utcoffset()
    )
    with pytest.raises(ToolRefused, match="Mars/Base"):
        run(Call(people.ana.user, {"timezone": "Mars/Base"}))
