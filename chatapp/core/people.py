"""What administrators see and change of other people's accounts. Everything that they change is audited.

Somebody who is leaving, whose conversations are being deleted, is gone for them already. There is always somebody
active who can administer the site: the last one can neither be disabled nor demoted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from chatapp.core import accounts, audit, leaving, password_links, profiles, second_factors, tokens, turns
from chatapp.core.search import contains
from chatapp.db import keep_others_out, session, transaction
from chatapp.errors import Conflict, Invalid, NotFound
from chatapp.models import Identity, Thread, Turn, User
from chatapp.values import ACTIVE

ROLES: Mapping[str, ColumnElement[bool]] = {
    "staff": User.is_staff.is_(True),
    "support": User.is_support.is_(True),
    "regular": and_(not_(User.is_staff), not_(User.is_support)),
}
STATES: Mapping[str, ColumnElement[bool]] = {"active": User.is_active.is_(True), "disabled": not_(User.is_active)}
NAME = func.lower(User.username)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people; `text` stands in a name or an e-mail address, an empty word is anybody."""

    text: str = ""
    role: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What somebody has here; archived conversations count, deleted ones do not."""

    threads: int
    messages: int


def page(wanted: Wanted, after: str, limit: int) -> tuple[Sequence[User], bool]:
    """People by user name, from behind one on, and whether there are more."""
    query = select(User).where(*_conditions(wanted))
    if after:
        query = query.where(func.lower(after) < NAME)
    found = session.scalars(query.order_by(NAME).limit(limit + 1)).all()
    return found[:limit], len(found) > limit


def count(wanted: Wanted) -> int:
    return session.scalar(select(func.count()).select_from(User).where(*_conditions(wanted))) or 0


def get(user_id: UUID) -> User:
    """Raises NotFound, for somebody who is leaving as well."""
    user = session.get(User, user_id, populate_existing=True)
    if user is None or user.deleted_at:
        raise NotFound("user")
    return user


def figures(user: User) -> Figures:
    mine = (Thread.user_id == user.id, Thread.deleted_at.is_(None))
    threads, messages = session.execute(select(func.count(), func.sum(Thread.message_count)).where(*mine)).one()
    return Figures(threads, messages or 0)


def identities(user_ids: Collection[UUID]) -> Mapping[UUID, Identity]:
    """Who signs in at a provider."""
    found = session.scalars(select(Identity).where(Identity.user_id.in_(user_ids)))
    return {identity.user_id: identity for identity in found}


def create(
    actor: User,
    username: str,
    password: str = "",
    *,
    full_name: str = "",
    email: str = "",
    staff: bool = False,
    support: bool = False,
) -> User:
    """A new account. A password from an administrator has to be replaced by another when it is first used.

    Raises Invalid.
    """
    full_name, email = profiles.check(full_name, email)
    if password:
        accounts.check_password(password)
    password_hash = accounts.hash_password(password) if password else accounts.NO_PASSWORD
    with transaction():
        roles = {"staff": staff, "support": support}
        user = accounts.create_with_hash(username, password_hash, full_name=full_name, email=email, **roles)
        user.must_change_password = bool(password)
        audit.record("person_created", actor, target_user_id=user.id, object_id=user.id, **roles)
    return user


def change_roles(actor: User, user_id: UUID, *, staff: bool, support: bool) -> None:
    """They hold from the next request on, and every browser has to sign in again.

    Raises NotFound, Conflict for the last administrator.
    """
    with transaction():
        keep_others_out(User)
        user = get(user_id)
        if (user.is_staff, user.is_support) == (staff, support):
            return
        if not staff:
            _spare_last_administrator(user)
        user.is_staff, user.is_support = staff, support
        accounts.end_sessions(user)
        audit.record("roles_changed", actor, target_user_id=user.id, object_id=user.id, staff=staff, support=support)


def disable(actor: User, user_id: UUID) -> None:
    """Nothing opens the account from the next request on, and its running answers are cancelled.

    Tokens and conversations stay, for the day on which it is enabled again. Raises NotFound; Conflict for the last
    administrator and for one's own account.
    """
    if user_id == actor.id:
        raise Conflict("own_account", "You cannot disable your own account.")
    with transaction():
        keep_others_out(User)
        user = get(user_id)
        _spare_last_administrator(user)
        if user.is_active:
            user.is_active = False
            accounts.end_sessions(user)
            audit.record("person_disabled", actor, target_user_id=user.id, object_id=user.id)
    answering = select(Turn.thread_id).where(Turn.user_id == user_id, Turn.status.in_(ACTIVE))
    for thread_id in session.scalars(answering).all():
        turns.cancel(user, thread_id)


def enable(actor: User, user_id: UUID) -> None:
    """The password and the tokens open the account again; sessions in browsers do not. Raises NotFound."""
    with transaction():
        user = get(user_id)
        if not user.is_active:
            user.is_active = True
            audit.record("person_enabled", actor, target_user_id=user.id, object_id=user.id)


def make_password_link(actor: User, user_id: UUID) -> str:
    """What the address of a link holds with which they choose a password. Raises NotFound, Forbidden."""
    return password_links.create(actor, get(user_id))


def require_new_password(actor: User, user_id: UUID) -> None:
    """They are signed out, and have to choose another password when they sign in.

    Raises NotFound; Invalid for somebody without a password.
    """
    with transaction():
        user = get(user_id)
        if not accounts.has_password(user):
            raise Invalid("This account has no password.")
        user.must_change_password = True
        accounts.end_sessions(user)
        audit.record("new_password_required", actor, target_user_id=user.id, object_id=user.id)


def reset_second_factor(actor: User, user_id: UUID) -> None:
    """For somebody who has lost the app and the recovery codes: they are signed out, and the password is enough until
    they set it up again. Without an app nothing happens. Raises NotFound."""
    with transaction():
        user = get(user_id)
        if second_factors.remove(actor, user):
            accounts.end_sessions(user)


def sign_out(actor: User, user_id: UUID) -> None:
    """Every browser of theirs has to sign in again; tokens go on. Raises NotFound."""
    with transaction():
        user = get(user_id)
        accounts.end_sessions(user)
        audit.record("person_signed_out", actor, target_user_id=user.id, object_id=user.id)


def revoke_token(actor: User, user_id: UUID, token_id: UUID) -> None:
    """Raises NotFound."""
    tokens.revoke(get(user_id), token_id, actor=actor)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [User.deleted_at.is_(None)]
    if wanted.text:
        columns = (User.username, User.full_name, User.email)
        found.append(or_(*(contains(column, wanted.text) for column in columns)))
    return found + [table[word] for table, word in ((ROLES, wanted.role), (STATES, wanted.state)) if word in table]


def _spare_last_administrator(user: User) -> None:
    if leaving.is_last_administrator(user):
        raise Conflict("last_administrator", "This is the last administrator. Make somebody else one first.")
