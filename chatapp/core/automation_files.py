"""One's own automations with their runs as files, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import orjson
from sqlalchemy import select

from chatapp.core.snapshots import time_json
from chatapp.db import release, session
from chatapp.models import Automation, AutomationRun
from chatapp.values import Json

BATCH = 20  # each may hold the results of many tools


def of_user(user_id: UUID) -> Iterator[Automation]:
    """The oldest first. Between them no connection is held."""
    ids = session.scalars(select(Automation.id).where(Automation.user_id == user_id).order_by(Automation.id)).all()
    for automation_id in ids:
        found = session.get(Automation, automation_id)
        release()
        if found:
            yield found


def as_json(automation: Automation) -> Iterator[bytes]:
    """Its steps, and every run with what came out of it. No secret is in either."""
    head = {
        "id": str(automation.id),
        "name": automation.name,
        "description": automation.description,
        "status": automation.status,
        "created": time_json(automation.created),
        "conversation": str(automation.source_thread_id),
        **automation.config,
    }
    yield orjson.dumps(head)[:-1] + b',"runs":['
    separator = b"\n"
    for run in _runs(automation.id):
        yield separator + orjson.dumps(_run_json(run))
        separator = b",\n"
    yield b"\n]}\n"


def _runs(automation_id: UUID) -> Iterator[AutomationRun]:
    last: UUID | None = None
    while True:
        query = select(AutomationRun).where(AutomationRun.automation_id == automation_id)
        if last:
            query = query.where(AutomationRun.id > last)
        found = session.scalars(query.order_by(AutomationRun.id).limit(BATCH)).all()
        release()
        yield from found
        if len(found) < BATCH:
            return
        last = found[-1].id


def _run_json(run: AutomationRun) -> Json:
    """What a run that goes on was given may be secret: that is forgotten when it ends."""
    hidden = () if run.completed_at else ("inputs",)
    return {
        "id": str(run.id),
        "status": run.status,
        "created": time_json(run.created),
        "completed": time_json(run.completed_at) if run.completed_at else None,
        "error": run.error,
        "steps": [{name: value for name, value in step.items() if name not in hidden} for step in run.steps],
    }
