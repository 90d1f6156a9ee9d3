"""Invitations: an account for whoever has the link, with the role that the inviter has chosen. Once, within days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select

from chatapp import config
from chatapp.core import accounts, audit, one_time_links, profiles
from chatapp.db import new_id, now, session, transaction
from chatapp.errors import Forbidden, Invalid, NotFound
from chatapp.models import Invitation, User

DAYS = (1, 7, 30)
DEFAULT_DAYS = 7
MOST = 200
NAME_LENGTH = 255


def create(inviter: User, name: str, days: int, *, staff: bool = False, support: bool = False) -> str:
    """What the address of a new invitation holds; it is shown this once. `name` tells invitations apart.

    Raises Invalid; Forbidden where passwords open nothing.
    """
    name = " ".join(name.split())
    if not config.current().takes_passwords:
        raise Forbidden("Nobody signs in with a password on this site.")
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(f"Say whom you invite, in 1 to {NAME_LENGTH} characters.", "name")
    if days not in DAYS:
        raise Invalid("Choose one of the times.", "days")
    token = one_time_links.new_token()
    with transaction():
        if (session.scalar(select(func.count()).select_from(Invitation).where(_is_open())) or 0) >= MOST:
            raise Invalid(f"At most {MOST} invitations can be open. Revoke one first.", "name")
        invitation = Invitation(
            id=new_id(),
            hash=one_time_links.digest(token),
            name=name,
            is_staff=staff,
            is_support=support,
            inviter_id=inviter.id,
            expires_at=now() + timedelta(days=days),
        )
        session.add(invitation)
        audit.record("invitation_created", inviter, object_id=invitation.id, staff=staff, support=support, days=days)
    return token


def every() -> Sequence[Invitation]:
    """Those that still open something, the newest first."""
    query = select(Invitation).where(_is_open()).order_by(Invitation.created.desc(), Invitation.id.desc())
    return session.scalars(query).all()


def revoke(actor: User, invitation_id: UUID) -> None:
    """It opens nothing from now on. Raises NotFound."""
    with transaction():
        gone = delete(Invitation).where(Invitation.id == invitation_id).returning(Invitation.id)
        if session.scalar(gone) is None:
            raise NotFound("invitation")
        audit.record("invitation_revoked", actor, object_id=invitation_id)


def look_up(token: str) -> Invitation:
    """Raises NotFound for one that is unknown, used, revoked or expired."""
    query = select(Invitation).where(Invitation.hash == one_time_links.digest(token), _is_open())
    invitation = session.scalar(query) if config.current().takes_passwords else None
    if invitation is None:
        raise NotFound("invitation")
    return invitation


def accept(token: str, username: str, password: str, *, full_name: str = "", email: str = "") -> User:
    """The new account of the invited; the invitation is used up.

    Raises NotFound; Invalid for a name or password that cannot be taken, which leaves the invitation as it is.
    """
    look_up(token)
    accounts.check_username(username)
    full_name, email = profiles.check(full_name, email)
    accounts.check_password(password)
    password_hash = accounts.hash_password(password)
    with transaction():
        used = delete(Invitation).where(Invitation.hash == one_time_links.digest(token), _is_open())
        found = session.execute(used.returning(Invitation.id, Invitation.is_staff, Invitation.is_support)).one_or_none()
        if found is None:
            raise NotFound("invitation")
        user = accounts.create_with_hash(
            username, password_hash, full_name=full_name, email=email, staff=found.is_staff, support=found.is_support
        )
        audit.record("invitation_accepted", user, target_user_id=user.id, object_id=found.id)
    return user


def delete_expired() -> int:
    """How many there were."""
    with transaction():
        return len(session.scalars(delete(Invitation).where(~_is_open()).returning(Invitation.id)).all())


def _is_open() -> ColumnElement[bool]:
    return Invitation.expires_at > now()
