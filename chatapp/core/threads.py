"""Conversations: making, finding, listing, archiving them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update

from chatapp import prepared
from chatapp.core import audit, sessions
from chatapp.db import new_id, now, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import ChatSession, Thread, User
from chatapp.prepared import Prepared

NAME_LENGTH = 150
MOST_PINNED = 50
MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Archived:
    """How many threads went to the archive together; `moment` brings them back."""

    count: int
    moment: datetime


# The thread alone: its user, who is loaded with it, has other threads.
LOCK = Prepared(select(Thread.__table__).where(Thread.id == bindparam("thread")).with_for_update())
_CHANGE = update(ChatSession).where(ChatSession.id == bindparam("session")).values(revision=ChatSession.revision + 1)
NOTE_CHANGE = Prepared(_CHANGE)
TOUCH_SESSION = Prepared(_CHANGE.values(modified=bindparam("moment")))


def create(user: User, title: str | None = None) -> Thread:
    with transaction():
        thread = new(user, title)
        session.add(thread)
    return thread


def new(user: User, title: str | None = None) -> Thread:
    """An empty conversation that the caller stores."""
    moment = now()
    return Thread(
        id=new_id(),
        session_id=sessions.own_id(user),
        user_id=user.id,
        title=title,
        title_tried=False,
        last_index=0,
        message_count=0,
        created=moment,
        modified=moment,
        active_at=moment,
        last_activity_at=moment,
    )


def own_titles(user: User, ids: Collection[UUID]) -> dict[UUID, str | None]:
    """The names of those of these threads that are still there."""
    mine = (Thread.user_id == user.id, Thread.id.in_(ids), Thread.deleted_at.is_(None))
    return {row.id: row.title for row in session.execute(select(Thread.id, Thread.title).where(*mine))}


def get_own(user: User, thread_id: UUID) -> Thread:
    """Raises NotFound, for other people's threads as well."""
    thread = prepared.get(Thread, thread_id)
    if thread is None or thread.user_id != user.id:
        raise NotFound("thread")
    return thread


def get_shown(user: User, thread_id: UUID) -> Thread:
    """One's own, unless it is archived: as good as gone then (turns-api 0.7). Raises NotFound."""
    thread = get_own(user, thread_id)
    if thread.is_archived:
        raise NotFound("thread")
    return thread


def get_visible(user: User, thread_id: UUID) -> Thread:
    """A thread of one's own; for staff and support anybody's. Raises NotFound."""
    thread = prepared.get(Thread, thread_id)
    if thread is None or not (thread.user_id == user.id or user.is_staff or user.is_support):
        raise NotFound("thread")
    return thread


def read(user: User, thread_id: UUID) -> Thread:
    """A visible thread, to be shown. That staff or support look at somebody else's is written down. Raises NotFound."""
    thread = get_visible(user, thread_id)
    if thread.user_id != user.id:
        audit.record("chat_thread_accessed", user, target_user_id=thread.user_id, object_id=thread.id)
    return thread


def lock(user_id: UUID, thread_id: UUID) -> Thread:
    """The user's own thread, for writing: nobody else changes it until the transaction ends. Raises NotFound."""
    thread = locked(thread_id)
    if thread is None or thread.user_id != user_id:
        raise NotFound("thread")
    return thread


def locked(thread_id: UUID) -> Thread | None:
    """Anybody's thread, for writing."""
    return LOCK.load(Thread, thread=thread_id)


def archive(user: User, thread_id: UUID) -> None:
    """Hide a visible thread. Archiving twice is fine; a running answer goes on. Raises NotFound."""
    _set_archived(get_visible(user, thread_id), True)


def unarchive(user: User, thread_id: UUID) -> None:
    """Raises NotFound."""
    _set_archived(get_visible(user, thread_id), False)


def archive_own(user: User, thread_ids: Collection[UUID]) -> Archived:
    """Archive the user's own threads among these, all or none; those that were archived before stay as they were.

    Raises Invalid.
    """
    moment = now()
    chosen = (Thread.id.in_(_few(thread_ids)), Thread.user_id == user.id, Thread.archived_at.is_(None))
    return Archived(_change_own(user, chosen, archived_at=moment), moment)


