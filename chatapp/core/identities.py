"""Accounts of people who sign in at a provider. They are known by issuer and subject, which never change or come again.

Names and addresses are the provider's words: nothing is found by them, unless the operator says that verified addresses
may be trusted, and then nothing that opened the account before opens it any more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from chatapp import config
from chatapp.core import accounts, audit, leaving, profiles
from chatapp.core.search import contains
from chatapp.db import keep_others_out, now, session, transaction
from chatapp.errors import Conflict, Forbidden, Inactive, Invalid
from chatapp.models import ApiToken, Identity, PasswordLink, RecoveryCode, SecondFactor, User

logger = structlog.get_logger(__name__)

ATTEMPTS = 3  # others may take a name, or be the same person in another tab
NOT_USERNAME = re.compile(r"[^\w.@+-]+")
NAMED = 140  # characters of a user name, so that a number fits behind


@dataclass(frozen=True, slots=True)
class Profile:
    """What a provider says of somebody. An empty word is one that it does not say."""

    issuer: str
    subject: str
    username: str = ""
    full_name: str = ""
    email: str = ""
    has_verified_email: bool = False
    groups: frozenset[str] = frozenset()


def enter(profile: Profile) -> User:
    """Their account, made if that is allowed, with name, address and role as the provider says.

    Raises Forbidden for people without a needed group or an account; Inactive.
    """
    _check_groups(profile)
    for _ in range(ATTEMPTS - 1):
        try:
            return _enter(profile)
        except (IntegrityError, Invalid):
            continue
    return _enter(profile)


def connect(user: User, profile: Profile) -> None:
    """From now on they sign in there, too. Raises Forbidden; Conflict for an identity of somebody else."""
    _check_groups(profile)
    with transaction():
        _keep_roles_from_others()
        identity = _find(profile)
        if identity and identity.user_id != user.id:
            raise Conflict("identity_taken", "Somebody else signs in here with that account.")
        if identity is None:
            _add(user, profile)
        _take_over(user, profile)


def of_user(user: User) -> Identity | None:
    """Where they sign in."""
    return session.scalar(select(Identity).where(Identity.user_id == user.id).limit(1))


def _enter(profile: Profile) -> User:
    with transaction():
        _keep_roles_from_others()
        identity = _find(profile)
        user = identity.user if identity else _by_email(profile) or _create(profile)
        if not user.is_active:
            raise Inactive("This account is disabled.")
        if identity is None:
            _add(user, profile)
        else:
            session.execute(update(Identity).where(Identity.id == identity.id).values(last_used_at=now()))
        _take_over(user, profile)
    return user


def _find(profile: Profile) -> Identity | None:
    mine = (Identity.issuer == profile.issuer, Identity.subject == profile.subject)
    return session.scalar(select(Identity).where(*mine).execution_options(populate_existing=True))


def _by_email(profile: Profile) -> User | None:
    """The only account with the address. Whoever wrote it there may have lied: all other ways in are closed."""
    if not (config.current().oidc_trusts_email and profile.has_verified_email and profile.email):
        return None
    same = (func.lower(User.email) == profile.email.lower(), User.deleted_at.is_(None))
    found = session.scalars(select(User).where(*same).limit(2)).all()
    if len(found) != 1 or of_user(found[0]):
        return None
    user = found[0]
    accounts.store_password(user, accounts.NO_PASSWORD)
    for way_in in (ApiToken, PasswordLink, SecondFactor, RecoveryCode):
        session.execute(delete(way_in).where(way_in.user_id == user.id))
    return user


def _create(profile: Profile) -> User:
    if not config.current().oidc_creates_people:
        raise Forbidden("You have no account here. Ask an administrator for one.")
    user = accounts.create_with_hash(_free_name(profile))
    audit.record("person_created", user, target_user_id=user.id, object_id=user.id, by="provider")
    return user


def _free_name(profile: Profile) -> str:
    """Like what they are called at the provider; an account that has the name stays that of its owner."""
    wanted = profile.username or profile.email.partition("@")[0] or profile.full_name
    stem = NOT_USERNAME.sub("-", wanted).strip("-")[:NAMED] or "person"
    taken = {name.casefold() for name in session.scalars(select(User.username).where(contains(User.username, stem)))}
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name.casefold() not in taken)


def _add(user: User, profile: Profile) -> None:
    session.add(Identity(user_id=user.id, issuer=profile.issuer, subject=profile.subject))
    session.flush()
    audit.record("identity_connected", user, target_user_id=user.id, object_id=user.id)


def _take_over(user: User, profile: Profile) -> None:
    """Name, address and roles follow the provider, as far as it says something of them."""
    try:
        full_name, email = profiles.check(profile.full_name, profile.email)
    except Invalid:
        full_name, email = "", ""
    user.full_name, user.email = full_name or user.full_name, email or user.email
    if not config.current().oidc_maps_roles:
        return
    roles = {
        "staff": not profile.groups.isdisjoint(config.listed(config.current().oidc_staff_groups)),
        "support": not profile.groups.isdisjoint(config.listed(config.current().oidc_support_groups)),
    }
    if roles == {"staff": user.is_staff, "support": user.is_support}:
        return
    if not roles["staff"] and leaving.is_last_administrator(user):
        logger.warning("identities.last_administrator_kept", user_id=str(user.id))
        return
    user.is_staff, user.is_support = roles["staff"], roles["support"]
    accounts.end_sessions(user)
    audit.record("roles_changed", user, target_user_id=user.id, object_id=user.id, by="groups", **roles)


def _keep_roles_from_others() -> None:
    """First of all in the transaction: two who wait for each other's rows would never end."""
    if config.current().oidc_maps_roles:
        keep_others_out(User)


def _check_groups(profile: Profile) -> None:
    needed = config.listed(config.current().oidc_required_groups)
    if needed and profile.groups.isdisjoint(needed):
        raise Forbidden("You are not among those who may use this site. Ask an administrator.")
