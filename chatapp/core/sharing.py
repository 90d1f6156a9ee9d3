"""Links that show a conversation to others, read-only, as it was when the link was made.

A link opens as long as it is neither revoked nor expired, its sharer has an account that works, and the conversation
is neither archived nor deleted. Its address holds 256 random bits, of which only a hash is stored.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, literal, select

from chatapp import config
from chatapp.core import audit, threads, turns
from chatapp.db import new_id, now, session, transaction
from chatapp.errors import Forbidden, Invalid, NotFound, TurnActive
from chatapp.models import Message, SharedMessage, ShareLink, Thread, User

DAYS = (1, 7, 30, 90)
DEFAULT_DAYS = 30
MOST = 200
AUTHOR_LENGTH = 100
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
OPEN = (
    select(ShareLink)
    .join(Thread, Thread.id == ShareLink.thread_id)
    .join(User, User.id == ShareLink.user_id)
    .where(
        ShareLink.hash == bindparam("hash"),
        ShareLink.expires_at > bindparam("moment"),
        Thread.archived_at.is_(None),
        Thread.deleted_at.is_(None),
        User.is_active,
    )
)


def is_possible() -> bool:
    """Whether this site lets people share conversations."""
    return config.current().sharing != "off"


def needs_account() -> bool:
    """Whether links open only for people who have signed in."""
    return config.current().sharing != "anyone"


def create(user: User, thread_id: UUID, days: int, author: str = "") -> str:
    """What the address of a new link to the user's own thread holds; it is shown this once.

    `author` is the name that others see; empty: none. Raises NotFound, Invalid, TurnActive, Forbidden.
    """
    author = " ".join(author.split())
    if not is_possible():
        raise Forbidden("Sharing conversations is switched off on this site.")
    if days not in DAYS:
        raise Invalid("Choose one of the times.", "days")
    if len(author) > AUTHOR_LENGTH:
        raise Invalid(f"A name has at most {AUTHOR_LENGTH} characters.", "author")
    token = secrets.token_urlsafe(32)
    with transaction():
        thread = threads.lock(user.id, thread_id)
        _check_sharable(user, thread)
        link = ShareLink(
            id=new_id(),
            thread_id=thread.id,
            user_id=user.id,
            hash=_digest(token),
            title=thread.title or "",
            author=author,
            expires_at=now() + timedelta(days=days),
        )
        session.add(link)
        session.flush()
        current = select(literal(link.id), Message.id).where(
            Message.thread_id == thread.id, Message.superseded_by.is_(None)
        )
        session.execute(insert(SharedMessage).from_select(["link_id", "message_id"], current))
        audit.record("share_link_created", user, target_user_id=user.id, object_id=thread.id, days=days)
    return token


def of_user(user: User, thread_id: UUID | None = None) -> Sequence[ShareLink]:
    """The links that have not expired, the newest first; those to one thread, where that is given."""
    mine = select(ShareLink).where(ShareLink.user_id == user.id, ShareLink.expires_at > now())
    if thread_id:
        mine = mine.where(ShareLink.thread_id == thread_id)
    return session.scalars(mine.order_by(ShareLink.created.desc(), ShareLink.id.desc())).all()


def revoke(user: User, link_id: UUID) -> ShareLink:
    """It opens nothing from now on. Raises NotFound, for other people's links as well."""
    with transaction():
        link = session.get(ShareLink, link_id)
        if link is None or link.user_id != user.id:
            raise NotFound("link")
        session.execute(delete(ShareLink).where(ShareLink.id == link_id))
        audit.record("share_link_revoked", user, target_user_id=user.id, object_id=link.thread_id)
    return link


def look_up(token: str) -> ShareLink:
    """One lookup by hash, and none for what cannot be a token. Raises NotFound."""
    is_token = is_possible() and TOKEN.fullmatch(token)
    link = session.scalar(OPEN, {"hash": _digest(token), "moment": now()}) if is_token else None
    if link is None:
        raise NotFound("conversation")
    return link


def messages_of(link_id: UUID, after: int, limit: int) -> Sequence[Message]:
    """What the link shows, from behind a place in the conversation on."""
    shown = select(Message).join(SharedMessage, SharedMessage.message_id == Message.id)
    shown = shown.where(SharedMessage.link_id == link_id, Message.sequence_index > after)
    return session.scalars(shown.order_by(Message.sequence_index).limit(limit)).all()


def delete_expired() -> int:
    """How many there were."""
    with transaction():
        ids = session.scalars(select(ShareLink.id).where(ShareLink.expires_at <= now())).all()
        session.execute(delete(ShareLink).where(ShareLink.id.in_(ids)))
    return len(ids)


def _check_sharable(user: User, thread: Thread) -> None:
    if turn := turns.active(thread.id):
        raise TurnActive(turn.id)
    if thread.message_count == 0:
        raise Invalid("There is nothing in this conversation yet.")
    if thread.is_archived:
        raise Invalid("An archived conversation cannot be shared. Unarchive it first.")
    mine = select(func.count()).where(ShareLink.user_id == user.id, ShareLink.expires_at > now())
    if (session.scalar(mine) or 0) >= MOST:
        raise Invalid(f"At most {MOST} links can exist. Revoke one first.")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
