"""Browsers that somebody has signed in with: opened, listed, ended (docs/adr/0026-browser-sessions.md).

A session is a secret of kind session (turns-api 1.2). The browser has it in a cookie, the store its hash; it ends when
it is not used for a while, some time after signing in, and at once when it is revoked.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from chatapp import config
from chatapp.core import accounts, audit
from chatapp.db import now, session, transaction
from chatapp.errors import NotFound
from chatapp.models import ApiToken, User
from chatapp.values import Proof

SHOWN = 50
ADDRESS_LENGTH = 45


def open_session(user: User, name: str = "Browser", address: str = "", proof: Proof = Proof.PASSWORD) -> str:
    """The secret of a browser that is the user's from now on; `name` is what its owner recognises it by."""
    with transaction():
        secret, token = accounts.issue_token(user, name, config.current().session_idle, accounts.SESSION)
        token.address, token.proof = address[:ADDRESS_LENGTH], proof
    return secret


def visit(secret: str, address: str) -> ApiToken:
    """The session with its user. Raises Unauthenticated, Inactive."""
    return accounts.token_of(secret, accounts.SESSION, address[:ADDRESS_LENGTH])


def close_session(secret: str) -> None:
    """The secret opens nothing from now on; an unknown one never did."""
    with transaction():
        _end(ApiToken.hash == accounts.digest(secret))


def of_user(user: User) -> Sequence[ApiToken]:
    """The sessions that are open, the one that was used last first; of very many the first."""
    used = func.coalesce(ApiToken.last_used_at, ApiToken.created)
    query = select(ApiToken).where(*_open(user), ApiToken.expires_at > now())
    return session.scalars(query.order_by(used.desc(), ApiToken.id.desc()).limit(SHOWN)).all()


def end(user: User, session_id: UUID) -> None:
    """One of the user's sessions; that it has ended already is fine. Raises NotFound for those of others."""
    mine = (ApiToken.id == session_id, ApiToken.user_id == user.id, ApiToken.kind == accounts.SESSION)
    with transaction():
        if session.scalar(select(ApiToken.id).where(*mine)) is None:
            raise NotFound("session")
        if _end(*mine):
            audit.record("session_ended", user, target_user_id=user.id, object_id=session_id)


def end_others(user: User, session_id: UUID) -> int:
    """All of the user's sessions but this one, and sign-ins that have only begun; how many sessions there were."""
    with transaction():
        user.session_stamp = accounts.new_stamp()
        ended = _end(*_open(user), ApiToken.id != session_id)
        if ended:
            audit.record("other_sessions_ended", user, target_user_id=user.id, object_id=user.id, sessions=ended)
    return ended


def delete_ended() -> int:
    """Where somebody was is not kept longer than needed; how many there were."""
    over = or_(ApiToken.revoked_at.is_not(None), ApiToken.expires_at <= now())
    with transaction():
        gone = delete(ApiToken).where(ApiToken.kind == accounts.SESSION, over).returning(ApiToken.id)
        return len(session.scalars(gone).all())


def _open(user: User) -> tuple[ColumnElement[bool], ...]:
    return ApiToken.user_id == user.id, ApiToken.kind == accounts.SESSION, ApiToken.revoked_at.is_(None)


def _end(*which: ColumnElement[bool]) -> int:
    open_ones = (*which, ApiToken.kind == accounts.SESSION, ApiToken.revoked_at.is_(None))
    ended = update(ApiToken).where(*open_ones).values(revoked_at=now()).returning(ApiToken.id)
    return len(session.scalars(ended).all())
