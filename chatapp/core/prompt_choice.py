"""Which version of which system prompt answers in a thread.

A thread is drawn once, at its first question: it gets the current version of a prompt with a share of new threads, and
keeps that version while the prompt has a share, or it follows the active prompt like all others (waldur 2.4: changes
apply to the next answer). Where a thread is drawn depends on nothing but its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, select

from chatapp.core import audit, prompt_versions, threads
from chatapp.db import transaction
from chatapp.models import SystemPrompt, Thread, User
from chatapp.prepared import Prepared

OFFERED = Prepared(
    select(SystemPrompt.id, SystemPrompt.version_id, SystemPrompt.is_active, SystemPrompt.share)
    .where(SystemPrompt.is_active | (SystemPrompt.share > 0))
    .order_by(SystemPrompt.id)
)
Offered = Sequence[Row[UUID, UUID, bool, int]]


def for_question(thread: Thread) -> UUID | None:
    """The version that answers the thread's next question, None without a prompt. At its first, the thread is drawn:
    the caller stores it."""
    offered = _offered()
    if thread.last_index == 0 and thread.prompt_version_id is None:
        thread.prompt_version_id = _drawn(thread.id, offered)
    return _chosen(thread, offered)


def in_force(thread: Thread) -> UUID | None:
    """The version that speaks in the thread now, None without a prompt."""
    return _chosen(thread, _offered())


def try_out(admin: User, version_id: UUID) -> Thread:
    """A conversation of the administrator's own in which this version answers. Raises NotFound."""
    version = prompt_versions.get(version_id)
    with transaction():
        thread = threads.create(admin, f"Trial of {version.name}"[: threads.NAME_LENGTH])
        thread.prompt_version_id, thread.is_trial = version.id, True
        threads.note_change(thread.session_id)
        audit.record("system_prompt_tried", admin, object_id=version.prompt_id, version=version.number)
    return thread


def _offered() -> Offered:
    return OFFERED.rows()


def _chosen(thread: Thread, offered: Offered) -> UUID | None:
    kept = thread.prompt_version_id
    if kept and (thread.is_trial or _is_shared(prompt_versions.said(kept).prompt_id, offered)):
        return kept
    return next((row.version_id for row in offered if row.is_active), None)


def _is_shared(prompt_id: UUID, offered: Offered) -> bool:
    return any(row.id == prompt_id and row.share for row in offered)


def _drawn(thread_id: UUID, offered: Offered) -> UUID | None:
    """The version of the prompt in whose part of the hundred the thread falls; None for what the active one gets."""
    point = int.from_bytes(hashlib.sha256(thread_id.bytes).digest()[:8]) % 100
    for _, version_id, _, share in offered:
        if point < share:
            return version_id
        point -= share
    return None
