"""The writer: pieces merged, numbered without gaps, stored before anybody sees them, never lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.ctx import AppContext
from prometheus_client import REGISTRY

from chatapp import config
from chatapp.config import Settings
from chatapp.db import db
from chatapp.stream.hub import Hub
from chatapp.stream.log import Portion
from chatapp.stream.writer import Recorder, Writer
from chatapp.values import Event, Usage
from tests.servers import wait_until


class Memory:
    """A log in memory that fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.events: dict[UUID, list[Event]] = {}
        self.usages: list[Usage] = []
        self.ended: set[UUID] = set()
        self.failures = failures
        self.transactions = 0

    def append(self, portions: Sequence[Portion]) -> set[UUID]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the store is away")
        self.transactions += 1
        lost = {p.turn_id for p in portions} & self.ended
        for portion in portions:
            if portion.turn_id not in lost:
                self.events.setdefault(portion.turn_id, []).extend(portion.events)
                self.usages += [portion.usage] if portion.usage else []
        return lost

    def add(self, turn_id: UUID, events: Sequence[Event]) -> None:
        self.events.setdefault(turn_id, []).extend(events)

    def read(self, turn_id: UUID, after: int = 0) -> list[Event]:
        return [event for event in self.events.get(turn_id, []) if event.seq > after]

    def read_many(self, positions: Mapping[UUID, int]) -> dict[UUID, list[Event]]:
        return {turn: events for turn, seq in positions.items() if (events := self.read(turn, seq))}


