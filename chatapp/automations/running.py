"""Runs of automations: started, decided at gates, cancelled (turns-api 5.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from uuid import UUID

import orjson

from chatapp import tools
from chatapp.automations import catalogue, progress
from chatapp.automations.crystallizing import GATE
from chatapp.core import audit, idempotency
from chatapp.db import after_commit, session, transaction
from chatapp.errors import BadInputs, Conflict
from chatapp.models import Automation, AutomationRun, User
from chatapp.values import Json

RUNNABLE = ("draft", "active")
REASON_LENGTH = 500
MOST_INPUT = 64 * 1024  # bytes


def start(user: User, automation_id: UUID, inputs: Mapping[str, Json], *, replacing: bool = False) -> AutomationRun:
    """A run with `inputs`, by key of step, laid over the frozen ones; it is executed in the background.

    `replacing`: what is given for a step is all that the step gets.
    Raises NotFound, BadInputs, Conflict (automation_not_runnable).
    """
    with transaction():
        automation = catalogue.locked(user, automation_id)
        steps = _planned(automation, inputs, replacing)
        if automation.status not in RUNNABLE:
            raise Conflict(
                "automation_not_runnable", f"The automation is {automation.status}.", status=automation.status
            )
        run = AutomationRun(automation_id=automation.id, user_id=user.id, steps=steps)
        session.add(run)
        session.flush()
        audit.record("automation_run_started", user, object_id=run.id, target_user_id=user.id)
        after_commit(progress.wake)
    return run


def start_once(user: User, automation_id: UUID, inputs: Mapping[str, Json], key: str) -> AutomationRun:
    """A run with exactly these inputs; the same run when the same form, which is what `key` names, comes again.

    Raises what `start` does.
    """
    fingerprint = hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()
    scope = f"run {automation_id}"
    key = f"{key} {fingerprint}"  # a form that was filled in again is another wish
    with transaction():
        kept = idempotency.claim(user, scope, key, fingerprint)
        if kept and kept.document:
            return catalogue.get_run(user, UUID(kept.document["run"]))
        run = start(user, automation_id, inputs, replacing=True)
        idempotency.keep(user, scope, key, 202, {"run": str(run.id)})
    return run


def decide(user: User, run_id: UUID, approved: bool, reason: str | None = None) -> AutomationRun:
    """Let the run pass the gate that it waits at, or end it there. Raises NotFound, Conflict (run_not_active)."""
    with transaction():
        run = _locked(user, run_id)
        if run.status != "awaiting_approval":
            raise Conflict("run_not_active", "The run waits for no decision.", status=run.status)
        progress.pass_gate(run, approved, reason, str(user.id))
        after_commit(progress.wake)
    return run


def cancel(user: User, run_id: UUID) -> AutomationRun:
    """End the run; one that has ended stays as it is. Raises NotFound."""
    with transaction():
        run = _locked(user, run_id)
        if run.status not in progress.FINAL:
            progress.end(run, "cancelled")
    return run


def _planned(automation: Automation, inputs: Mapping[str, Json], replacing: bool) -> list[Json]:
    """The automation's steps as a run begins with them. Raises BadInputs."""
    from jsonschema import Draft202012Validator

    steps = {step["key"]: step for step in automation.config["steps"]}
    kinds = {tool.name: tool for tool in tools.built_in()}
    faults: list[tuple[tuple[str | int, ...], str]] = []
    for key, given in inputs.items():
        if key not in steps or steps[key]["kind"] == GATE:
            faults.append(((key,), "There is no step of this key that takes inputs."))
        elif tool := kinds.get(steps[key]["kind"]):
            merged = given if replacing else {**steps[key]["inputs"], **given}
            for problem in Draft202012Validator(tool.parameters).iter_errors(merged):
                faults.append(((key, *problem.absolute_path), problem.message))
    if faults:
        raise BadInputs(faults)
    kept = {key: {} if replacing and key in inputs else step["inputs"] for key, step in steps.items()}
    return [_planned_step(step, {**kept[key], **inputs.get(key, {})}) for key, step in steps.items()]


def _planned_step(step: Json, inputs: Json) -> Json:
    return {
        "key": step["key"],
        "kind": step["kind"],
        "status": "pending",
        "inputs": inputs,
        "dependsOn": step["dependsOn"],
        "needsInput": step["needsInput"] and None in inputs.values(),
    }


def _locked(user: User, run_id: UUID) -> AutomationRun:
    catalogue.get_run(user, run_id)
    return session.get_one(AutomationRun, run_id, with_for_update=True, populate_existing=True)
