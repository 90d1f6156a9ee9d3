"""Channels: fed in order from wherever the events come, and never a reader that waits for what cannot come."""

from __future__ import annotations

import threading
import weakref
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from chatapp.beats import bell
from chatapp.stream.follow import follow
from chatapp.stream.hub import KEPT, TICK, Channel, Hub
from chatapp.values import Event
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import ask, events_of, read_on


def deltas(*numbers: int) -> list[Event]:
    return [Event.of(n, {"type": "text-delta", "id": "t", "delta": f"{n} "}) for n in numbers]


LAST = Event.of(4, {"type": "abort"})


def test_a_channel_gives_each_event_once_and_in_order() -> None:
    channel = Channel(uuid4(), 0)
    assert channel.publish(deltas(1, 2))
    assert channel.publish(deltas(1, 2, 3))
    assert channel.publish(deltas(2))
    assert [e.seq for e in channel.read(0, 0)] == [1, 2, 3]
    assert [e.seq for e in channel.read(2, 0)] == [3]


def test_a_channel_refuses_what_leaves_a_gap() -> None:
    channel = Channel(uuid4(), 0)
    assert channel.publish(deltas(1))
    assert not channel.publish(deltas(3))
    assert [e.seq for e in channel.read(0, 0)] == [1]


def test_a_waiting_reader_is_woken_by_news() -> None:
    channel = Channel(uuid4(), 0)
    got: list[Event] = []
    reader = threading.Thread(target=lambda: got.extend(channel.read(0, 10)))
    reader.start()
    channel.publish(deltas(1))
    reader.join(5)
    assert [e.seq for e in got] == [1]


class Late:
    """A bell that rings in the moment in which its owner gives up waiting."""

    def __init__(self, channel: Channel) -> None:
        self.lock = bell()
        self.release = self.lock.release
        self._channel = channel
        self._waits = 0

    def acquire(self, timeout: float = -1) -> bool:
        self._waits += 1
        if self._waits > 1:
            return self.lock.acquire(timeout=timeout)
        self._channel.wake()
        return False


def test_who_is_woken_in_the_moment_in_which_he_gives_up_waits_the_next_time() -> None:
    channel = Channel(uuid4(), 0)
    news: Any = Late(channel)

    assert channel.read(0, 10, news) == []

    assert not news.lock.acquire(blocking=False)


def test_who_waits_long_is_woken_by_the_clock_of_the_hub_and_without_it_alone() -> None:
    hub, stop = Hub(), threading.Event()
    channel = hub.join(uuid4(), 0)
    clock = threading.Thread(target=hub.keep_time, args=(stop,), daemon=True)
    clock.start()
    wait_until(lambda: channel.is_timed)
    began = monotonic()
    assert channel.read(0, TICK * 1.1) == []
    assert TICK * 1.1 <= monotonic() - began < 5

    watched = weakref.ref(channel)
    reader = threading.Thread(target=channel.read, args=(0, 2.0))
    reader.start()
    reader.join(5)
    assert not reader.is_alive()
    hub.leave(channel)
    del channel
    wait_until(lambda: watched() is None)  # the clock has looked at it, and keeps it no longer

    channel = hub.join(uuid4(), 0)
    reader = threading.Thread(target=channel.read, args=(0, 2.0))
    reader.start()
    stop.set()
    clock.join(5)
    assert not channel.is_timed
    assert not hub.join(uuid4(), 0).is_timed
    reader.join(5)
    assert not reader.is_alive()


def test_nothing_is_waited_for_after_the_last_event() -> None:
    channel = Channel(uuid4(), 0)
    channel.publish([*deltas(1, 2, 3), LAST])
    began = monotonic()
    assert channel.read(4, 30) == []
    assert monotonic() - began < 5


@pytest.mark.usefixtures("app")
def test_a_turn_that_does_not_exist_ends_at_once() -> None:
    with follow(uuid4()) as follower:
        assert follower.read(30) == []
        assert follower.ended


def test_61_beyond_the_end_of_a_finished_turn_there_is_nothing(people: People) -> None:
    turn = ask(people.ana, "hello").turn
    last = len(events_of(turn))
    for position in (last, last + 1000):
        assert events_of(turn, after=position) == []