@pytest.fixture
def merge_every(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time over which deltas are merged."""
    return lambda seconds: monkeypatch.setattr(config, "_current", Settings(merge_interval=seconds))


@pytest.fixture
def store() -> Memory:
    return Memory()


@pytest.fixture(scope="module")
def context() -> Callable[[], AppContext]:
    """Of an application that has nothing but a database it never uses."""
    app = Flask("writer")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(app)
    return app.app_context


@pytest.fixture
def writer(store: Memory, context: Callable[[], AppContext]) -> Writer:
    """Not started: it stores when it is told to."""
    return Writer(store, Hub(), context)


def open_turn(writer: Writer, next_seq: int = 3) -> Recorder:
    return writer.open(uuid4(), next_seq, on_lost=lambda: None)


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.data["delta"] for event in events if event.type == "text-delta")


def check_numbers(events: Sequence[Event], first: int = 3) -> None:
    assert [event.seq for event in events] == list(range(first, first + len(events)))


def test_neighbouring_deltas_become_one_event(store: Memory, writer: Writer) -> None:
    recorder = open_turn(writer)
    recorder.event({"type": "text-start", "id": "t"})
    for piece in ("one ", "two ", "three"):
        recorder.delta("text-delta", "t", piece)
    recorder.event({"type": "text-end", "id": "t"})
    writer.flush()
    events = store.events[recorder.turn_id]
    assert [e.data.get("delta") for e in events] == [None, "one two three", None]
    check_numbers(events)


def test_deltas_of_two_blocks_are_kept_apart_and_in_order(store: Memory, writer: Writer) -> None:
    recorder = open_turn(writer)
    for kind, block, piece in [
        ("text-delta", "a", "1"),
        ("text-delta", "b", "2"),
        ("reasoning-delta", "b", "3"),
        ("text-delta", "b", "4"),
        ("tool-input-delta", "call", "{}"),
    ]:
        recorder.delta(kind, block, piece)
    writer.flush()
    assert [dict(e.data) for e in store.events[recorder.turn_id]] == [
        {"type": "text-delta", "id": "a", "delta": "1"},
        {"type": "text-delta", "id": "b", "delta": "2"},
        {"type": "reasoning-delta", "id": "b", "delta": "3"},
        {"type": "text-delta", "id": "b", "delta": "4"},
        {"type": "tool-input-delta", "toolCallId": "call", "inputTextDelta": "{}"},
    ]


def test_nothing_to_store_is_no_transaction(store: Memory, writer: Writer) -> None:
    writer.flush()
    recorder = open_turn(writer)
    recorder.delta("text-delta", "t", "x")
    writer.flush()
    writer.flush()
    assert store.transactions == 1


def test_all_turns_are_stored_in_one_transaction(store: Memory, writer: Writer) -> None:
    recorders = [open_turn(writer) for _ in range(50)]
    for recorder in recorders:
        recorder.delta("text-delta", "t", "x")
    writer.flush()
    assert store.transactions == 1
    assert len(store.events) == 50


def test_a_store_that_is_away_twice_loses_nothing(store: Memory, writer: Writer) -> None:
    store.failures = 2
    recorder = open_turn(writer)
    for piece in ("one ", "two ", "three "):
        recorder.delta("text-delta", "t", piece)
        recorder.usage(Usage(1, len(piece)), "m")
        if store.failures:
            with pytest.raises(ConnectionError):
                writer.flush()
    writer.flush()
    events = store.events[recorder.turn_id]
    assert text_of(events) == "one two three "
    check_numbers(events)
    assert store.usages == [Usage(1, 6)]


def test_what_is_not_stored_yet_is_given_to_whoever_closes(store: Memory, writer: Writer) -> None:
    recorder = open_turn(writer)
    recorder.delta("text-delta", "t", "stored ")
    writer.flush()
    recorder.delta("text-delta", "t", "pending")
    unstored = writer.close(recorder)
    assert text_of(unstored) == "pending"
    writer.flush()
    check_numbers([*store.events[recorder.turn_id], *unstored])
    assert recorder.last_seq == 4


def test_a_turn_that_was_ended_elsewhere_is_let_go(store: Memory, writer: Writer) -> None:
    lost: list[str] = []
    gone = writer.open(uuid4(), 3, on_lost=lambda: lost.append("gone"))
    other = open_turn(writer)
    store.ended.add(gone.turn_id)
    for recorder in (gone, other):
        recorder.delta("text-delta", "t", "x")
    writer.flush()
    assert lost == ["gone"]
    assert list(store.events) == [other.turn_id]


def test_a_reader_is_told_only_of_what_is_stored(store: Memory, context: Callable[[], AppContext]) -> None:
    hub = Hub()
    writer = Writer(store, hub, context)
    recorder = writer.open(uuid4(), 1, on_lost=lambda: None)
    channel = hub.produce(recorder.turn_id, [])
    recorder.delta("text-delta", "t", "x")
    store.failures = 1
    with pytest.raises(ConnectionError):
        writer.flush()
    assert channel.read(0, 0) == []
    writer.flush()
    assert channel.read(0, 0) == store.events[recorder.turn_id]


def test_the_first_delta_goes_at_once_and_the_rest_is_merged(
    store: Memory, writer: Writer, merge_every: Callable[[float], None]
) -> None:
    merge_every(60.0)
    recorder = open_turn(writer)
    writer.start()
    recorder.delta("text-delta", "t", "first ")
    wait_until(lambda: text_of(store.read(recorder.turn_id)) == "first ")
    for number in range(50):
        recorder.delta("text-delta", "t", f"{number} ")
        threading.Event().wait(0.002)  # the pace of a model: the writer has the time to do the wrong thing
    assert len(store.events[recorder.turn_id]) == 1
    unstored = writer.close(recorder)
    assert len(unstored) == 1
    check_numbers([*store.events[recorder.turn_id], *unstored])
    writer.stop()


def test_many_small_deltas_become_far_fewer_events(
    store: Memory, writer: Writer, merge_every: Callable[[float], None]
) -> None:
    merge_every(0.02)
    recorder = open_turn(writer)
    writer.start()
    pieces = [f"{number} " for number in range(3000)]
    for piece in pieces:
        recorder.delta("text-delta", "t", piece)
    unstored = writer.close(recorder)
    writer.stop()
    events = [*store.read(recorder.turn_id), *unstored]
    assert text_of(events) == "".join(pieces)
    check_numbers(events)
    assert len(events) < len(pieces) / 10


def test_the_writer_tries_again_by_itself(store: Memory, writer: Writer) -> None:
    store.failures = 2
    recorder = open_turn(writer)
    recorder.delta("text-delta", "t", "kept")
    writer.start()
    wait_until(lambda: text_of(store.read(recorder.turn_id)) == "kept")
    writer.stop()


def test_what_cannot_be_stored_shows_in_the_metrics(store: Memory, writer: Writer) -> None:
    store.failures = 10**6
    recorder = writer.open(uuid4(), 1, on_lost=lambda: None)
    writer.start()
    try:
        recorder.event({"type": "start-step"})
        wait_until(lambda: REGISTRY.get_sample_value("chatapp_log_queue") == 1)
        store.failures = 0
        wait_until(lambda: REGISTRY.get_sample_value("chatapp_log_queue") == 0)
        assert len(store.events[recorder.turn_id]) == 1
    finally:
        writer.stop()


def test_any_number_of_turns_and_flushes_at_once_keep_every_piece(
    store: Memory, writer: Writer, merge_every: Callable[[float], None]
) -> None:
    merge_every(0.001)
    store.failures = 3
    writer.start()
    recorders = [open_turn(writer) for _ in range(8)]
    rest: dict[UUID, Sequence[Event]] = {}

    def run(recorder: Recorder) -> None:
        for number in range(300):
            recorder.delta("text-delta", f"t{number // 50}", f"{number} ")
        rest[recorder.turn_id] = writer.close(recorder)

    threads = [threading.Thread(target=run, args=[recorder]) for recorder in recorders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    writer.stop()
    for recorder in recorders:
        events = [*store.read(recorder.turn_id), *rest[recorder.turn_id]]
        check_numbers(events)
        assert text_of(events) == "".join(f"{number} " for number in range(300))