def unarchive_own(user: User, thread_ids: Collection[UUID]) -> int:
    """Bring the user's own threads among these back; how many. Raises Invalid."""
    chosen = (Thread.id.in_(_few(thread_ids)), Thread.user_id == user.id, Thread.archived_at.is_not(None))
    return _change_own(user, chosen, archived_at=None, deleted_at=None)


def undo_archiving(user: User, moment: datetime) -> int:
    """Bring back what the user has archived at that moment; how many."""
    chosen = (Thread.user_id == user.id, Thread.archived_at == moment)
    return _change_own(user, chosen, archived_at=None, deleted_at=None)


def rename(user: User, thread_id: UUID, name: str) -> Thread:
    """White space is made one space. Raises NotFound, Invalid."""
    name = " ".join(name.replace("\x00", "").split())
    with transaction():
        thread = lock(user.id, thread_id)
        if not name:
            raise Invalid("A conversation needs a name.", "title")
        if len(name) > NAME_LENGTH:
            raise Invalid(f"A name has at most {NAME_LENGTH} characters.", "title")
        thread.title, thread.modified = name, now()
        note_change(thread.session_id)
    return thread


def pin(user: User, thread_id: UUID) -> Thread:
    """Keep it above all others. Pinning twice is fine. Raises NotFound, Invalid."""
    with transaction():
        thread = lock(user.id, thread_id)
        if thread.pinned_at is None:
            pinned = select(func.count()).where(Thread.user_id == user.id, Thread.pinned_at.is_not(None))
            if (session.scalar(pinned) or 0) >= MOST_PINNED:
                raise Invalid(f"At most {MOST_PINNED} conversations can be pinned. Unpin another one first.")
            thread.pinned_at = now()
            note_change(thread.session_id)
    return thread


def unpin(user: User, thread_id: UUID) -> Thread:
    """Raises NotFound."""
    with transaction():
        thread = lock(user.id, thread_id)
        thread.pinned_at = None
        note_change(thread.session_id)
    return thread


def mark_seen(thread: Thread) -> None:
    """Its reader has seen everything in it."""
    unread = select(Thread.id).where(Thread.id == thread.id, Thread.unread_at.is_not(None))
    if session.scalar(unread) is None:
        return
    with transaction():
        session.execute(update(Thread).where(Thread.id == thread.id).values(unread_at=None))
        note_change(thread.session_id)


def _set_archived(thread: Thread, archived: bool) -> None:
    if thread.is_archived == archived:
        return
    values = {"archived_at": now()} if archived else {"archived_at": None, "deleted_at": None}
    with transaction():
        session.execute(update(Thread).where(Thread.id == thread.id).values(**values))
        note_change(thread.session_id)


def _change_own(user: User, chosen: Collection[ColumnElement[bool]], **values: datetime | None) -> int:
    with transaction():
        # In the order of their ids: two transactions never wait for each other.
        locked = select(Thread.id, Thread.session_id).where(*chosen).order_by(Thread.id).with_for_update()
        found = session.execute(locked).all()
        if found:
            ids = [row.id for row in found]
            session.execute(update(Thread).where(Thread.id.in_(ids)).values(**values))
            note_change(found[0].session_id)
    return len(found)


def _few(thread_ids: Collection[UUID]) -> Collection[UUID]:
    if len(thread_ids) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE:,} conversations can be chosen at once.")
    return thread_ids


def touch_session(session_id: UUID) -> None:
    """Activity in a thread is activity of its session: retention looks at the session (waldur 8.5)."""
    TOUCH_SESSION.run(session=session_id, moment=now())


def note_change(session_id: UUID) -> None:
    """Something changed that the list of the session's threads shows."""
    NOTE_CHANGE.run(session=session_id)


def add_tokens(thread: Thread, input_tokens: int | None, output_tokens: int | None) -> None:
    """Add to what a locked thread has cost. None where nothing was reported (waldur 1.2)."""
    if input_tokens is not None:
        thread.input_tokens = (thread.input_tokens or 0) + input_tokens
    if output_tokens is not None:
        thread.output_tokens = (thread.output_tokens or 0) + output_tokens
    if thread.input_tokens is not None or thread.output_tokens is not None:
        thread.total_tokens = (thread.input_tokens or 0) + (thread.output_tokens or 0)
