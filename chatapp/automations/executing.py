"""Runs executed step by step without any model (turns-api 5.4).

Any number of processes may execute. A run belongs to one of them from its claim until it ends or waits at a gate; who
has lost it (its lease is void, its process is dead) stores nothing any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import or_, select

from chatapp import config, tools
from chatapp.automations import progress
from chatapp.automations.crystallizing import GATE
from chatapp.automations.progress import UNDER_WAY
from chatapp.core.snapshots import time_json
from chatapp.db import now, release, session, transaction
from chatapp.models import AutomationRun, User
from chatapp.stream import workers
from chatapp.tools.toolbox import Batch, Prepared, Toolbox
from chatapp.values import Json, ResultType

Context = Callable[[], AbstractContextManager[Any]]

logger = structlog.get_logger(__name__)

LOOK_EVERY = 2.0  # seconds


def work(context: Context, stop: threading.Event | None = None) -> threading.Thread:
    """Execute what is due in the background, as long as the process lives or until `stop` is set.

    Then a step that is under way is finished, and its run is left to other processes. `progress.wake` makes it quick.
    """
    ending = stop or threading.Event()
    thread = threading.Thread(target=_work, args=(context, ending), name="automations", daemon=True)
    thread.start()
    return thread


def run_due(worker: str, context: Context, stop: threading.Event | None = None) -> int:
    """Execute every run that is due as far as it goes, or until `stop` is set; how many that were."""
    ending = stop or threading.Event()
    _reject_forgotten()
    count = 0
    while not ending.is_set() and (run_id := _claim(worker)):
        _execute(worker, run_id, context, ending)
        count += 1
    return count


def _claim(worker: str) -> UUID | None:
    """A run that is due and that nobody executes is this worker's now."""
    lapsed = now() - timedelta(seconds=config.current().lease_expiry)
    under_way = AutomationRun.status.in_(UNDER_WAY)
    holders = select(AutomationRun.worker).where(under_way, AutomationRun.worker.is_not(None)).distinct()
    dead = workers.dead_among(filter(None, session.scalars(holders).all()))
    free = or_(AutomationRun.worker.is_(None), AutomationRun.renewed_at < lapsed, AutomationRun.worker.in_(dead))
    due = select(AutomationRun).where(under_way, free)
    if session.scalar(due.with_only_columns(AutomationRun.id).limit(1)) is None:
        return None
    with transaction():
        oldest = due.order_by(AutomationRun.created, AutomationRun.id).limit(1)
        run = session.scalar(oldest.with_for_update(skip_locked=True).execution_options(populate_existing=True))
        if run is None:
            return None
        run.worker, run.renewed_at = worker, now()
        run.status, run.started_at = "running", run.started_at or now()
        return run.id


def _execute(worker: str, run_id: UUID, context: Context, ending: threading.Event) -> None:
    """Step after step, until the run ends, waits at a gate, or is somebody else's."""
    while True:
        with transaction():
            run = session.get(AutomationRun, run_id, with_for_update=True, populate_existing=True)
            if run is None or run.worker != worker or run.status != "running":
                return
            if ending.is_set():
                run.worker = None
                return
            run.renewed_at = now()
            index = _next(run)
            if index is None or not _begin(run, index):
                return
            step, user_id = deepcopy(run.steps[index]), run.user_id
        release()
        outcome = _call(user_id, step, context)
        with transaction():
            run = session.get(AutomationRun, run_id, with_for_update=True, populate_existing=True)
            if run is None or run.worker != worker or run.status != "running":
                return
            progress.note(run, index, completedAt=time_json(now()), **outcome)
            if outcome["status"] == "failed":
                progress.end(run, "failed", outcome["error"])
                return


def _next(run: AutomationRun) -> int | None:
    """The step that is to be done; none ends the run. One that a dead worker began is done again."""
    for index, step in enumerate(run.steps):
        if step["status"] != "completed":
            return index
    progress.end(run, "completed")
    return None


def _begin(run: AutomationRun, index: int) -> bool:
    """False where a person has to decide first, or where something is missing."""
    step = run.steps[index]
    if step["kind"] == GATE:
        progress.note(run, index, status="awaiting_approval", startedAt=time_json(now()))
        run.status, run.worker, run.modified = "awaiting_approval", None, now()
        return False
    progress.note(run, index, status="running", startedAt=time_json(now()))
    return True


def _call(user_id: UUID, step: Json, context: Context) -> Json:
    """What becomes of a step: its status with output or error."""
    if step["needsInput"]:
        return _failed("input_required", "A value has to be given for this step.")
    user = session.get_one(User, user_id)
    if not user.is_active:
        return _failed("account_disabled", "The account is disabled.")
    tool = tools.permitted(user).get(step["kind"])
    if tool is None:
        return _failed("tool_unavailable", f"There is no tool {step['kind']} for you any more.")
    if tool.needs_thread:
        return _failed("thread_required", "This tool can only be used in a conversation.")
    batch = Batch(Toolbox(user), [Prepared(step["key"], tool, step["inputs"], needs_approval=False)], context)
    release()
    [(_, result)] = batch.results()
    if result.type is ResultType.ERROR:
        return _failed("tool_failed", result.summary)
    if result.type is ResultType.VALIDATION_ERROR:
        return {**_failed("tool_failed", result.summary), "output": result.as_json()}
    return {"status": "completed", "output": result.as_json()}


def _failed(code: str, message: str) -> Json:
    return {"status": "failed", "error": {"code": code, "message": message}}


def _reject_forgotten() -> None:
    deadline = now() - timedelta(seconds=config.current().gate_wait)
    waiting = (AutomationRun.status == "awaiting_approval") & (AutomationRun.modified < deadline)
    for run_id in session.scalars(select(AutomationRun.id).where(waiting)).all():
        with transaction():
            run = session.get_one(AutomationRun, run_id, with_for_update=True, populate_existing=True)
            if run.status == "awaiting_approval":
                progress.pass_gate(run, False, "Nobody decided in time.", None)


def _work(context: Context, ending: threading.Event) -> None:
    worker = workers.identity()
    while not ending.is_set():
        try:
            with context():
                run_due(worker, context, ending)
                release()
        except Exception:
            logger.exception("automations.failed")
        progress.wait(LOOK_EVERY)
