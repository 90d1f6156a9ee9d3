"""The beat at which a process gathers text."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from chatapp import beats, config
from chatapp.config import Settings
from tests.servers import wait_until

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

    assert beats.until_next() == beats.interval() == 0.0


def test_what_was_read_at_a_beat_is_stored_right_after_it_and_not_a_beat_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "monotonic", lambda: 5 * USUAL + 0.0005)

    assert beats.until_next(0.002) == pytest.approx(0.0015)
    assert beats.until_next() == pytest.approx(USUAL - 0.0005)


@pytest.mark.parametrize("place", range(len(beats.ROUNDS)))
def test_each_beat_is_the_turn_of_as_many_answers(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    monkeypatch.setattr(beats, "_round", place)
    apart = beats.beats_apart()
    with waiting(range(2 * apart)) as read:
        turns = []
        for beat in range(1, apart + 1):
            assert beats.strike() == (beat < apart)  # whether somebody waits for a later one
            wait_until(lambda beat=beat: len(read) == 2 * beat)
            turns.append({number % apart for number in read[-2:]})

    assert sorted(turns, key=min) == [{number} for number in range(apart)]


def test_who_waits_when_the_conductor_stops_goes_on() -> None:
    stop, read = threading.Event(), []
    conductor = threading.Thread(target=beats.conduct, args=(stop,))
    conductor.start()
    wait_until(lambda: stop in beats._conductors)
    reader = threading.Thread(target=lambda: [beats.wait(0, beats.bell()), read.append(0)])
    reader.start()
    stop.set()
    reader.join(5)
    conductor.join(5)

    assert read == [0]
    assert stop not in beats._conductors
    assert not beats._waiting


def test_a_conductor_wakes_at_every_beat_who_waits() -> None:
    stop, news, before = threading.Event(), beats.bell(), beats._beat
    conductor = threading.Thread(target=beats.conduct, args=(stop,))
    conductor.start()
    wait_until(lambda: stop in beats._conductors)
    try:
        for number in range(3):
            beats.wait(number, news)
    finally:
        stop.set()
        conductor.join(5)

    assert beats._beat - before == 3
    assert not news.acquire(blocking=False)


def test_who_is_woken_in_the_moment_in_which_he_goes_on_waits_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    news = beats.bell()
    monkeypatch.setattr(beats, "sleep", lambda _seconds: beats.strike())

    beats.wait(0, news)

    assert not news.acquire(blocking=False)


def test_without_a_conductor_everybody_waits_for_the_beat() -> None:
    beats.wait(0, beats.bell())

    assert not beats._waiting


@contextmanager
def waiting(numbers: Iterable[int]) -> Iterator[list[int]]:
    """Threads that wait for the turn of these answers, once; the numbers of those that have gone on."""
    numbers, read = list(numbers), []
    silent = threading.Event()  # a conductor that never strikes by itself
    beats._conductors.append(silent)
    threads = [threading.Thread(target=lambda n=n: [beats.wait(n, beats.bell()), read.append(n)]) for n in numbers]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(beats._waiting) == len(numbers))
    try:
        yield read
    finally:
        beats._conductors.remove(silent)
        beats._wake(list(beats._waiting))
        for thread in threads:
            thread.join(5)
