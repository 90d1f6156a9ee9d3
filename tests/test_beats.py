"""The beat at which a process gathers text."""

from __future__ import annotations

import pytest

from chatapp import beats, config
from chatapp.config import Settings

USUAL = 0.05


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_current", Settings(merge_interval=USUAL))
    monkeypatch.setattr(beats, "_late", 0.0)


def read(answers: float, beats_many: int = 200) -> None:
    """Beats of a process that needs so many seconds to read all of its answers."""
    for _ in range(beats_many):
        beats.came(answers / beats.beats_apart())


@pytest.mark.parametrize(("work", "apart"), [(0.0, 1), (0.012, 1), (0.02, 2), (0.024, 2), (0.03, 4), (10.0, 4)])
def test_the_more_there_is_to_read_the_longer_each_answer_waits(work: float, apart: int) -> None:
    read(work)

    assert beats.beats_apart() == apart
    assert beats.interval() == USUAL * apart


def test_a_single_delay_changes_nothing() -> None:
    read(0.001)
    read(0.1, 1)

    assert beats.beats_apart() == 1


def test_it_is_quick_again_when_there_is_less_to_do() -> None:
    read(10.0)
    read(0.001)

    assert beats.beats_apart() == 1


def test_nothing_is_gathered_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_current", Settings(merge_interval=0.0))
    read(10.0)

    assert beats.until_next() == beats.until_turn_of(3) == beats.interval() == 0.0


@pytest.mark.parametrize("moment", [0.0, 70_000.012, 1_234_567.199])
@pytest.mark.parametrize(("work", "apart"), [(0.0, 1), (0.02, 2), (10.0, 4)])
def test_each_beat_is_the_turn_of_as_many_answers(
    monkeypatch: pytest.MonkeyPatch, moment: float, work: float, apart: int
) -> None:
    read(work)
    monkeypatch.setattr(beats, "monotonic", lambda: moment)

    waits = [beats.until_turn_of(number) for number in range(apart)]

    assert all(0 < wait <= USUAL * apart + 1e-9 for wait in waits)
    assert [beats.until_turn_of(number + apart) for number in range(apart)] == waits
    for later, wait in enumerate(sorted(waits)):
        assert wait == pytest.approx(beats.until_next() + later * USUAL, abs=1e-6)
