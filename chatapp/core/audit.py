"""The audit trail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.db import session, transaction
from chatapp.models import AuditRecord, User


def record(event: str, actor: User, *, object_id: UUID, target_user_id: UUID | None = None, **details: Any) -> None:
    """Write down that `actor` did `event` to an object, of `target_user_id` if it is somebody's.

    Details hold ids and codes only.
    """
    with transaction():
        session.add(
            AuditRecord(
                event=event, actor_id=actor.id, target_user_id=target_user_id, object_id=object_id, details=details
            )
        )
