"""People, passwords and API tokens."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from chatapp import config
from chatapp.core import audit, profiles, proofs, throttling
from chatapp.core.search import contains
from chatapp.db import keep_others_out, now, session, transaction
from chatapp.errors import Inactive, Invalid, NotFound, OnlyReads, Unauthenticated
from chatapp.models import ApiToken, User
from chatapp.prepared import Prepared
from chatapp.values import Scope

_hasher = PasswordHasher()
# A hash takes 64 MiB while it is computed; a burst of sign-ins must not take the machine down.
_hashing = threading.BoundedSemaphore(4)

USERNAME = re.compile(r"[\w.@+-]{1,150}")
MIN_PASSWORD = 8
PEOPLE, TOKENS = User.__table__, ApiToken.__table__
BY_HASH = Prepared(select(TOKENS, PEOPLE).join_from(TOKENS, PEOPLE).where(ApiToken.hash == bindparam("hash")))
SECRET_PREFIX = "cha_"  # noqa: S105 - a marker that lets scanners recognise leaked tokens
LAST_USED_RESOLUTION = timedelta(minutes=1)
SESSION, PERSONAL = "session", "pat"
NO_PASSWORD = ""  # which is the hash of none
SEEN_RESOLUTION = timedelta(minutes=10)


def create_user(
    username: str, password: str, *, full_name: str = "", email: str = "", staff: bool = False, support: bool = False
) -> User:
    """Raises Invalid with the field's name."""
    if not password:
        raise Invalid("A password is needed.", "password")
    check_username(username)
    roles = {"staff": staff, "support": support}
    return create_with_hash(username, hash_password(password), full_name=full_name, email=email, **roles)


def create_with_hash(
    username: str,
    password_hash: str = NO_PASSWORD,
    *,
    full_name: str = "",
    email: str = "",
    staff: bool = False,
    support: bool = False,
) -> User:
    """Somebody whose password was hashed before; without one, nobody gets in by a password until a link sets it.

    Raises Invalid with the field's name.
    """
    check_username(username)
    user = User(
        username=username.strip(),
        password_hash=password_hash,
        full_name=full_name.strip()[: profiles.NAME_LENGTH],
        email=email.strip()[: profiles.EMAIL_LENGTH],
        is_staff=staff,
        is_support=support,
    )
    taken = f"The user name {user.username} is taken."
    try:
        with transaction():
            if session.scalar(select(exists().where(func.lower(User.username) == user.username.lower()))):
                raise Invalid(taken, "username")
            session.add(user)
    except IntegrityError as error:
        raise Invalid(taken, "username") from error
    return user


def create_first_administrator(username: str, password: str, *, full_name: str = "", email: str = "") -> User:
    """The first account of an empty installation. Raises Invalid, also when somebody was quicker."""
    with transaction():
        keep_others_out(User)
        if has_users():
            raise Invalid("The first administrator exists already.")
        check_password(password)
        return create_user(username, password, full_name=full_name, email=email, staff=True)


def has_password(user: User) -> bool:
    """Whether a password opens the account."""
    return user.password_hash != NO_PASSWORD and config.current().takes_passwords


def has_users() -> bool:
    return bool(session.scalar(select(exists(select(User.id)))))


def get_user(user_id: UUID) -> User | None:
    return session.get(User, user_id)


def require_user(user_id: UUID) -> User:
    """Raises NotFound."""
    user = get_user(user_id)
    if user is None:
        raise NotFound("user")
    return user


def find_user(username: str) -> User:
    """Raises NotFound."""
    user = session.scalar(select(User).where(func.lower(User.username) == username.strip().lower()))
    if user is None:
        raise NotFound("user")
    return user


def by_id(ids: Collection[UUID]) -> dict[UUID, User]:
    """Those of them that exist."""
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(ids)))} if ids else {}


def find_people(fragment: str, most: int) -> Sequence[User]:
    """So many of those in whose user name, full name or e-mail address that stands, by user name."""
    columns = (User.username, User.full_name, User.email)
    named = or_(*(contains(column, fragment) for column in columns))
    return session.scalars(select(User).where(named).order_by(User.username).limit(most)).all()


def authenticate(username: str, password: str) -> User | None:
    """The active user with this name and password. Takes as long for unknown names as for known ones."""
    user = session.scalar(select(User).where(func.lower(User.username) == username.strip().lower()))
    matches = _verify(user.password_hash if user else _decoy(), password)
    return user if user and matches and user.is_active else None


def change_password(user: User, current: str, new: str) -> None:
    """From now on only `new` opens the account; every session in a browser has ended, tokens stay. Raises Invalid."""
    confirm_password(user, current, "current")
    password_hash = hash_of_new(user, new, "new")
    with transaction():
        store_password(user, password_hash)
        audit.record("password_changed", user, target_user_id=user.id, object_id=user.id)


