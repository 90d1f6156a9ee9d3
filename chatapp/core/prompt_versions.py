"""What system prompts have said: every save is a version, and versions stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import bindparam, func, select

from chatapp.db import new_id, session
from chatapp.errors import NotFound
from chatapp.models import PromptFigures, PromptVersion, SystemPrompt, User

CONTENT = ("name", "description", "custom_instructions")
REMEMBERED = 64  # texts of up to 100,000 characters in each process
SAID = select(PromptVersion.prompt_id, PromptVersion.custom_instructions).where(
    PromptVersion.id == bindparam("version")
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a turn needs of a version."""

    prompt_id: UUID
    instructions: str


@lru_cache(REMEMBERED)
def said(version_id: UUID) -> Said:
    """Looked up once by each process: a version never changes. Raises NoResultFound."""
    row = session.connection().execute(SAID, {"version": version_id}).one()
    return Said(row.prompt_id, row.custom_instructions)


def get(version_id: UUID) -> PromptVersion:
    """Raises NotFound."""
    version = session.get(PromptVersion, version_id)
    if version is None:
        raise NotFound("version")
    return version


def numbered(prompt_id: UUID, number: int) -> PromptVersion:
    """Raises NotFound."""
    found = (PromptVersion.prompt_id == prompt_id) & (PromptVersion.number == number)
    version = session.scalar(select(PromptVersion).where(found))
    if version is None:
        raise NotFound("version")
    return version


def page(prompt_id: UUID, before: int | None, limit: int) -> Sequence[PromptVersion]:
    """Newest first, from the one before number `before` on."""
    query = select(PromptVersion).where(PromptVersion.prompt_id == prompt_id)
    if before is not None:
        query = query.where(PromptVersion.number < before)
    return session.scalars(query.order_by(PromptVersion.number.desc()).limit(limit)).all()


def numbers(version_ids: Iterable[UUID]) -> dict[UUID, int]:
    found = select(PromptVersion.id, PromptVersion.number).where(PromptVersion.id.in_(list(version_ids)))
    return {row.id: row.number for row in session.execute(found)}


def authors(versions: Sequence[PromptVersion]) -> dict[UUID, str]:
    """The names of those who saved them; whoever has left is missing."""
    ids = {version.author_id for version in versions if version.author_id}
    rows = session.execute(select(User.id, User.full_name, User.username).where(User.id.in_(ids))) if ids else ()
    return {row.id: row.full_name or row.username for row in rows}


def add(prompt: SystemPrompt, author: User, restored: int | None = None) -> PromptVersion:
    """What the prompt says now, as its newest version, within the caller's transaction, which has locked it."""
    latest = session.scalar(select(func.max(PromptVersion.number)).where(PromptVersion.prompt_id == prompt.id))
    version = PromptVersion(
        id=new_id(),
        prompt_id=prompt.id,
        number=(latest or 0) + 1,
        author_id=author.id,
        restored=restored,
        **{name: getattr(prompt, name) for name in CONTENT},
    )
    session.add(version)
    session.flush()
    session.add(PromptFigures(version_id=version.id))
    prompt.version_id = version.id
    return version
