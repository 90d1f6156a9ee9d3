"""What becomes of a run and its steps, inside of a transaction."""

from __future__ import annotations

import threading
from copy import deepcopy
from typing import Any

from chatapp import tools
from chatapp.core.snapshots import time_json
from chatapp.db import now
from chatapp.models import AutomationRun
from chatapp.values import Json

FINAL = ("completed", "failed", "cancelled", "rejected")
UNDER_WAY = ("pending", "running")

_news = threading.Event()


def wake() -> None:
    """There is something to do for who executes runs in this process."""
    _news.set()


def wait(timeout: float) -> None:
    """Until `wake` is called, or so many seconds."""
    _news.wait(timeout)
    _news.clear()


def note(run: AutomationRun, index: int, **fields: Any) -> None:
    steps = deepcopy(run.steps)
    steps[index].update(fields)
    run.steps, run.modified = steps, now()


def end(run: AutomationRun, status: str, error: Json | None = None) -> None:
    """The run is over; what was not done is skipped, and what is secret is forgotten."""
    kinds = {tool.name: tool for tool in tools.built_in()}
    for index, step in enumerate(run.steps):
        if step["status"] in ("running", "awaiting_approval"):
            note(run, index, status="cancelled", completedAt=time_json(now()))
        elif step["status"] == "pending":
            note(run, index, status="skipped")
        if step["kind"] in kinds and (secret := kinds[step["kind"]].secrets & step["inputs"].keys()):
            note(run, index, inputs={**step["inputs"], **dict.fromkeys(secret)})
    run.status, run.error, run.worker = status, error, None
    run.completed_at = run.modified = now()


def pass_gate(run: AutomationRun, approved: bool, reason: str | None, by: str | None) -> None:
    index = next(place for place, step in enumerate(run.steps) if step["status"] == "awaiting_approval")
    status = "completed" if approved else "rejected"
    note(run, index, status=status, completedAt=time_json(now()), decidedBy=by, reason=reason)
    if approved:
        run.status, run.modified = "running", now()
    else:
        end(run, "rejected")
