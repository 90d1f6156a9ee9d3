"""What the soak concludes from the minutes it has seen."""

from __future__ import annotations

import pytest

from bench.soak import Soaked


def test_the_slope_is_that_of_the_time_after_the_warm_up() -> None:
    assert Soaked(minutes=[100.0, 150.0, *([200.0] * 8)]).slope == 0
    assert Soaked(minutes=[100.0, 300.0, *(200.0 + minute for minute in range(8))]).slope == pytest.approx(60)
    assert Soaked(minutes=[500.0, 500.0, *(200.0 - 2 * minute for minute in range(8))]).slope == pytest.approx(-120)


def test_too_little_says_nothing() -> None:
    assert Soaked().slope == Soaked(minutes=[100.0]).slope == 0
