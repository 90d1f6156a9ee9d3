"""The process-wide writer: merges the deltas of all running turns, numbers them, stores them in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from time import monotonic, sleep
from typing import Any, TypeVar
from uuid import UUID

import structlog

from chatapp import beats, metrics
from chatapp.db import release
from chatapp.stream.hub import Hub
from chatapp.stream.log import Log, Portion
from chatapp.values import Event, Usage

logger = structlog.get_logger(__name__)

RETRY_PAUSE = 0.25
T = TypeVar("T")
Block = tuple[str, str]  # the kind of its pieces and its name
LAG = 0.002  # seconds after a beat: first those who read from models do their part


class Recorder:
    """Takes down what one turn produces. Used by its runner; emptied by the writer.

    The two share nothing but lists, to one end of which is added and from the other end of which is taken: that needs
    no lock, which every piece of every answer would take.
    """

    def __init__(self, writer: Writer, turn_id: UUID, next_seq: int, on_lost: Callable[[], None]) -> None:
        self.turn_id = turn_id
        self.on_lost = on_lost
        self.is_dirty = False  # the writer knows that there is something
        self.is_closed = False
        self._writer = writer
        self._next = next_seq
        self._block: Block | None = None  # to which the last piece belongs
        self._noted: list[tuple[Block | None, str, Mapping[str, Any]]] = []  # a piece of a block, or an event
        self._unstored: list[Event] = []
        self._usage: tuple[Usage, str] | None = None
        self._stored_usage: Usage | None = None

    @property
    def last_seq(self) -> int:
        """The highest number given so far."""
        return self._next - 1

    def delta(self, type: str, block: str, text: str) -> None:
        """Text for a block: merged with its neighbours until the next flush. The first of a block goes at once."""
        before, self._block = self._block, (type, block)
        self._noted.append((self._block, text, {}))
        self._writer.note(self, urgent=before != self._block)

    def event(self, data: Mapping[str, Any]) -> None:
        self._block = None
        self._noted.append((None, "", data))
        self._writer.note(self, urgent=False)

    def usage(self, usage: Usage, model: str) -> None:
        self._usage = (usage, model)
        self._writer.note(self, urgent=False)

    def portion(self) -> Portion:
        """Everything that is not stored yet, numbered. One thread at a time."""
        for block, items in groupby(_emptied(self._noted), itemgetter(0)):
            if block is None:
                self._number(*(data for _, _, data in items))
            else:
                self._number(_delta(block, "".join(text for _, text, _ in items)))
        usage, model = self._usage or (None, None)
        return Portion(self.turn_id, tuple(self._unstored), None if usage is self._stored_usage else usage, model)

    def stored(self, portion: Portion) -> None:
        del self._unstored[: len(portion.events)]
        self._stored_usage = portion.usage or self._stored_usage

    def _number(self, *told: Mapping[str, Any]) -> None:
        for data in told:
            self._unstored.append(Event.of(self._next, data))
            self._next += 1


class Writer:
    """One thread a process. `flush` may be called from any thread."""

    def __init__(self, log: Log, hub: Hub, context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._log = log
        self._hub = hub
        self._context = context
        self._dirty: list[Recorder] = []
        self._hurried: list[Recorder] = []  # those of the dirty ones that must not wait for the beat
        self._flushing = threading.Lock()
        self._pending = threading.Event()
        self._stop = threading.Event()
        self._is_started = False
        self._thread = threading.Thread(target=self._loop, name="log-writer", daemon=True)

    def start(self) -> None:
        self._is_started = True
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._pending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def open(self, turn_id: UUID, next_seq: int, on_lost: Callable[[], None]) -> Recorder:
        return Recorder(self, turn_id, next_seq, on_lost)

    def note(self, recorder: Recorder, *, urgent: bool) -> None:
        """Something of the recorder has to be stored: first it takes that down, then it asks for this.

        What is urgent whoever brings it stores himself: another thread would have to be waited for.
        """
        if not recorder.is_dirty:
            recorder.is_dirty = True
            self._dirty.append(recorder)
        if not self._pending.is_set():
            self._pending.set()
        if urgent:
            self._hurried.append(recorder)
            if self._is_started:
                self._try_to_flush(hurried_only=True)

    def close(self, recorder: Recorder) -> Sequence[Event]:
        """The recorder's events that are not stored yet. They are the caller's to store, and nothing else of it is.

        Waits for a flush under way: what it carries is in the store before the caller goes on.
        """
        with self._flushing:
            recorder.is_closed = True
            recorder.on_lost = _nothing  # breaks the circle of recorder, run and answering: it is freed by counting
            return recorder.portion().events

    def flush(self, hurried_only: bool = False) -> None:
        """Store what is pending. Raises what the store raises; then everything is still pending."""
        with self._flushing:
            recorders = self._take(hurried_only)
            carried = [(recorder, recorder.portion()) for recorder in recorders if not recorder.is_closed]
            carried = [(recorder, portion) for recorder, portion in carried if portion.events or portion.usage]
            if not carried:
                return
            began = monotonic()
            try:
                lost = self._log.append([portion for _, portion in carried])
            except BaseException:
                self._dirty.extend(recorders)
                raise
            metrics.appends.observe(monotonic() - began)
            for recorder, portion in carried:
                self._settle(recorder, portion, lost)

    def _take(self, hurried_only: bool) -> Iterable[Recorder]:
        taken = _emptied(self._hurried)
        if not hurried_only:
            taken += _emptied(self._dirty)
            for recorder in taken:
                recorder.is_dirty = False  # whatever comes from now on is noted anew
        return dict.fromkeys(taken)

    def _settle(self, recorder: Recorder, portion: Portion, lost: set[UUID]) -> None:
        if portion.turn_id in lost:
            recorder.on_lost()
            return
        recorder.stored(portion)
        self._hub.publish(portion.turn_id, portion.events)

    def _loop(self) -> None:
        """Everything, on the beat."""
        while not self._stop.is_set():
            self._pending.wait()
            beat = monotonic() + beats.until_next(LAG)
            self._stop.wait(beat - monotonic())
            sleep(0)  # those who were woken at the beat come before us, however many they are
            if (late := monotonic() - beat) >= 0:
                beats.came(late)
            self._pending.clear()
            with self._context():
                is_stored = self._try_to_flush()
                release()
            metrics.queue.set(len(self._dirty))
            metrics.beat.set(beats.interval())
            if not is_stored:
                self._stop.wait(RETRY_PAUSE)

    def _try_to_flush(self, hurried_only: bool = False) -> bool:
        """False where the store will not have it: then it is for the next beat."""
        try:
            self.flush(hurried_only)
        except Exception:
            logger.exception("log.append_failed")
            self._pending.set()
            return False
        return True


def _delta(block: Block, text: str) -> Mapping[str, Any]:
    kind, name = block
    if kind == "tool-input-delta":
        return {"type": kind, "toolCallId": name, "inputTextDelta": text}
    return {"type": kind, "id": name, "delta": text}


def _emptied(waiting: list[T]) -> list[T]:
    """What was in it. Others may add to it meanwhile."""
    taken = waiting[:]
    del waiting[: len(taken)]
    return taken


def _nothing() -> None:
    """Nobody is told."""
