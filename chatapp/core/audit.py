"""The audit trail: writing it, and how it is read (docs/adr/0019-audit-chain.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from chatapp.core import audit_chain
from chatapp.db import before_commit, release, session, transaction
from chatapp.models import AuditRecord, User

PAGE = 50
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None asks for nothing; `first` and `last` are inclusive days in UTC."""

    event: str | None = None
    actor_id: UUID | None = None
    target_user_id: UUID | None = None
    object_id: UUID | None = None
    first: date | None = None
    last: date | None = None


def record(event: str, actor: User, *, object_id: UUID, target_user_id: UUID | None = None, **details: Any) -> None:
    """Write down that `actor` did `event` to an object, of `target_user_id` if it is somebody's.

    Details hold ids and codes only.
    """
    with transaction():
        note(event, actor.id, object_id=object_id, target_user_id=target_user_id, **details)


def note(
    event: str, actor_id: UUID | None, *, object_id: UUID, target_user_id: UUID | None = None, **details: Any
) -> None:
    """The same within the caller's transaction, at whose end it joins the chain."""
    before_commit(audit_chain.append, audit_chain.Entry(event, actor_id, target_user_id, object_id, details))


def page(wanted: AuditFilter, before: int | None = None, limit: int = PAGE) -> tuple[Sequence[AuditRecord], bool]:
    """Records, the newest first, from before a number on; and whether there are older ones."""
    conditions = _conditions(wanted)
    if before is not None:
        conditions.append(AuditRecord.number < before)
    query = select(AuditRecord).where(*conditions).order_by(AuditRecord.number.desc()).limit(limit + 1)
    found = session.scalars(query).all()
    return found[:limit], len(found) > limit


def export(actor: User, wanted: AuditFilter, form: str) -> Iterator[Sequence[AuditRecord]]:
    """What `wanted` finds, the oldest first, in batches; that `actor` takes it away is written down before.

    Between the batches no connection is held.
    """
    filters = {each.name: str(value) for each in fields(wanted) if (value := getattr(wanted, each.name)) is not None}
    record("audit_exported", actor, object_id=actor.id, form=form, filters=filters)
    return _batches(wanted)


def check(actor: User) -> audit_chain.Check:
    """Look at the whole chain, as every night; that `actor` wanted to know, and what came of it, is written down."""
    found = audit_chain.verify()
    with transaction():
        audit_chain.keep(found)
        record("audit_checked", actor, object_id=actor.id, records=found.records, whole=not found.fault)
    return found


def events() -> Sequence[str]:
    """Every kind of event there is: as many steps along an index as there are kinds, however long the trail is."""
    found: list[str] = []
    while (event := session.scalar(_next_event(found[-1] if found else ""))) is not None:
        found.append(event)
    return found


def _next_event(after: str) -> Any:
    return select(func.min(AuditRecord.event)).where(AuditRecord.event > after)


def _batches(wanted: AuditFilter) -> Iterator[Sequence[AuditRecord]]:
    last = 0
    while True:
        query = select(AuditRecord).where(*_conditions(wanted), AuditRecord.number > last)
        found = session.scalars(query.order_by(AuditRecord.number).limit(BATCH)).all()
        release()
        yield found
        if len(found) < BATCH:
            return
        last = found[-1].number


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    named = {name: getattr(wanted, name) for name in ("event", "actor_id", "target_user_id", "object_id")}
    found = [getattr(AuditRecord, name) == value for name, value in named.items() if value is not None]
    if wanted.first is not None:
        found.append(AuditRecord.number >= _number_at(wanted.first))
    if wanted.last is not None and wanted.last < date.max:
        found.append(AuditRecord.number < _number_at(wanted.last + timedelta(days=1)))
    return found


def _number_at(day: date) -> int:
    """Of the first record from that day on: the times of records rise with their numbers."""
    begun = AuditRecord.created >= datetime.combine(day, time(), UTC)
    query = select(AuditRecord.number).where(begun).order_by(AuditRecord.created, AuditRecord.number).limit(1)
    number = session.scalar(query)
    return audit_chain.UNREACHED if number is None else number
