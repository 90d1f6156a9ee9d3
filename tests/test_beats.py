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
    monkeypatch.setattr(beats, "_round", 0)


def come(late: float, times: int = 100) -> None:
    for _ in range(times):
        beats.came(late)


def process(work: float, times: int = 400) -> set[int]:
    """Beats of a process that is late by so many seconds when it reads all answers at each; how far apart, at last."""
    seen = []
    for _ in range(times):
        beats.came(work / beats.beats_apart())
        seen.append(beats.beats_apart())
    return set(seen[times // 2 :])


@pytest.mark.parametrize(("work", "apart"), [(0.0, 1), (0.02, 1), (0.03, 2), (0.045, 2), (0.06, 4), (10.0, 4)])
def test_a_process_with_more_to_do_reads_each_answer_less_often(work: float, apart: int) -> None:
    assert process(work) == {apart}
    assert beats.interval() == USUAL * apart


def test_a_single_delay_changes_nothing() -> None:
    come(0.001)
    come(0.2, times=1)

    assert beats.beats_apart() == 1


def test_it_is_quick_again_when_there_is_less_to_do() -> None:
    come(10.0)
    come(0.001)

    assert beats.beats_apart() == 1


def test_nothing_is_gathered_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_current", Settings(merge_interval=0.0))
    come(10.0)

    assert beats.until_next() == beats.until_turn_of(3) == beats.interval() == 0.0


def test_what_was_read_at_a_beat_is_stored_right_after_it_and_not_a_beat_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "monotonic", lambda: 5 * USUAL + 0.0005)

    assert beats.until_next(0.002) == pytest.approx(0.0015)
    assert beats.until_next() == pytest.approx(USUAL - 0.0005)


@pytest.mark.parametrize("moment", [0.0, 70_000.012, 1_234_567.199])
@pytest.mark.parametrize("place", range(len(beats.ROUNDS)))
def test_each_beat_is_the_turn_of_as_many_answers(monkeypatch: pytest.MonkeyPatch, moment: float, place: int) -> None:
    monkeypatch.setattr(beats, "_round", place)
    monkeypatch.setattr(beats, "monotonic", lambda: moment)
    apart = beats.beats_apart()

    waits = [beats.until_turn_of(number) for number in range(apart)]

    assert all(0 < wait <= USUAL * apart + 1e-9 for wait in waits)
    assert [beats.until_turn_of(number + apart) for number in range(apart)] == waits
    for later, wait in enumerate(sorted(waits)):
        assert wait == pytest.approx(beats.until_next() + later * USUAL, abs=1e-6)
