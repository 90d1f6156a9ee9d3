"""The process-wide writer: merges the deltas of all running turns, numbers them, stores them in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any
from uuid import UUID

import structlog

from chatapp import beats, metrics
from chatapp.db import release
from chatapp.stream.hub import Hub
from chatapp.stream.log import Log, Portion
from chatapp.values import Event, Usage

logger = structlog.get_logger(__name__)

RETRY_PAUSE = 0.25
LAG = 0.002  # seconds after a beat: first those who read from models do their part


class Recorder:
    """Takes down what one turn produces. Used by its runner; emptied by the writer."""

    def __init__(self, writer: Writer, turn_id: UUID, next_seq: int, on_lost: Callable[[], None]) -> None:
        self.turn_id = turn_id
        self.on_lost = on_lost
        self._writer = writer
        self._next = next_seq
        self._outbox: list[Event] = []
        self._delta_key: tuple[str, str] | None = None
        self._delta: list[str] = []
        self._usage: Usage | None = None
        self._model: str | None = None
        self._lock = threading.Lock()

    @property
    def last_seq(self) -> int:
        """The highest number given so far."""
        return self._next - 1

    def delta(self, type: str, block: str, text: str) -> None:
        """Text for a block: merged with its neighbours until the next flush. The first of a block goes at once."""
        key = (type, block)
        with self._lock:
            first = self._delta_key != key
            if first:
                self._settle()
                self._delta_key = key
            self._delta.append(text)
        self._writer.note(self, urgent=first)

    def event(self, data: Mapping[str, Any]) -> None:
        with self._lock:
            self._settle()
            self._number(data)
        self._writer.note(self, urgent=False)

    def usage(self, usage: Usage, model: str) -> None:
        with self._lock:
            self._usage, self._model = usage, model
        self._writer.note(self, urgent=False)

    def portion(self) -> Portion:
        """Everything that is not stored yet, numbered."""
        with self._lock:
            self._settle(keep_open=True)
            return Portion(self.turn_id, tuple(self._outbox), self._usage, self._model)

    def stored(self, portion: Portion) -> None:
        with self._lock:
            del self._outbox[: len(portion.events)]
            if self._usage is portion.usage:
                self._usage = None

    def _settle(self, keep_open: bool = False) -> None:
        if self._delta and self._delta_key:
            type, block = self._delta_key
            key = "inputTextDelta" if type == "tool-input-delta" else "delta"
            id_key = "toolCallId" if type == "tool-input-delta" else "id"
            self._number({"type": type, id_key: block, key: "".join(self._delta)})
            self._delta = []
        if not keep_open:
            self._delta_key = None

    def _number(self, data: Mapping[str, Any]) -> None:
        self._outbox.append(Event.of(self._next, data))
        self._next += 1


class Writer:
    """One thread a process. `flush` may be called from any thread."""

    def __init__(self, log: Log, hub: Hub, context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._log = log
        self._hub = hub
        self._context = context
        self._dirty: dict[UUID, Recorder] = {}
        self._hurried: dict[UUID, Recorder] = {}  # those of the dirty ones that must not wait for the beat
        self._dirty_lock = threading.Lock()
        self._flushing = threading.Lock()
        self._pending = threading.Event()
        self._urgent = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="log-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._urgent.set()
        self._pending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def open(self, turn_id: UUID, next_seq: int, on_lost: Callable[[], None]) -> Recorder:
        return Recorder(self, turn_id, next_seq, on_lost)

    def note(self, recorder: Recorder, *, urgent: bool) -> None:
        with self._dirty_lock:
            self._dirty[recorder.turn_id] = recorder
            if urgent:
                self._hurried[recorder.turn_id] = recorder
        self._pending.set()
        if urgent:
            self._urgent.set()

    def close(self, recorder: Recorder) -> Sequence[Event]:
        """The recorder's events that are not stored yet. They are the caller's to store, and nothing else of it is.

        Waits for a flush under way: what it carries is in the store before the caller goes on.
        """
        with self._flushing:
            with self._dirty_lock:
                self._dirty.pop(recorder.turn_id, None)
                self._hurried.pop(recorder.turn_id, None)
            recorder.on_lost = _nothing  # breaks the circle of recorder, run and answering: it is freed by counting
            return recorder.portion().events

    def flush(self, hurried_only: bool = False) -> None:
        """Store what is pending. Raises what the store raises; then everything is still pending."""
        with self._flushing:
            recorders = self._take(hurried_only)
            portions = [recorder.portion() for recorder in recorders.values()]
            portions = [p for p in portions if p.events or p.usage]
            if not portions:
                return
            began = monotonic()
            try:
                lost = self._log.append(portions)
            except BaseException:
                with self._dirty_lock:
                    self._dirty = recorders | self._dirty
                raise
            metrics.appends.observe(monotonic() - began)
            for portion in portions:
                self._settle(recorders[portion.turn_id], portion, lost)

    def _take(self, hurried_only: bool) -> dict[UUID, Recorder]:
        with self._dirty_lock:
            recorders, self._hurried = self._hurried, {}
            if not hurried_only:
                recorders, self._dirty = self._dirty, {}
            for turn_id in recorders:
                self._dirty.pop(turn_id, None)
        return recorders

    def _settle(self, recorder: Recorder, portion: Portion, lost: set[UUID]) -> None:
        if portion.turn_id in lost:
            recorder.on_lost()
            return
        recorder.stored(portion)
        self._hub.publish(portion.turn_id, portion.events)

    def _loop(self) -> None:
        """Everything on the beat; between two beats only what must not wait."""
        beat = 0.0
        while not self._stop.is_set():
            self._pending.wait()
            self._urgent.clear()
            between = monotonic() < beat
            if not between:
                self._pending.clear()
                beat = monotonic() + beats.until_next() + LAG
            try:
                with self._context():
                    self.flush(hurried_only=between)
                    release()
            except Exception:
                logger.exception("log.append_failed")
                self._pending.set()
                self._stop.wait(RETRY_PAUSE)
            metrics.queue.set(len(self._dirty))
            metrics.beat.set(beats.interval())
            self._urgent.wait(max(0.0, beat - monotonic()))
            if (late := monotonic() - beat) >= 0:
                beats.came(late)


def _nothing() -> None:
    """Nobody is told."""
