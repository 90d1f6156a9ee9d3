"""The organisation's instructions: one prompt at most is active (waldur 1.4, 2.4), others may have a share of threads.

Every save is a version (core/prompt_versions.py); which one answers in a thread is told by core/prompt_choice.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from chatapp.core import audit, prompt_versions
from chatapp.db import new_id, now, session, transaction
from chatapp.errors import Conflict, Invalid, NotFound
from chatapp.models import PromptVersion, SystemPrompt, User

LONGEST = {"name": 150, "description": 2_000, "custom_instructions": 100_000}
CHANGED_MEANWHILE = "prompt_changed_meanwhile"


def page(offset: int, limit: int) -> tuple[Sequence[SystemPrompt], int]:
    """Newest first, with the number of all."""
    query = select(SystemPrompt).order_by(SystemPrompt.created.desc(), SystemPrompt.id.desc())
    total = session.scalar(select(func.count()).select_from(SystemPrompt)) or 0
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def in_use() -> Sequence[SystemPrompt]:
    """The active prompt, then those with a share of new threads."""
    used = SystemPrompt.is_active | (SystemPrompt.share > 0)
    return session.scalars(select(SystemPrompt).where(used).order_by(SystemPrompt.share, SystemPrompt.id)).all()


def unused(before: UUID | None, limit: int) -> Sequence[SystemPrompt]:
    """The others, newest first, from the one that was made before prompt `before` on."""
    query = select(SystemPrompt).where(~SystemPrompt.is_active, SystemPrompt.share == 0)
    if before:
        query = query.where(SystemPrompt.id < before)
    return session.scalars(query.order_by(SystemPrompt.id.desc()).limit(limit)).all()


def get(prompt_id: UUID) -> SystemPrompt:
    """Raises NotFound."""
    return _found(session.get(SystemPrompt, prompt_id, populate_existing=True))


def create(actor: User, name: str, description: str = "", custom_instructions: str = "") -> SystemPrompt:
    """A prompt that nobody gets yet. Raises Invalid."""
    values = {"name": name, "description": description, "custom_instructions": custom_instructions}
    _check(values)
    with transaction():
        prompt = SystemPrompt(id=new_id(), **values)
        version = prompt_versions.add(prompt, actor)
        session.add(prompt)
        _record("created", actor, prompt, version=version.number)
    return prompt


def change(
    actor: User,
    prompt_id: UUID,
    values: Mapping[str, Any],
    *,
    based_on: UUID | None = None,
    restored: int | None = None,
) -> SystemPrompt:
    """Set the given columns; where one is new, that is a version. Raises NotFound, Invalid, and Conflict when there is
    a newer version than the one that the change is based on."""
    _check(values)
    with transaction():
        prompt = _lock(prompt_id)
        if based_on and prompt.version_id != based_on:
            raise Conflict(CHANGED_MEANWHILE, "Somebody has saved this prompt meanwhile.")
        changed = sorted(name for name, value in values.items() if getattr(prompt, name) != value)
        for name in changed:
            setattr(prompt, name, values[name])
        prompt.modified = now()
        if changed:
            version = prompt_versions.add(prompt, actor, restored)
            details = {"restored": restored} if restored else {}
            _record("changed", actor, prompt, version=version.number, fields=changed, **details)
    return prompt


def roll_back(actor: User, version: PromptVersion) -> SystemPrompt:
    """Say again what a version said, as a new version. Raises NotFound."""
    values = {name: getattr(version, name) for name in prompt_versions.CONTENT}
    return change(actor, version.prompt_id, values, restored=version.number)


def delete(actor: User, prompt_id: UUID) -> None:
    """Also the active one: then none is. Its versions and their figures stay. Raises NotFound."""
    with transaction():
        prompt = _lock(prompt_id)
        session.delete(prompt)
        _record("deleted", actor, prompt, was_active=prompt.is_active)


def activate(actor: User, prompt_id: UUID) -> SystemPrompt:
    """Make this the only active prompt. Raises NotFound."""
    with transaction():
        _lock_all()
        prompt = get(prompt_id)
        if not prompt.is_active:
            session.execute(update(SystemPrompt).where(SystemPrompt.is_active).values(is_active=False, modified=now()))
            prompt.is_active, prompt.share = True, 0
            prompt.modified = now()
            _record("activated", actor, prompt)
    return prompt


def deactivate(actor: User, prompt_id: UUID) -> SystemPrompt:
    """Switch this prompt off, and no other. Raises NotFound."""
    with transaction():
        prompt = _lock(prompt_id)
        if prompt.is_active:
            prompt.is_active = False
            prompt.modified = now()
            _record("deactivated", actor, prompt)
    return prompt


def set_share(actor: User, prompt_id: UUID, share: int) -> SystemPrompt:
    """Of a hundred new threads, how many get this prompt; 0 ends that. Raises NotFound, Invalid."""
    with transaction():
        _lock_all()
        prompt = get(prompt_id)
        others = session.scalar(select(func.sum(SystemPrompt.share)).where(SystemPrompt.id != prompt_id)) or 0
        if not 0 <= share <= 100:
            raise Invalid("A share is a whole number from 0 to 100.", "share")
        if prompt.is_active and share:
            raise Invalid("The active prompt gets all threads that no other prompt gets.", "share")
        if share + others > 100:
            raise Invalid(f"Other prompts get {others} %, so {100 - others} % are left for this one.", "share")
        if prompt.share != share:
            prompt.share = share
            prompt.modified = now()
            _record("shared", actor, prompt, share=share)
    return prompt


def _check(values: Mapping[str, Any]) -> None:
    """Raises Invalid."""
    if not values.get("name", "-").strip():
        raise Invalid("A prompt needs a name.", "name")
    for field, value in values.items():
        if len(value) > LONGEST[field]:
            raise Invalid(f"This has more than {LONGEST[field]:,} characters.", field)


def _lock_all() -> None:
    """All rows, in one order: concurrent activations queue here instead of colliding at the index."""
    session.execute(select(SystemPrompt.id).order_by(SystemPrompt.id).with_for_update())


def _lock(prompt_id: UUID) -> SystemPrompt:
    """For writing: nobody changes or deletes it meanwhile. Raises NotFound."""
    return _found(session.get(SystemPrompt, prompt_id, with_for_update=True, populate_existing=True))


def _found(prompt: SystemPrompt | None) -> SystemPrompt:
    if prompt is None:
        raise NotFound("system prompt")
    return prompt


def _record(what: str, actor: User, prompt: SystemPrompt, **details: Any) -> None:
    audit.record(f"system_prompt_{what}", actor, object_id=prompt.id, **details)
