"""Runs of automations: started, decided at gates, executed step by step without any model (turns-api 5.4).

Any number of processes may execute. A run belongs to one of them from its claim until it ends or waits at a gate; who
has lost it (its lease is void, its process is dead) stores nothing any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from jsonschema import Draft202012Validator
from sqlalchemy import or_, select

from chatapp import config, tools
from chatapp.automations import catalogue
from chatapp.automations.crystallizing import GATE
from chatapp.core.snapshots import time_json
from chatapp.db import after_commit, now, release, session, transaction
from chatapp.errors import BadInputs, Conflict
from chatapp.models import Automation, AutomationRun, User
from chatapp.stream import workers
from chatapp.tools.toolbox import Batch, Prepared, Toolbox
from chatapp.values import Json, ResultType

logger = structlog.get_logger(__name__)

LOOK_EVERY = 2.0  # seconds
FINAL = ("completed", "failed", "cancelled", "rejected")
RUNNABLE = ("draft", "active")
UNDER_WAY = ("pending", "running")

_news = threading.Event()


def start(user: User, automation_id: UUID, inputs: Mapping[str, Json]) -> AutomationRun:
    """A run with `inputs` laid over the frozen ones, by key of step; it is executed in the background.

    Raises NotFound, BadInputs, Conflict (automation_not_runnable).
    """
    with transaction():
        automation = catalogue.locked(user, automation_id)
        steps = _planned(automation, inputs)
        if automation.status not in RUNNABLE:
            raise Conflict(
                "automation_not_runnable", f"The automation is {automation.status}.", status=automation.status
            )
        run = AutomationRun(automation_id=automation.id, user_id=user.id, steps=steps)
        session.add(run)
        after_commit(_news.set)
    return run


def decide(user: User, run_id: UUID, approved: bool, reason: str | None = None) -> AutomationRun:
    """Let the run pass the gate that it waits at, or end it there. Raises NotFound, Conflict (run_not_active)."""
    with transaction():
        run = _locked(user, run_id)
        if run.status != "awaiting_approval":
            raise Conflict("run_not_active", "The run waits for no decision.", status=run.status)
        _pass_gate(run, approved, reason, str(user.id))
        after_commit(_news.set)
    return run


def cancel(user: User, run_id: UUID) -> AutomationRun:
    """End the run; one that has ended stays as it is. Raises NotFound."""
    with transaction():
        run = _locked(user, run_id)
        if run.status not in FINAL:
            _end(run, "cancelled")
    return run


def work(context: Callable[[], AbstractContextManager[Any]]) -> None:
    """Execute what is due in the background, as long as the process lives."""
    threading.Thread(target=_work, args=(context, workers.identity()), name="automations", daemon=True).start()


def run_due(worker: str, context: Callable[[], AbstractContextManager[Any]]) -> int:
    """Execute every run that is due as far as it goes; how many that were."""
    _reject_forgotten()
    count = 0
    while run_id := _claim(worker):
        _execute(worker, run_id, context)
        count += 1
    return count


def _planned(automation: Automation, inputs: Mapping[str, Json]) -> list[Json]:
    """The automation's steps as a run begins with them. Raises BadInputs."""
    steps = {step["key"]: step for step in automation.config["steps"]}
    kinds = {tool.name: tool for tool in tools.built_in()}
    faults: list[tuple[tuple[str | int, ...], str]] = []
    for key, given in inputs.items():
        if key not in steps or steps[key]["kind"] == GATE:
            faults.append(((key,), "There is no step of this key that takes inputs."))
        elif tool := kinds.get(steps[key]["kind"]):
            merged = {**steps[key]["inputs"], **given}
            for problem in Draft202012Validator(tool.parameters).iter_errors(merged):
                faults.append(((key, *problem.absolute_path), problem.message))
    if faults:
        raise BadInputs(faults)
    return [_planned_step(step, inputs.get(step["key"], {})) for step in steps.values()]


