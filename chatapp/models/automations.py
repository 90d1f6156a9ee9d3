"""Automations: calls of tools that are made again, and their runs (turns-api section 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now


class Automation(Base):
    """`config` is `{"steps": [...], "metadata": {...}}`. `fingerprint` tells which calls it was made from."""

    __tablename__ = "automations"
    __table_args__ = (
        Index("ix_automations_user_created", "user_id", "created"),
        Index("ix_automations_source_thread_id", "source_thread_id"),
        CheckConstraint("status in ('draft', 'active', 'paused', 'error')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default="draft")
    # Kept though the thread may be gone, so no foreign key.
    source_thread_id: Mapped[UUID]
    source_agent_spec_id: Mapped[UUID | None]
    fingerprint: Mapped[str] = mapped_column(String(64))
    config: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)


class AutomationRun(Base):
    """`steps` are those of the automation with what has become of each. `worker` is who executes the run now."""

    __tablename__ = "automation_runs"
    __table_args__ = (
        Index("ix_automation_runs_automation_created", "automation_id", "created"),
        Index("ix_automation_runs_user_created", "user_id", "created"),
        Index("ix_automation_runs_status", "status"),
        CheckConstraint(
            "status in ('pending', 'running', 'awaiting_approval', 'completed', 'failed', 'cancelled', 'rejected')",
            name="status",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    automation_id: Mapped[UUID] = mapped_column(ForeignKey("automations.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(20), default="pending")
    steps: Mapped[list[Any]]
    error: Mapped[dict[str, Any] | None]
    worker: Mapped[str | None] = mapped_column(String(200))
    renewed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)
