"""One's own automations and their runs: listed, changed, deleted (turns-api 5.3, 5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from chatapp.core import audit
from chatapp.db import now, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import Automation, AutomationRun, User

NAME_LENGTH = 255
DESCRIPTION_LENGTH = 2_000
STATES = ("draft", "active", "paused", "error")
CHANGES = {("draft", "active"), ("active", "paused"), ("paused", "active")}


def page(user: User, status: str | None, offset: int, limit: int) -> tuple[Sequence[Automation], int]:
    """The newest first, and how many there are in all."""
    return _page(select(Automation).where(Automation.user_id == user.id), Automation, status, offset, limit)


def get(user: User, automation_id: UUID) -> Automation:
    """Raises NotFound."""
    found = session.get(Automation, automation_id, populate_existing=True)
    if found is None or found.user_id != user.id:
        raise NotFound("automation")
    return found


def change(user: User, automation_id: UUID, values: dict[str, Any]) -> Automation:
    """Set name, description or status. Raises NotFound, Invalid for a status that cannot follow."""
    with transaction():
        automation = locked(user, automation_id)
        status = values.get("status", automation.status)
        if status != automation.status and (automation.status, status) not in CHANGES:
            raise Invalid(f"An automation that is {automation.status} cannot become {status}.", "status")
        changes = {name: value for name, value in values.items() if getattr(automation, name) != value}
        for name, value in changes.items():
            setattr(automation, name, value)
        if changes:
            automation.modified = now()
    return automation


def describe(user: User, automation_id: UUID, name: str, description: str) -> Automation:
    """Give it a name and say what it is for. Raises NotFound, Invalid (name, description)."""
    name, description = name.strip(), description.strip()
    if not name:
        raise Invalid("An automation has a name.", "name")
    if len(name) > NAME_LENGTH:
        raise Invalid(f"A name has at most {NAME_LENGTH} characters.", "name")
    if len(description) > DESCRIPTION_LENGTH:
        raise Invalid(f"A description has at most {DESCRIPTION_LENGTH:,} characters.", "description")
    return change(user, automation_id, {"name": name, "description": description or None})


def delete(user: User, automation_id: UUID) -> None:
    """With its runs; one that is under way stores nothing any more. Raises NotFound."""
    with transaction():
        session.delete(locked(user, automation_id))
        audit.record("automation_deleted", user, object_id=automation_id, target_user_id=user.id)


def locked(user: User, automation_id: UUID) -> Automation:
    """For writing. Raises NotFound."""
    found = session.get(Automation, automation_id, with_for_update=True, populate_existing=True)
    if found is None or found.user_id != user.id:
        raise NotFound("automation")
    return found


def page_of_runs(
    user: User, automation_id: UUID | None, status: str | None, offset: int, limit: int
) -> tuple[Sequence[AutomationRun], int]:
    """The newest first, of one automation or of all, and how many there are. Raises NotFound."""
    query = select(AutomationRun).where(AutomationRun.user_id == user.id)
    if automation_id:
        query = query.where(AutomationRun.automation_id == get(user, automation_id).id)
    return _page(query, AutomationRun, status, offset, limit)


def get_run(user: User, run_id: UUID) -> AutomationRun:
    """Raises NotFound."""
    found = session.get(AutomationRun, run_id, populate_existing=True)
    if found is None or found.user_id != user.id:
        raise NotFound("automation run")
    return found


def latest_runs(found: Sequence[Automation]) -> dict[UUID, AutomationRun]:
    """The newest run of each automation that has one."""
    ids = [automation.id for automation in found]
    rank = func.row_number().over(
        partition_by=AutomationRun.automation_id, order_by=(AutomationRun.created.desc(), AutomationRun.id.desc())
    )
    ranked = select(AutomationRun.id, rank.label("rank")).where(AutomationRun.automation_id.in_(ids)).subquery()
    newest = select(AutomationRun).join(ranked, ranked.c.id == AutomationRun.id).where(ranked.c.rank == 1)
    return {run.automation_id: run for run in session.scalars(newest)}


def _page(query: Any, model: Any, status: str | None, offset: int, limit: int) -> tuple[Sequence[Any], int]:
    if status:
        query = query.where(model.status == status)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.order_by(model.created.desc(), model.id.desc()).offset(offset).limit(limit)
    return session.scalars(rows).all(), total
