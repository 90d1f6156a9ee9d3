"""Deleting one's own account.

First everything that opens it is made void, in one transaction; then its conversations are deleted in batches, so that
nobody waits long for the store, and last the account itself. What a killed server leaves over, the daily work deletes.
What a legal hold keeps goes when it is lifted. Kept are the audit trail, which holds ids and codes only, and the
counters of the whole site.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, exists, select

from chatapp.core import accounts, audit, blob_keeping, figures, holds, turns
from chatapp.db import keep_others_out, now, session, transaction
from chatapp.errors import Invalid
from chatapp.models import ApiToken, Artifact, ShareLink, Thread, Turn, User
from chatapp.values import ACTIVE

BATCH = 50


def delete_own(user: User, username: str, password: str) -> None:
    """Delete the account with all that belongs to it; running answers are cancelled. Raises Invalid.

    The password is asked of whoever has one: not of people who sign in elsewhere.
    """
    if username.strip().lower() != user.username.lower():
        raise Invalid("That is not your user name.", "delete_username")
    if accounts.has_password(user):
        accounts.confirm_password(user, password, "delete_password")
    _close(user)
    answering = select(Turn.thread_id).where(Turn.user_id == user.id, Turn.status.in_(ACTIVE))
    for thread_id in session.scalars(answering).all():
        turns.cancel(user, thread_id)
    figures.catch_up()
    _erase(user.id)


def is_last_administrator(user: User) -> bool:
    """Whether nobody else could administer this site."""
    others = select(User.id).where(User.is_staff, User.is_active, User.id != user.id)
    return user.is_staff and user.is_active and not session.scalar(select(exists(others)))


def finish() -> int:
    """Delete what interrupted deletions have left over; how many accounts."""
    leaving = session.scalars(select(User.id).where(User.deleted_at.is_not(None))).all()
    return sum([_erase(user_id) for user_id in leaving])


def _close(user: User) -> None:
    """Nothing opens the account any more."""
    with transaction():
        keep_others_out(User)
        if is_last_administrator(user):
            raise Invalid("You are the last administrator. Make somebody else one first.", "delete_username")
        user.is_active, user.deleted_at = False, now()
        user.password_hash, user.session_stamp = "", accounts.new_stamp()
        session.execute(delete(ApiToken).where(ApiToken.user_id == user.id))
        session.execute(delete(ShareLink).where(ShareLink.user_id == user.id))
        audit.record("account_deleted", user, target_user_id=user.id, object_id=user.id)


def _erase(user_id: UUID) -> bool:
    """What is held stays, and the closed account with it: whether nothing was."""
    while True:
        with transaction():
            free = (Thread.user_id == user_id, ~holds.IS_HELD)
            ids = session.scalars(select(Thread.id).where(*free).limit(BATCH)).all()
            session.execute(delete(Thread).where(Thread.id.in_(ids)))
        if len(ids) < BATCH:
            break
    if holds.keeps(user_id):
        return False
    files = session.scalars(select(Artifact.sha256).where(Artifact.user_id == user_id)).all()
    with transaction():
        session.execute(delete(User).where(User.id == user_id))
    blob_keeping.remove_unused(set(files))
    return True
