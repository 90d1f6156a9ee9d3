"""Documents of which the guards have kept something from the model: what of them, whose, and where they are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from chatapp.db import session
from chatapp.models import Artifact, ArtifactText, Attachment, Thread, User
from chatapp.models.artifacts import SCREENED

PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """A document, its owner, what of it was kept back, and the conversations that it is used in."""

    artifact: Artifact
    owner: User
    found: ArtifactText
    threads: Sequence[Thread]


def page(after: UUID | None = None) -> tuple[Sequence[Entry], UUID | None]:
    """The latest first, and where those after them begin; None after the last."""
    query = (
        select(Artifact, User, ArtifactText)
        .join_from(ArtifactText, Artifact, Artifact.id == ArtifactText.artifact_id)
        .join(User, User.id == Artifact.user_id)
        .where(SCREENED)
    )
    if after:
        query = query.where(ArtifactText.artifact_id < after)
    rows = session.execute(query.order_by(ArtifactText.artifact_id.desc()).limit(PAGE + 1)).all()
    used = _threads([artifact.id for artifact, _, _ in rows])
    entries = [Entry(artifact, owner, found, used.get(artifact.id, ())) for artifact, owner, found in rows[:PAGE]]
    return entries, entries[-1].artifact.id if len(rows) > PAGE else None


def _threads(artifact_ids: Sequence[UUID]) -> dict[UUID, list[Thread]]:
    uses = (
        select(Attachment.artifact_id, Thread)
        .join(Thread, Thread.id == Attachment.thread_id)
        .where(Attachment.artifact_id.in_(artifact_ids))
        .order_by(Attachment.id)
    )
    found: dict[UUID, list[Thread]] = {}
    for artifact_id, thread in session.execute(uses):
        threads = found.setdefault(artifact_id, [])
        if thread not in threads:
            threads.append(thread)
    return found
