"""The organisation's instructions: at most one prompt is active (waldur 1.4, 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from chatapp.db import now, session, transaction
from chatapp.errors import NotFound
from chatapp.models import SystemPrompt

ACTIVE = select(SystemPrompt).where(SystemPrompt.is_active)


def page(offset: int, limit: int) -> tuple[Sequence[SystemPrompt], int]:
    """Newest first, with the number of all."""
    query = select(SystemPrompt).order_by(SystemPrompt.created.desc(), SystemPrompt.id.desc())
    total = session.scalar(select(func.count()).select_from(SystemPrompt)) or 0
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def get(prompt_id: UUID) -> SystemPrompt:
    """Raises NotFound."""
    return _found(session.get(SystemPrompt, prompt_id, populate_existing=True))


def active() -> SystemPrompt | None:
    return session.scalar(ACTIVE)


def create(name: str, description: str = "", custom_instructions: str = "") -> SystemPrompt:
    prompt = SystemPrompt(name=name, description=description, custom_instructions=custom_instructions)
    with transaction():
        session.add(prompt)
    return prompt


def change(prompt_id: UUID, values: dict[str, Any]) -> SystemPrompt:
    """Set the given columns. Raises NotFound."""
    with transaction():
        prompt = _lock(prompt_id)
        for name, value in values.items():
            setattr(prompt, name, value)
        prompt.modified = now()
    return prompt


def delete(prompt_id: UUID) -> None:
    """Also the active one: then none is. Raises NotFound."""
    with transaction():
        session.delete(_lock(prompt_id))


def activate(prompt_id: UUID) -> SystemPrompt:
    """Make this the only active prompt. Raises NotFound."""
    with transaction():
        # All rows, in one order: concurrent activations queue here instead of colliding at the index.
        session.execute(select(SystemPrompt.id).order_by(SystemPrompt.id).with_for_update())
        prompt = get(prompt_id)
        if not prompt.is_active:
            session.execute(update(SystemPrompt).where(SystemPrompt.is_active).values(is_active=False, modified=now()))
            prompt.is_active = True
            prompt.modified = now()
    return prompt


def deactivate(prompt_id: UUID) -> SystemPrompt:
    """Switch this prompt off, and no other. Raises NotFound."""
    with transaction():
        prompt = _lock(prompt_id)
        if prompt.is_active:
            prompt.is_active = False
            prompt.modified = now()
    return prompt


def _lock(prompt_id: UUID) -> SystemPrompt:
    """For writing: nobody changes or deletes it meanwhile. Raises NotFound."""
    return _found(session.get(SystemPrompt, prompt_id, with_for_update=True, populate_existing=True))


def _found(prompt: SystemPrompt | None) -> SystemPrompt:
    if prompt is None:
        raise NotFound("system prompt")
    return prompt
