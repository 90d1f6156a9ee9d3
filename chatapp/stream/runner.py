"""Drives turns in this process: model calls, tool rounds, endings, an orderly stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from chatapp import config, metrics, providers
from chatapp.core import approvals, refusals, takeovers, titles, traces, turns
from chatapp.core.endings import Ending, Output
from chatapp.core.executors import Assignment
from chatapp.core.titles import Titler
from chatapp.core.traces import Trace
from chatapp.db import release
from chatapp.providers import ModelRequest, Provider, ProviderError, Trouble
from chatapp.stream import spans, workers
from chatapp.stream.answering import Answering
from chatapp.stream.hub import Hub
from chatapp.stream.log import Log
from chatapp.stream.relay import Relay
from chatapp.stream.runs import Run
from chatapp.stream.watching import Watch
from chatapp.stream.writer import Writer
from chatapp.tools.toolbox import Toolbox
from chatapp.values import Failure, FinishReason, TurnStatus

logger = structlog.get_logger(__name__)

Context = Callable[[], AbstractContextManager[Any]]
Store = Callable[[UUID, UUID, Ending, Output], bool]

INTERNAL = Failure("internal", "Something went wrong while answering. Please try again.", True)
STORE_PATIENCE = 60.0
LATE_TITLE = 15.0


class Runner:
    """The executor of this process. One background thread a turn; `watch` looks after them."""

    def __init__(self, log: Log, hub: Hub, context: Context) -> None:
        self.worker = workers.identity()
        self.accepts = True
        self.relay: Relay | None = None
        self._log = log
        self._hub = hub
        self._context = context
        self._writer = Writer(log, hub, context)
        self._threads: list[threading.Thread] = []
        self._runs: dict[UUID, Run] = {}
        self._idle = threading.Condition()
        self._stop = threading.Event()
        self.watch = Watch(self._runs, log, hub, context, self._stop)
        self._started = False
        self._starting = threading.Lock()

    def start(self) -> None:
        """Start the background threads, once; also ends what dead workers of this host have left."""
        with self._starting:
            if self._started:
                return
            self._started = True
        self._writer.start()
        if self.relay:
            self.relay.start()
        for name, loop in self.watch.loops().items():
            thread = threading.Thread(target=loop, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(self, assignment: Assignment) -> None:
        run = Run(assignment, self._hub.produce(assignment.turn_id, assignment.events))
        self._runs[run.turn_id] = run
        metrics.running.inc()
        self.start()
        try:
            threading.Thread(target=self._execute, args=(run,), name="turn", daemon=True).start()
        except RuntimeError:
            self._forget(run)  # out of threads: nobody renews the lease, so the turn will be ended as lost
            raise

    def flush(self) -> None:
        self._writer.flush()

    def stop(self, turn_id: UUID) -> None:
        run = self._runs.get(turn_id)
        if run:
            run.stop(None)

    def drain(self, grace: float) -> None:
        """Take no more turns; after `grace` seconds end what still runs as interrupted, keeping its text."""
        self.accepts = False
        with self._idle:
            self._idle.wait_for(lambda: not self._runs, timeout=grace)
        for run in list(self._runs.values()):
            run.stop(takeovers.WORKER_LOST)
        with self._idle:
            self._idle.wait_for(lambda: not self._runs, timeout=5)

    def close(self) -> None:
        """End everything and the background threads."""
        self.drain(0)
        self._stop.set()
        self._hub.look()
        if self.relay:
            self.relay.close()
        for thread in self._threads:
            thread.join(timeout=5)
        self._writer.stop()

    def _execute(self, run: Run) -> None:
        try:
            with self._context(), bound_contextvars(turn_id=str(run.turn_id)):
                self._answer(run)
        except Exception:
            logger.exception("turn.lost", turn_id=str(run.turn_id))
        finally:
            self._forget(run)

    def _forget(self, run: Run) -> None:
        if self._runs.get(run.turn_id) is run:  # what waited for a person may have gone on already
            self._runs.pop(run.turn_id)
            self._hub.hand_over(run.channel)  # what comes now, if anything, is stored by somebody else
        self._hub.leave(run.channel)
        metrics.running.dec()
        with self._idle:
            self._idle.notify_all()

    def _answer(self, run: Run) -> None:
        assignment = run.assignment
        recorder = self._writer.open(run.turn_id, assignment.events[-1].seq + 1, on_lost=lambda: run.let_go(self._hub))
        answering = Answering(
            run.turn_id,
            recorder,
            assignment.events,
            self._context,
            withheld=assignment.withheld,
            usage=assignment.usage,
            trace=Trace(self.worker, assignment.trace),
        )
        ending, titler = self._outcome(run, answering)
        title = self._title(run, titler, ending)
        unstored = self._writer.close(recorder)
        waits = answering.waits_for_approval and ending.status is TurnStatus.COMPLETED
        store = _pause if waits else turns.finish
        stored = not run.released and self._finish(run, store, ending, answering.output(unstored, title))
        if title and not stored:
            titles.store(assignment.thread_id, title)
        elif titler and not title:
            titler.finish(LATE_TITLE)
        if not stored:
            traces.hand_in(run.turn_id, answering.trace.as_json())
        spans.tell(run.turn_id, assignment.thread_id, answering.trace, ending if stored else None)

    def _outcome(self, run: Run, answering: Answering) -> tuple[Ending, Titler | None]:
        """Has the model answer: how that ended, and who looks for a name of the conversation meanwhile."""
        assignment = run.assignment
        titler = None
        try:
            request, provider = assignment.request(), providers.choose()
            release()
            if provider is None:
                raise ProviderError.of(Trouble.OTHER)
            if assignment.untitled and not assignment.refused:
                titler = Titler(provider, assignment.thread_id, assignment.untitled, self._context)
            run.answering = answering
            if run.failure or run.released:
                answering.close()
            reason = self._respond(assignment, answering, provider, request, titler)
            ending = Ending.completed(FinishReason.CONTENT_FILTER if assignment.refused else reason)
        except ProviderError as error:
            logger.info("turn.failed", turn_id=str(run.turn_id), code=error.failure.code, detail=error.detail)
            ending = Ending.failed(error.failure)
        except Exception:
            logger.exception("turn.failed", turn_id=str(run.turn_id))
            ending = Ending.failed(INTERNAL)
        return (Ending.failed(run.failure) if run.failure else ending), titler

    def _title(self, run: Run, titler: Titler | None, ending: Ending) -> titles.Attempt | None:
        """What there is to name the conversation when the answer ends."""
        assignment = run.assignment
        if titler and ending.status is TurnStatus.COMPLETED and not run.released:
            titler.start()  # an answer of tools alone has had no text to start it
            return titler.take(config.current().title_wait)
        if assignment.untitled and assignment.refused:
            return titles.Attempt(titles.opening(assignment.untitled))  # no model sees any of it
        return None

    def _respond(
        self,
        assignment: Assignment,
        answering: Answering,
        provider: Provider,
        request: ModelRequest | None,
        titler: Titler | None,
    ) -> FinishReason:
        if request is None:
            answering.recite(refusals.FIXED)
            return FinishReason.CONTENT_FILTER
        toolbox = Toolbox(
            assignment.asker,
            assignment.thread_id,
            assignment.turn_id,
            assignment.timezone,
            offers_all=provider.knows_all_tools,
        )
        release()
        system = f"{request.system}\n\n{toolbox.instructions}"
        request = replace(request, system=system, may_call=not assignment.refused)
        return answering.run(provider, request, toolbox, on_text=titler.start if titler else None)

    def _finish(self, run: Run, store: Store, ending: Ending, output: Output) -> bool:
        """Store the end of the turn, or that it waits; False when somebody else has done so before.

        A store that is away for a moment must not cost anybody the answer.
        """
        deadline = monotonic() + STORE_PATIENCE
        while True:
            try:
                stored = store(run.assignment.thread_id, run.turn_id, ending, output)
            except Exception:
                logger.exception("turn.finish_failed", turn_id=str(run.turn_id))
                release()
                if monotonic() > deadline or self._stop.wait(1.0):
                    raise
            else:
                release()
                return stored


def _pause(thread_id: UUID, turn_id: UUID, ending: Ending, output: Output) -> bool:
    """Stored in place of an ending when a person has to allow a call first."""
    return approvals.pause(thread_id, turn_id, output)
