"""Sessions: everybody's container of threads (waldur 1.1, 2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select

from chatapp.core import audit
from chatapp.db import session, transaction
from chatapp.errors import NotFound
from chatapp.models import ChatSession, User
from chatapp.prepared import Prepared

ID_OF = Prepared(select(ChatSession.id).where(ChatSession.user_id == bindparam("user")))


def own(user: User) -> ChatSession:
    """The user's session, made on first need."""
    found = _of(user)
    if found:
        return found
    with transaction():
        # Somebody may have been quicker between the look and the lock.
        session.execute(select(User.id).where(User.id == user.id).with_for_update())
        found = _of(user)
        if found is None:
            found = ChatSession(user=user)
            session.add(found)
    return found


def own_id(user: User) -> UUID:
    """The id of the user's session, made on first need."""
    found: UUID | None = ID_OF.scalar(user=user.id)
    return found or own(user).id


def page(user: User, offset: int, limit: int) -> tuple[Sequence[ChatSession], int]:
    """The sessions that `user` may see, newest first, with the number of all."""
    visible = [] if user.is_staff or user.is_support else [ChatSession.user_id == user.id]
    query = select(ChatSession).where(*visible).order_by(ChatSession.created.desc(), ChatSession.id.desc())
    total = session.scalar(select(func.count()).select_from(ChatSession).where(*visible)) or 0
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def read(user: User, session_id: UUID) -> ChatSession:
    """One's own; for staff and support anybody's, which is written down. Raises NotFound."""
    found = session.get(ChatSession, session_id)
    if found is None or not (found.user_id == user.id or user.is_staff or user.is_support):
        raise NotFound("session")
    if found.user_id != user.id:
        audit.record("chat_session_accessed", user, target_user_id=found.user_id, object_id=found.id)
    return found


def _of(user: User) -> ChatSession | None:
    return session.scalar(select(ChatSession).where(ChatSession.user_id == user.id))