def hash_of_new(user: User, password: str, field: str) -> str:
    """What is stored of a new password; computed before a transaction, for it takes long. Raises Invalid."""
    check_password(password, field)
    if user.must_change_password and _verify(user.password_hash, password):
        raise Invalid("Choose another password than the one before.", field)
    return hash_password(password)


def store_password(user: User, password_hash: str) -> None:
    """Within the caller's transaction: nothing but this password opens a browser for the user any more."""
    user.password_hash, user.must_change_password = password_hash, False
    end_sessions(user)


def end_sessions(user: User) -> None:
    """Within the caller's transaction: every browser has to sign in again."""
    user.session_stamp = new_stamp()
    live = (ApiToken.user_id == user.id, ApiToken.kind == SESSION, ApiToken.revoked_at.is_(None))
    session.execute(update(ApiToken).where(*live).values(revoked_at=now()))


def confirm_password(user: User, password: str, field: str) -> None:
    """Raises Invalid, about `field`, for another password than the user's; TooManyAttempts."""
    throttling.attempt_proof("password", user.id)
    if not _verify(user.password_hash, password):
        raise Invalid("That is not your password.", field)
    throttling.proof_succeeded("password", user.id)


def new_stamp() -> str:
    return secrets.token_hex(16)


def create_token(user: User, name: str = "", expires_in: timedelta | None = None, scope: Scope = Scope.ALL) -> str:
    """A new secret for `user`. It is shown this once: only its hash is stored."""
    return issue_token(user, name, expires_in, scope=scope)[0]


def issue_token(
    user: User, name: str, expires_in: timedelta | None, kind: str = PERSONAL, scope: Scope = Scope.ALL
) -> tuple[str, ApiToken]:
    """A new secret with what is stored of it."""
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    moment = now()
    token = ApiToken(
        user_id=user.id,
        kind=kind,
        name=name,
        prefix=secret[:12],
        hash=digest(secret),
        scope=scope,
        created=moment,
        expires_at=moment + expires_in if expires_in else None,
    )
    with transaction():
        session.add(token)
    return secret, token


def user_of_token(secret: str, kind: str | None = None, *, writes: bool = False) -> User:
    """`writes` is whether the secret is to be good for changing something.

    Raises OnlyReads for one that is not; Unauthenticated, Inactive as `token_of` does.
    """
    token = token_of(secret, kind)
    if writes and token.scope == Scope.READ:
        raise OnlyReads("This token only reads.")
    return token.user


def token_of(secret: str, kind: str | None = None, address: str = "") -> ApiToken:
    """The secret's row with its user, in one query; that it was used, and from where, is noted once a minute.

    Raises Unauthenticated for an unknown, expired or revoked secret, or one of another kind than is asked for;
    Inactive for a disabled account.
    """
    token = _by_secret(secret) if secret else None
    moment = now()
    if token is None or token.revoked_at or (token.expires_at and token.expires_at <= moment):
        raise Unauthenticated("Invalid token.")
    if (kind and token.kind != kind) or (token.kind == SESSION and not proofs.is_enough(token.user, token.proof)):
        raise Unauthenticated("Invalid token.")
    if not token.user.is_active:
        raise Inactive("User inactive or deleted.")
    note_visit(token.user)
    if token.last_used_at is None or moment - token.last_used_at > LAST_USED_RESOLUTION:
        values: dict[str, Any] = {"last_used_at": moment}
        if token.kind == SESSION:
            values |= {"expires_at": _session_end(token), "address": address or token.address}
        with transaction():
            session.execute(update(ApiToken).where(ApiToken.id == token.id).values(**values))
    return token


def _by_secret(secret: str) -> ApiToken | None:
    token, user = BY_HASH.load_each(ApiToken, User, hash=digest(secret)) or (None, None)
    if token:
        set_committed_value(token, "user", user)
    return cast("ApiToken | None", token)


def note_visit(user: User) -> None:
    """Remember, to within minutes, that the user was here."""
    moment = now()
    if user.last_seen_at is None or moment - user.last_seen_at > SEEN_RESOLUTION:
        with transaction():
            session.execute(update(User).where(User.id == user.id).values(last_seen_at=moment))


def _session_end(token: ApiToken) -> datetime:
    settings = config.current()
    return min(now() + settings.session_idle, settings.session_ends(token.created))


def check_username(username: str) -> None:
    """Raises Invalid for one that cannot be used."""
    if not USERNAME.fullmatch(username.strip()):
        raise Invalid("A user name has 1 to 150 letters, digits or @ . + - _", "username")


def check_password(password: str, field: str = "password") -> None:
    """Raises Invalid for one that is too short."""
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"A password has at least {MIN_PASSWORD} characters.", field)


@cache
def _decoy() -> str:
    """What the password of nobody is compared with, so that it takes as long as somebody's."""
    return hash_password(secrets.token_hex(16))


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        with _hashing:
            return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
