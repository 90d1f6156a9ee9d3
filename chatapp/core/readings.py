"""Looking into other people's conversations: who may say why, for how long that holds, and that its owner gets to know.

What has happened is in the audit trail and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select

from chatapp.core import accounts, audit, threads
from chatapp.db import now, release, session, transaction
from chatapp.errors import Invalid, ReasonNeeded
from chatapp.models import AuditRecord, Thread, User

READ, ACCESSED = "chat_thread_read", "chat_thread_accessed"  # in the browser with a reason; over the API
REASONS = {
    "request": "The person asked for help",
    "report": "A report or a complaint",
    "flagged": "The guards flagged something",
    "quality": "Looking into the quality of answers",
    "security": "A security incident",
    "other": "Something else",
}
UNEXPLAINED = "other"
NOTE_LENGTH = 300
VALID_FOR = timedelta(hours=1)
PAGE = 20
BATCH = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """That somebody read a conversation, as its owner sees it.

    `thread_title` is None where the thread is gone or has no name, `is_there` tells which. `reason` is empty where none
    was asked for, over the API.
    """

    number: int
    moment: datetime
    reader: str
    role: str
    reason: str
    note: str
    thread_id: UUID
    thread_title: str | None
    is_there: bool


def open_thread(user: User, thread_id: UUID) -> Thread:
    """A visible thread, to be shown: one's own, or one that a reason was given for. Raises NotFound, ReasonNeeded."""
    thread = threads.get_visible(user, thread_id)
    if thread.user_id != user.id and not _is_explained(user, thread_id):
        raise ReasonNeeded(thread_id)
    return thread


def explain(user: User, thread_id: UUID, reason: str, note: str = "") -> Thread:
    """Say why a foreign thread is read: it opens for this reader, for an hour. Raises NotFound, Invalid."""
    note = " ".join(note.split())
    if reason not in REASONS:
        raise Invalid("Choose a reason.", "reason")
    if reason == UNEXPLAINED and not note:
        raise Invalid("Say in a few words why.", "note")
    if len(note) > NOTE_LENGTH:
        raise Invalid(f"At most {NOTE_LENGTH} characters, please.", "note")
    with transaction():
        thread = threads.get_visible(user, thread_id)
        if thread.user_id != user.id:
            details = {"reason": reason, "note": note, "role": role_of(user)}
            audit.record(READ, user, object_id=thread.id, target_user_id=thread.user_id, **details)
    return thread


def role_of(user: User) -> str:
    return "staff" if user.is_staff else "support" if user.is_support else ""


def of_owner(owner: User, before: int | None = None, limit: int = PAGE) -> tuple[list[Reading], bool]:
    """Who has read the owner's conversations, the latest first, and whether there is more."""
    conditions = [AuditRecord.target_user_id == owner.id]
    return _readings(owner, conditions, before, limit)


def latest_of(thread: Thread) -> Reading | None:
    """The last time that somebody else read the thread."""
    found, _ = _readings(thread.user, [AuditRecord.object_id == thread.id], None, 1)
    return found[0] if found else None


def every(owner: User) -> Iterator[Reading]:
    """All of them, the latest first. Between batches no connection is held."""
    before = None
    while True:
        found, has_more = _readings(owner, [AuditRecord.target_user_id == owner.id], before, BATCH)
        release()
        yield from found
        if not has_more:
            return
        before = found[-1].number


def _is_explained(user: User, thread_id: UUID) -> bool:
    given = select(AuditRecord.id).where(
        AuditRecord.object_id == thread_id,
        AuditRecord.event == READ,
        AuditRecord.actor_id == user.id,
        AuditRecord.created > now() - VALID_FOR,
    )
    return session.scalar(given.limit(1)) is not None


def _readings(
    owner: User, conditions: Sequence[ColumnElement[bool]], before: int | None, limit: int
) -> tuple[list[Reading], bool]:
    foreign = (AuditRecord.event.in_((READ, ACCESSED)), AuditRecord.actor_id != owner.id)
    query = select(AuditRecord).where(*conditions, *foreign).order_by(AuditRecord.number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(AuditRecord.number < before)
    records = session.scalars(query).all()
    shown = records[:limit]
    readers = accounts.by_id({record.actor_id for record in shown if record.actor_id})
    titles = _titles(owner, {record.object_id for record in shown if record.object_id})
    return [_reading(record, readers, titles) for record in shown], len(records) > limit


def _reading(record: AuditRecord, readers: dict[UUID, User], titles: dict[UUID, str | None]) -> Reading:
    reader = readers.get(record.actor_id) if record.actor_id else None
    thread_id = record.object_id or record.id
    return Reading(
        number=record.number,
        moment=record.created,
        reader=(reader.full_name or reader.username) if reader else "",
        role=record.details.get("role") or (role_of(reader) if reader else ""),
        reason=REASONS.get(record.details.get("reason", ""), ""),
        note=record.details.get("note", ""),
        thread_id=thread_id,
        thread_title=titles.get(thread_id),
        is_there=thread_id in titles,
    )


def _titles(owner: User, ids: set[UUID]) -> dict[UUID, str | None]:
    return threads.own_titles(owner, ids) if ids else {}
