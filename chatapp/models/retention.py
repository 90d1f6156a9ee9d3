"""How long conversations are kept, what must not be erased, and what has been."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now


class RetentionRule(Base):
    """Days after which threads of people in a role go, flagged ones or others; 0 is never. No row: the settings."""

    __tablename__ = "retention_rules"
    __table_args__ = (
        CheckConstraint("role in ('regular', 'support', 'staff')", name="role"),
        CheckConstraint("days >= 0", name="days"),
    )

    role: Mapped[str] = mapped_column(String(10), primary_key=True)
    is_flagged: Mapped[bool] = mapped_column(primary_key=True)
    days: Mapped[int]


class LegalHold(Base):
    """A thread, or a person with all threads, that nothing erases while the row is there: the store refuses it too."""

    __tablename__ = "legal_holds"
    __table_args__ = (CheckConstraint("(thread_id is null) <> (user_id is null)", name="one_object"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    thread_id: Mapped[UUID | None] = mapped_column(ForeignKey("threads.id"), unique=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    # Not a foreign key: it stays when whoever placed it leaves.
    placed_by: Mapped[UUID]
    created: Mapped[datetime] = mapped_column(default=now)


class RetentionRun(Base):
    """What the work of one day has erased. Counts only."""

    __tablename__ = "retention_runs"
    __table_args__ = (Index("ix_retention_runs_created", "created"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    threads: Mapped[int] = mapped_column(default=0)
    # Of those, how many their owners had deleted before.
    deleted_threads: Mapped[int] = mapped_column(default=0)
    messages: Mapped[int] = mapped_column(default=0)
    files: Mapped[int] = mapped_column(default=0)
    people: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime] = mapped_column(default=now)
