"""Definitions of agents: who answers in a thread (turns-api 2.7)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from chatapp.db import session, transaction
from chatapp.errors import Invalid
from chatapp.models import AgentSpec

PRIMARY, SUBAGENT = "primary", "subagent"
MODES = (PRIMARY, SUBAGENT)


def create(slug: str, name: str, *, description: str = "", mode: str = PRIMARY, instructions: str = "") -> AgentSpec:
    """Raises Invalid for a slug that is taken."""
    spec = AgentSpec(slug=slug, name=name, description=description, mode=mode, instructions=instructions)
    with transaction():
        if session.scalar(select(AgentSpec.id).where(AgentSpec.slug == slug)):
            raise Invalid(f"There is an agent {slug} already.", "slug")
        session.add(spec)
    return spec


def page(mode: str | None, offset: int, limit: int) -> tuple[Sequence[AgentSpec], int]:
    """By name, with the number of all."""
    wanted = [AgentSpec.mode == mode] if mode else []
    total = session.scalar(select(func.count()).select_from(AgentSpec).where(*wanted)) or 0
    query = select(AgentSpec).where(*wanted).order_by(AgentSpec.name, AgentSpec.id)
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def check_selectable(spec_id: UUID | None) -> None:
    """Raises Invalid for what cannot answer in a thread. None can: it is the default assistant."""
    if spec_id is None:
        return
    spec = session.get(AgentSpec, spec_id)
    if spec is None or spec.mode != PRIMARY:
        raise Invalid("There is no such agent to choose.", "agent_spec_id")


def instructions(spec_id: UUID | None) -> str:
    """What the agent is told first; of one that is gone, and of the default assistant, nothing."""
    spec = session.get(AgentSpec, spec_id) if spec_id else None
    return spec.instructions.strip() if spec else ""
