"""The list of one's own conversations: pinned, by latest activity or search, archived; what is new in them.

Ordered by activity, not by age as the JSON API's default: people look for what they last worked on. Only their own
questions move a thread, so nothing jumps while an answer ends elsewhere. The archive is ordered by the time of
archiving, the last one first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, or_, select, tuple_

from chatapp.core import search
from chatapp.db import session
from chatapp.models import ChatSession, Message, Thread, Turn, User
from chatapp.prepared import Prepared
from chatapp.values import ACTIVE, TurnStatus

PAGE_LENGTH = 40
LONGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list shows of a thread."""

    id: UUID
    title: str | None
    active_at: datetime
    archived_at: datetime | None
    pinned_at: datetime | None
    unread_at: datetime | None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


# Every page asks for them whenever something has changed: made once, and about tables.
MINE = select(*(Thread.__table__.c[field.name] for field in fields(Listed))).where(Thread.user_id == bindparam("user"))
PINNED = Prepared(
    MINE.where(Thread.pinned_at.is_not(None), Thread.archived_at.is_(None)).order_by(
        Thread.pinned_at.desc(), Thread.id.desc()
    )
)
ANSWERING = Prepared(
    select(Turn.thread_id, Turn.status).where(
        Turn.user_id == bindparam("user"), or_(*(Turn.status == status for status in ACTIVE))
    )
)
UNREAD = Prepared(select(func.count()).where(Thread.user_id == bindparam("user"), Thread.unread_at.is_not(None)))
REVISION = Prepared(select(ChatSession.revision).where(ChatSession.user_id == bindparam("user")))


@dataclass(frozen=True, slots=True)
class Position:
    """Where a thread stands in the list: by its moment, among equals by its id."""

    moment: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """`more`: there are threads after the last one."""

    threads: Sequence[Listed]
    more: bool


def pinned(user: User) -> Sequence[Listed]:
    """The last pinned first; archived ones are with the archived."""
    return [Listed(*row) for row in PINNED.rows(user=user.id)]


def page(
    user: User,
    *,
    archived: bool = False,
    query: str = "",
    before: Position | None = None,
    through: Position | None = None,
    limit: int = PAGE_LENGTH,
) -> Page:
    """The user's own threads, the latest first: after the position `before`, or from the top down to `through`.

    With a `query` those whose name or messages it finds, pinned or not.
    """
    limit = LONGEST_PAGE if through else limit
    if query or before or through:
        wanted = _part(archived, search.matches_own(query, user) if query else None, before, through)
        rows = session.connection().execute(wanted, {"user": user.id, "most": limit + 1}).all()
    else:
        rows = _first_page(archived).rows(user=user.id, most=limit + 1)
    found = [Listed(*row) for row in rows]
    return Page(found[:limit], len(found) > limit)


def position(thread: Listed, *, archived: bool) -> Position:
    """Where the thread stands in one of the two lists."""
    return Position((thread.archived_at if archived else None) or thread.active_at, thread.id)


def passages(user: User, query: str, found: Sequence[Listed]) -> dict[UUID, Message]:
    """By thread, the message that tells best why the query has found it; none where only the name has."""
    return {message.thread_id: message for message in search.best_matches(query, user, [t.id for t in found])}


def answering(user: User) -> dict[UUID, TurnStatus]:
    """The user's threads in which an answer is being written, or waits for the user's decision."""
    return {thread_id: TurnStatus(status) for thread_id, status in ANSWERING.rows(user=user.id)}


def unread(user: User) -> int:
    """In how many threads an answer has ended that the user has not seen."""
    return UNREAD.scalar(user=user.id) or 0


def revision(user: User) -> str:
    """Another one for another user, and whenever the list would show something else: one row, however long it is."""
    number = REVISION.scalar(user=user.id)
    return f"{user.id.hex}-{number or 0}"


@cache
def _first_page(archived: bool) -> Prepared:
    return Prepared(_part(archived))


def _part(
    archived: bool,
    matching: ColumnElement[bool] | None = None,
    before: Position | None = None,
    through: Position | None = None,
) -> Select[Any]:
    moment = Thread.archived_at if archived else Thread.active_at
    place = tuple_(moment, Thread.id)
    part = MINE.where(moment.is_not(None)) if archived else MINE.where(Thread.archived_at.is_(None))
    if matching is not None:
        part = part.where(matching)
    elif not archived:
        part = part.where(Thread.pinned_at.is_(None))
    if before:
        part = part.where(place < (before.moment, before.id))
    if through:
        part = part.where(place >= (through.moment, through.id))
    return part.order_by(moment.desc(), Thread.id.desc()).limit(bindparam("most", type_=Integer))
