"""The list of one's own conversations: pinned, by latest activity or search, archived; what is new in them.

Ordered by activity, not by age as the JSON API's default: people look for what they last worked on. Only their own
questions move a thread, so nothing jumps while an answer ends elsewhere. The archive is ordered by the time of
archiving, the last one first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_

from chatapp.core import search
from chatapp.db import session
from chatapp.models import ChatSession, Message, Thread, Turn, User
from chatapp.values import ACTIVE, TurnStatus

PAGE_LENGTH = 40
LONGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Position:
    """Where a thread stands in the list: by its moment, among equals by its id."""

    moment: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """`more`: there are threads after the last one."""

    threads: Sequence[Thread]
    more: bool


def pinned(user: User) -> Sequence[Thread]:
    """The last pinned first; archived ones are with the archived."""
    mine = select(Thread).where(Thread.user_id == user.id, Thread.pinned_at.is_not(None), Thread.archived_at.is_(None))
    return session.scalars(mine.order_by(Thread.pinned_at.desc(), Thread.id.desc())).all()


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
    wanted = _listed(user, archived=archived, pinned_apart=not query)
    moment = Thread.archived_at if archived else Thread.active_at
    place = tuple_(moment, Thread.id)
    if query:
        wanted = wanted.where(search.matches_own(query, user))
    if before:
        wanted = wanted.where(place < (before.moment, before.id))
    if through:
        wanted = wanted.where(place >= (through.moment, through.id))
        limit = LONGEST_PAGE
    found = session.scalars(wanted.order_by(moment.desc(), Thread.id.desc()).limit(limit + 1)).all()
    return Page(found[:limit], len(found) > limit)


def position(thread: Thread, *, archived: bool) -> Position:
    """Where the thread stands in one of the two lists."""
    return Position((thread.archived_at if archived else None) or thread.active_at, thread.id)


def passages(user: User, query: str, found: Sequence[Thread]) -> dict[UUID, Message]:
    """By thread, the message that tells best why the query has found it; none where only the name has."""
    return {message.thread_id: message for message in search.best_matches(query, user, [t.id for t in found])}


def answering(user: User) -> dict[UUID, TurnStatus]:
    """The user's threads in which an answer is being written, or waits for the user's decision."""
    active = select(Turn.thread_id, Turn.status).where(Turn.user_id == user.id, Turn.status.in_(ACTIVE))
    return {thread_id: TurnStatus(status) for thread_id, status in session.execute(active)}


def unread(user: User) -> int:
    """In how many threads an answer has ended that the user has not seen."""
    return session.scalar(select(func.count()).where(Thread.user_id == user.id, Thread.unread_at.is_not(None))) or 0


def revision(user: User) -> str:
    """Another one for another user, and whenever the list would show something else: one row, however long it is."""
    number = session.scalar(select(ChatSession.revision).where(ChatSession.user_id == user.id))
    return f"{user.id.hex}-{number or 0}"


def _listed(user: User, *, archived: bool, pinned_apart: bool) -> Select[Thread]:
    mine = select(Thread).where(Thread.user_id == user.id)
    if archived:
        return mine.where(Thread.archived_at.is_not(None))
    mine = mine.where(Thread.archived_at.is_(None))
    return mine.where(Thread.pinned_at.is_(None)) if pinned_apart else mine
