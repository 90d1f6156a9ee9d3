"""Conversations: making, finding, listing, archiving them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, select, tuple_, update

from chatapp.core import audit, sessions
from chatapp.db import new_id, now, session, transaction
from chatapp.errors import NotFound
from chatapp.models import ChatSession, Thread, Turn, User
from chatapp.values import ACTIVE

# The thread alone: its user, who is loaded with it, has other threads.
LOCK = (
    select(Thread)
    .where(Thread.id == bindparam("thread"))
    .with_for_update(of=Thread)
    .execution_options(populate_existing=True)
)
TOUCH_SESSION = update(ChatSession).where(ChatSession.id == bindparam("session")).values(modified=bindparam("modified"))


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
    )


def get_own(user: User, thread_id: UUID) -> Thread:
    """Raises NotFound, for other people's threads as well."""
    thread = session.get(Thread, thread_id)
    if thread is None or thread.user_id != user.id:
        raise NotFound("thread")
    return thread


def get_visible(user: User, thread_id: UUID) -> Thread:
    """A thread of one's own; for staff and support anybody's. Raises NotFound."""
    thread = session.get(Thread, thread_id)
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
    return session.scalar(LOCK, {"thread": thread_id})


def list_own(
    user: User, *, archived: bool = False, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[Thread]:
    """Newest first. `before` is the (created, id) of the last thread of the page before."""
    query = _own(user.id).where(Thread.archived_at.is_not(None) if archived else Thread.archived_at.is_(None))
    if before:
        query = query.where(tuple_(Thread.created, Thread.id) < before)
    return session.scalars(query.order_by(Thread.created.desc(), Thread.id.desc()).limit(limit)).all()


def answering(user: User) -> set[UUID]:
    """The user's threads in which an answer is being written."""
    return set(session.scalars(select(Turn.thread_id).where(Turn.user_id == user.id, Turn.status.in_(ACTIVE))))


def archive(user: User, thread_id: UUID) -> None:
    """Hide a visible thread. Archiving twice is fine; a running answer goes on. Raises NotFound."""
    _set_archived(get_visible(user, thread_id), True)


def unarchive(user: User, thread_id: UUID) -> None:
    """Raises NotFound."""
    _set_archived(get_visible(user, thread_id), False)


def _set_archived(thread: Thread, archived: bool) -> None:
    if thread.is_archived == archived:
        return
    values = {"archived_at": now()} if archived else {"archived_at": None, "deleted_at": None}
    with transaction():
        session.execute(update(Thread).where(Thread.id == thread.id).values(**values))


def _own(user_id: UUID) -> Select[Thread]:
    return select(Thread).where(Thread.user_id == user_id)


def touch_session(session_id: UUID) -> None:
    """Activity in a thread is activity of its session: retention looks at the session (waldur 8.5)."""
    session.connection().execute(TOUCH_SESSION, {"session": session_id, "modified": now()})


def add_tokens(thread: Thread, input_tokens: int | None, output_tokens: int | None) -> None:
    """Add to what a locked thread has cost. None where nothing was reported (waldur 1.2)."""
    if input_tokens is not None:
        thread.input_tokens = (thread.input_tokens or 0) + input_tokens
    if output_tokens is not None:
        thread.output_tokens = (thread.output_tokens or 0) + output_tokens
    if thread.input_tokens is not None or thread.output_tokens is not None:
        thread.total_tokens = (thread.input_tokens or 0) + (thread.output_tokens or 0)
