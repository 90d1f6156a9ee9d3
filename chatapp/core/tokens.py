"""One's own API tokens: made, listed, revoked. `core.accounts` makes the secret and knows whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_, update

from chatapp.core import accounts, audit
from chatapp.db import now, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import ApiToken, User
from chatapp.values import Scope

NAME_LENGTH = 255
MOST = 100
MOST_DAYS = 365
DAYS = (7, 30, 90, 365, 0)  # 0: never expires
DEFAULT_DAYS = 90


def of_user(user: User) -> Sequence[ApiToken]:
    """Those that are not revoked, the newest first; expired ones as well. Those of browsers are left out."""
    mine = select(ApiToken).where(
        ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None), ApiToken.kind != accounts.SESSION
    )
    return session.scalars(mine.order_by(ApiToken.created.desc(), ApiToken.id.desc())).all()


def page(
    user: User, after: tuple[datetime, UUID] | None, limit: int, *, with_revoked: bool
) -> tuple[Sequence[ApiToken], bool]:
    """Secrets of any kind, the newest first, after a position; and whether there are more (turns-api 1.2)."""
    query = select(ApiToken).where(ApiToken.user_id == user.id)
    if not with_revoked:
        query = query.where(ApiToken.revoked_at.is_(None))
    if after:
        query = query.where(tuple_(ApiToken.created, ApiToken.id) < after)
    found = session.scalars(query.order_by(ApiToken.created.desc(), ApiToken.id.desc()).limit(limit + 1)).all()
    return found[:limit], len(found) > limit


def create(user: User, name: str, days: int, scope: Scope = Scope.ALL) -> tuple[str, ApiToken]:
    """A secret that works for so many days, 0: until it is revoked. It is shown this once. Raises Invalid."""
    name = " ".join(name.split())
    if not name:
        raise Invalid("Say what the token is for.", "token_name")
    if len(name) > NAME_LENGTH:
        raise Invalid(f"A name has at most {NAME_LENGTH} characters.", "token_name")
    if not 0 <= days <= MOST_DAYS:
        raise Invalid("Choose one of the times.", "token_days")
    with transaction():
        mine = select(func.count()).where(
            ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None), ApiToken.kind != accounts.SESSION
        )
        if (session.scalar(mine) or 0) >= MOST:
            raise Invalid(f"At most {MOST} tokens can exist. Revoke one first.", "token_name")
        secret, token = accounts.issue_token(user, name, timedelta(days=days) if days else None, scope=scope)
        audit.record("api_token_created", user, target_user_id=user.id, object_id=user.id, days=days, scope=scope)
    return secret, token


def revoke(user: User, token_id: UUID, *, actor: User | None = None) -> None:
    """The user's token opens nothing from now on; revoking twice is fine. Raises NotFound for tokens of others.

    `actor` is who revokes it, if not the user.
    """
    mine = (ApiToken.id == token_id, ApiToken.user_id == user.id)
    with transaction():
        token = session.scalar(select(ApiToken).where(*mine))
        if token is None:
            raise NotFound("token")
        if token.revoked_at:
            return
        session.execute(update(ApiToken).where(*mine).values(revoked_at=now()))
        audit.record("api_token_revoked", actor or user, target_user_id=user.id, object_id=token_id)
