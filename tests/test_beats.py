"""The beat at which a process gathers text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatapp import beats, config
from chatapp.config import Settings

USUAL = 0.05


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(config, "_current", Settings(merge_interval=USUAL))
    monkeypatch.setattr(beats, "_late", 0.0)
    yield


def come(late: float, times: int = 100) -> None:
    for _ in range(times):
        beats.came(late)


def test_a_process_that_keeps_up_keeps_the_usual_beat() -> None:
    come(0.01)

    assert beats.interval() == USUAL


def test_one_that_does_not_takes_longer_ones_up_to_a_limit() -> None:
    come(0.02)
    assert beats.interval() == 2 * USUAL
    come(0.03)
    assert beats.interval() == 4 * USUAL
    come(10.0)
    assert beats.interval() == 4 * USUAL


def test_a_single_delay_changes_nothing() -> None:
    come(0.001)
    come(0.1, times=1)

    assert beats.interval() == USUAL


def test_it_is_quick_again_when_there_is_less_to_do() -> None:
    come(10.0)
    come(0.001, times=100)

    assert beats.interval() == USUAL


def test_nothing_is_gathered_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_current", Settings(merge_interval=0.0))
    come(10.0)

    assert beats.until_next() == 0.0


@pytest.mark.parametrize("moment", [0.0, 70_000.012, 1_234_567.199])
def test_the_longer_beats_are_beats_of_the_shorter_ones(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr(beats, "monotonic", lambda: moment)
    come(10.0)
    long = beats.until_next()
    come(0.0)
    short = beats.until_next()

    assert 0 < short <= USUAL
    assert (long - short) / USUAL == pytest.approx(round((long - short) / USUAL), abs=1e-6)
