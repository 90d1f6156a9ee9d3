"""Charts: heights, tops that are easy to read, words."""

from __future__ import annotations

import pytest

from chatapp.web.admin.charts import Series, chart


@pytest.mark.parametrize(
    ("peak", "top"),
    [(0, "1"), (1, "1"), (3, "5"), (10, "10"), (11, "20"), (99, "100"), (4_000_001, "5,000,000"), (0.3, "0")],
)
def test_the_top_is_a_round_number_above_the_peak(peak: float, top: str) -> None:
    assert chart("k", "T", ["a"], [Series("One", "one", [peak])]).top == top


def test_bars_stand_on_top_of_each_other() -> None:
    [first, second] = chart(
        "k", "T", ["a", "b"], [Series("One", "one", [6, 0]), Series("Two", "two", [2, None])]
    ).columns
    assert [(bar.y, bar.height, bar.look) for bar in first.bars] == [(400, 600, "one"), (200, 200, "two")]
    assert (first.words, second.words, second.bars) == ("a: one 6, two 2", "b: one 0", [])


def test_bars_stand_before_each_other() -> None:
    [column] = chart(
        "k", "T", ["a"], [Series("Most", "two", [8]), Series("Half", "one", [4])], "{:.1f} s".format, stacked=False
    ).columns
    assert [(bar.y, bar.height) for bar in column.bars] == [(200, 800), (600, 400)]
    assert column.words == "a: most 8.0 s, half 4.0 s"


def test_nothing_at_all_is_empty() -> None:
    assert chart("k", "T", ["a"], [Series("One", "one", [0])]).is_empty
    assert chart("k", "T", ["a"], [Series("One", "one", [None])]).columns[0].words == "a: nothing"


def test_a_small_value_is_still_seen() -> None:
    [column] = chart("k", "T", ["a"], [Series("One", "one", [1_000_000]), Series("Two", "bad", [1])]).columns
    assert [bar.height for bar in column.bars] == [500, 1]
