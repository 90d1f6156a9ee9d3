"""Requests that may be repeated: the first answer is given again (turns-api 0.9)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from chatapp.core.retention import KEPT_ANSWERS
from chatapp.db import now, session, transaction
from chatapp.errors import Conflict, KeyReused
from chatapp.models import KeptAnswer, User
from chatapp.values import Json

# After so long whoever handled the first request is gone.
ABANDONED = timedelta(minutes=5)


def claim(user: User, scope: str, key: str, fingerprint: str) -> KeptAnswer | None:
    """The answer that was given before; None: the caller handles the request and then calls `keep` or `let_go`.

    Raises KeyReused, and Conflict while somebody else is handling it.
    """
    with transaction():
        # One after the other for one person: of two first requests one finds the other's claim.
        session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))
        found = session.get(KeptAnswer, (user.id, scope, key), populate_existing=True)
        if found and _is_void(found):
            session.delete(found)
            session.flush()
            found = None
        if found is None:
            session.add(KeptAnswer(user_id=user.id, scope=scope, key=key, fingerprint=fingerprint))
            return None
    if found.fingerprint != fingerprint:
        raise KeyReused("This idempotency key was used before with other content.")
    if found.status is None:
        raise Conflict("request_in_progress", "A request with this idempotency key is still being handled.")
    return found


def keep(user: User, scope: str, key: str, status: int, document: Json) -> None:
    """The answer to a request that was claimed."""
    with transaction():
        session.execute(update(KeptAnswer).where(*_claimed(user, scope, key)).values(status=status, document=document))


def let_go(user: User, scope: str, key: str) -> None:
    """A claimed request was refused: its key is free again."""
    with transaction():
        session.execute(delete(KeptAnswer).where(*_claimed(user, scope, key)))


def _claimed(user: User, scope: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return KeptAnswer.user_id == user.id, KeptAnswer.scope == scope, KeptAnswer.key == key


def _is_void(answer: KeptAnswer) -> bool:
    age = now() - answer.created
    return age > KEPT_ANSWERS or (answer.status is None and age > ABANDONED)