def _planned_step(step: Json, given: Json) -> Json:
    merged = {**step["inputs"], **given}
    return {
        "key": step["key"],
        "kind": step["kind"],
        "status": "pending",
        "inputs": merged,
        "dependsOn": step["dependsOn"],
        "needsInput": step["needsInput"] and None in merged.values(),
    }


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


def _execute(worker: str, run_id: UUID, context: Callable[[], AbstractContextManager[Any]]) -> None:
    """Step after step, until the run ends, waits at a gate, or is somebody else's."""
    while True:
        with transaction():
            run = session.get(AutomationRun, run_id, with_for_update=True, populate_existing=True)
            if run is None or run.worker != worker or run.status != "running":
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
            _note(run, index, completedAt=time_json(now()), **outcome)
            if outcome["status"] == "failed":
                _end(run, "failed", outcome["error"])
                return


def _next(run: AutomationRun) -> int | None:
    """The step that is to be done; none ends the run. One that a dead worker began is done again."""
    for index, step in enumerate(run.steps):
        if step["status"] != "completed":
            return index
    _end(run, "completed")
    return None


def _begin(run: AutomationRun, index: int) -> bool:
    """False where a person has to decide first, or where something is missing."""
    step = run.steps[index]
    if step["kind"] == GATE:
        _note(run, index, status="awaiting_approval", startedAt=time_json(now()))
        run.status, run.worker, run.modified = "awaiting_approval", None, now()
        return False
    _note(run, index, status="running", startedAt=time_json(now()))
    return True


def _call(user_id: UUID, step: Json, context: Callable[[], AbstractContextManager[Any]]) -> Json:
    """What becomes of a step: its status with output or error."""
    if step["needsInput"]:
        return _failed("input_required", "A value has to be given for this step.")
    user = session.get_one(User, user_id)
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
    return {"status": "completed", "output": result.as_json()}


def _failed(code: str, message: str) -> Json:
    return {"status": "failed", "error": {"code": code, "message": message}}


def _pass_gate(run: AutomationRun, approved: bool, reason: str | None, by: str | None) -> None:
    index = next(place for place, step in enumerate(run.steps) if step["status"] == "awaiting_approval")
    status = "completed" if approved else "rejected"
    _note(run, index, status=status, completedAt=time_json(now()), decidedBy=by, reason=reason)
    if approved:
        run.status, run.modified = "running", now()
    else:
        _end(run, "rejected")


def _reject_forgotten() -> None:
    deadline = now() - timedelta(seconds=config.current().gate_wait)
    waiting = (AutomationRun.status == "awaiting_approval") & (AutomationRun.modified < deadline)
    for run_id in session.scalars(select(AutomationRun.id).where(waiting)).all():
        with transaction():
            run = session.get_one(AutomationRun, run_id, with_for_update=True, populate_existing=True)
            if run.status == "awaiting_approval":
                _pass_gate(run, False, "Nobody decided in time.", None)


def _end(run: AutomationRun, status: str, error: Json | None = None) -> None:
    """The run is over; what was not done is skipped."""
    for index, step in enumerate(run.steps):
        if step["status"] in ("running", "awaiting_approval"):
            _note(run, index, status="cancelled", completedAt=time_json(now()))
        elif step["status"] == "pending":
            _note(run, index, status="skipped")
    run.status, run.error, run.worker = status, error, None
    run.completed_at = run.modified = now()


def _note(run: AutomationRun, index: int, **fields: Any) -> None:
    steps = deepcopy(run.steps)
    steps[index].update(fields)
    run.steps, run.modified = steps, now()


def _locked(user: User, run_id: UUID) -> AutomationRun:
    catalogue.get_run(user, run_id)
    return session.get_one(AutomationRun, run_id, with_for_update=True, populate_existing=True)


def _work(context: Callable[[], AbstractContextManager[Any]], worker: str) -> None:
    while True:
        _news.wait(LOOK_EVERY)
        _news.clear()
        try:
            with context():
                run_due(worker, context)
                release()
        except Exception:
            logger.exception("automations.failed")
