"""Who answers: definitions of agents."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now


class AgentSpec(Base):
    __tablename__ = "agent_specs"
    __table_args__ = (CheckConstraint("mode in ('primary', 'subagent')", name="mode"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(150))
    description: Mapped[str] = mapped_column(String(2000), default="")
    mode: Mapped[str] = mapped_column(String(10), default="primary")
    instructions: Mapped[str] = mapped_column(Text, default="")
    # Names of the tools that it may call.
    tools: Mapped[list[Any]] = mapped_column(default=list)
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)