def test_61_the_end_is_the_end_while_another_reader_is_still_there(people: People) -> None:
    turn = ask(people.ana, "hello").turn
    with follow(turn.id) as slow:
        wait_until(lambda: slow.read(1) and slow.ended)
        for position in (slow.position, slow.position + 1000):
            assert events_of(turn, after=position) == []


def test_a_reader_ahead_of_a_running_turn_waits_for_what_comes(people: People) -> None:
    turn = ask(people.ana, "/slow 20").turn
    with follow(turn.id, after=10) as follower:
        events = read_on(follower)
    assert events[0].seq == 11
    assert [e.json for e in events] == [e.json for e in events_of(turn)[10:]]


def test_what_the_only_reader_has_got_is_let_go_of() -> None:
    channel = Channel(uuid4(), 0)
    channel.users = 1
    channel.publish(deltas(1, 2, 3))
    assert [e.seq for e in channel.read(2, 0)] == [3]
    channel.publish(deltas(4))
    assert [e.seq for e in channel.events] == [3, 4]
    assert channel.read(1, 0) == []


def test_of_many_events_at_once_the_latest_are_held() -> None:
    channel = Channel(uuid4(), 0)
    channel.publish(deltas(*range(1, KEPT + 10)))
    assert [e.seq for e in channel.events] == list(range(10, KEPT + 10))
    assert channel.read(9, 0) == channel.events


def test_what_one_of_two_readers_has_got_is_kept_for_the_other() -> None:
    channel = Channel(uuid4(), 0)
    channel.users = 2
    channel.publish(deltas(1, 2, 3))
    assert channel.read(3, 0) == []
    assert [e.seq for e in channel.read(0, 0)] == [1, 2, 3]


def test_of_an_answer_that_nobody_reads_the_latest_events_are_held() -> None:
    channel = Channel(uuid4(), 0)
    for number in range(1, 2 * KEPT):
        channel.publish(deltas(number))
    assert len(channel.events) == KEPT
    assert channel.last == 2 * KEPT - 1


def test_a_reader_who_comes_later_is_told_what_was_let_go_of(people: People) -> None:
    turn = ask(people.ana, "/slow 30").turn
    with follow(turn.id) as first:
        wait_until(lambda: first.read(1) and first.position > 8)
        with follow(turn.id) as second:
            events = read_on(second)
        assert [e.seq for e in events] == list(range(1, events[-1].seq + 1))
    assert [e.json for e in events] == [e.json for e in events_of(turn)]


def test_what_was_looked_up_for_one_of_several_readers_is_there_for_the_others(people: People) -> None:
    turn = ask(people.ana, "/slow 30").turn
    with follow(turn.id) as first:
        wait_until(lambda: first.read(1) and first.position > 8)
        with follow(turn.id) as second:
            assert second.reads_store
            second.read(1)
            with follow(turn.id) as third:
                assert not third.reads_store
                assert [e.seq for e in read_on(third)] == [e.seq for e in events_of(turn)]


def test_what_is_held_again_leaves_no_gap_and_is_not_held_for_one_reader_alone() -> None:
    channel = Channel(uuid4(), 0)
    channel.users = 1
    channel.publish(deltas(*range(1, 21)))
    channel.read(10, 0)
    channel.publish(deltas(21))
    channel.hold_again(deltas(9, 10))
    assert channel.base == 10
    channel.users = 2
    channel.hold_again(deltas(1, 2))
    assert channel.base == 10
    channel.hold_again(deltas(*range(8, 13)))
    assert [e.seq for e in channel.read(7, 0)] == list(range(8, 22))


def test_no_more_is_held_again_than_is_held_of_an_answer() -> None:
    channel = Channel(uuid4(), 0)
    channel.users = 2
    for number in range(1, KEPT + 2):
        channel.publish(deltas(number))
    channel.hold_again(deltas(1))
    assert (channel.base, len(channel.events)) == (1, KEPT)


def test_a_reader_who_has_fallen_behind_is_told_everything(people: People) -> None:
    turn = ask(people.ana, "/slow 30").turn
    with follow(turn.id) as slow:
        events = slow.read(10)
        with follow(turn.id) as fast:
            wait_until(lambda: fast.read(1) and fast.position > slow.position)
            wait_until(lambda: fast.read(1))  # who asks for more has got what was there
        wait_until(lambda: slow.reads_store)  # nothing is kept for somebody who is so far behind
        events += read_on(slow)
    assert [e.seq for e in events] == list(range(1, events[-1].seq + 1))
    assert events[-1].is_last
