"""Links with which somebody chooses a new password: once, within a day. Only a hash of what they hold is stored."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select

from chatapp import config
from chatapp.core import accounts, audit, one_time_links
from chatapp.db import now, session, transaction
from chatapp.errors import Forbidden, NotFound
from chatapp.models import PasswordLink, User

LIFETIME = timedelta(hours=24)
AT_ONCE = timedelta(minutes=15)  # for somebody who has just proved who they are


def create(actor: User, user: User, lifetime: timedelta = LIFETIME) -> str:
    """What the address of the user's only link holds; it is shown this once. Until it is used nothing else changes.

    Raises Forbidden where passwords open nothing.
    """
    if not config.current().takes_passwords:
        raise Forbidden("Nobody signs in with a password on this site.")
    token = one_time_links.new_token()
    with transaction():
        session.execute(delete(PasswordLink).where(PasswordLink.user_id == user.id))
        link = PasswordLink(user_id=user.id, hash=one_time_links.digest(token), expires_at=now() + lifetime)
        session.add(link)
        audit.record("password_link_created", actor, target_user_id=user.id, object_id=user.id)
    return token


def open_of(user: User) -> PasswordLink | None:
    """The link that would still open something."""
    link = session.get(PasswordLink, user.id)
    return link if link and link.expires_at > now() else None


def revoke(actor: User, user: User) -> None:
    """It opens nothing from now on; that there was none is fine."""
    with transaction():
        gone = delete(PasswordLink).where(PasswordLink.user_id == user.id).returning(PasswordLink.user_id)
        if session.scalar(gone) is not None:
            audit.record("password_link_revoked", actor, target_user_id=user.id, object_id=user.id)


def look_up(token: str) -> User:
    """Whose password it chooses. Raises NotFound for one that is unknown, used or expired, or of a disabled account."""
    found = select(User).join(PasswordLink, PasswordLink.user_id == User.id)
    user = session.scalar(found.where(*_opens(token), User.is_active)) if config.current().takes_passwords else None
    if user is None:
        raise NotFound("link")
    return user


def use(token: str, password: str) -> User:
    """From now on this password opens the account, and the link nothing. Sessions in browsers have ended.

    Raises Invalid for a password that cannot be taken, which leaves the link as it is; NotFound.
    """
    user = look_up(token)
    password_hash = accounts.hash_of_new(user, password, "new")
    with transaction():
        used = session.scalar(delete(PasswordLink).where(*_opens(token)).returning(PasswordLink.user_id))
        if used is None:
            raise NotFound("link")
        accounts.store_password(user, password_hash)
        audit.record("password_chosen_by_link", user, target_user_id=user.id, object_id=user.id)
    return user


def delete_expired() -> int:
    """How many there were."""
    with transaction():
        gone = delete(PasswordLink).where(PasswordLink.expires_at <= now())
        return len(session.scalars(gone.returning(PasswordLink.user_id)).all())


def _opens(token: str) -> tuple[ColumnElement[bool], ...]:
    return PasswordLink.hash == one_time_links.digest(token), PasswordLink.expires_at > now()
