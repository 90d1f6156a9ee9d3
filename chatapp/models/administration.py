"""What administrators steer and see: system prompts, quotas, site-wide capacity, the audit trail."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now

# What the list of the trail is filtered by.
AUDIT_FILTERS = ("event", "actor_id", "target_user_id", "object_id")


class SystemPrompt(Base):
    __tablename__ = "system_prompts"
    __table_args__ = (
        Index(
            "uq_system_prompts_one_active",
            "is_active",
            unique=True,
            sqlite_where=text("is_active"),
            postgresql_where=text("is_active"),
        ),
        Index("ix_system_prompts_created", "created", "id"),
        CheckConstraint("share between 0 and 100", name="share"),
        CheckConstraint("share = 0 or not is_active", name="active_without_share"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(150))
    description: Mapped[str] = mapped_column(String(2000), default="")
    custom_instructions: Mapped[str] = mapped_column(Text, default="")
    is_active: Mapped[bool] = mapped_column(default=False)
    # What it says now. Not a foreign key: versions stay when their prompt is deleted.
    version_id: Mapped[UUID]
    # Of a hundred new threads, how many get it instead of the active prompt.
    share: Mapped[int] = mapped_column(default=0, server_default="0")
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)


class Quota(Base):
    """A user's tokens by period. Usage counts only while its period is the current one; limits: -1 is unlimited."""

    __tablename__ = "quotas"
    __table_args__ = (
        CheckConstraint("daily_limit >= -1 and weekly_limit >= -1 and monthly_limit >= -1", name="limits"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    daily_limit: Mapped[int | None] = mapped_column(BigInteger)
    weekly_limit: Mapped[int | None] = mapped_column(BigInteger)
    monthly_limit: Mapped[int | None] = mapped_column(BigInteger)
    daily_usage: Mapped[int] = mapped_column(BigInteger, default=0)
    weekly_usage: Mapped[int] = mapped_column(BigInteger, default=0)
    monthly_usage: Mapped[int] = mapped_column(BigInteger, default=0)
    daily_period: Mapped[date] = mapped_column(Date)
    weekly_period: Mapped[date] = mapped_column(Date)
    monthly_period: Mapped[date] = mapped_column(Date)


class SiteCounter(Base):
    """What the whole site has used of a capacity in the period that began at `period`."""

    __tablename__ = "site_counters"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    period: Mapped[datetime]
    amount: Mapped[int] = mapped_column(BigInteger, default=0)


class AuditRecord(Base):
    """Who did what to whose object. Never the content of a conversation.

    Records are a chain (core/audit_chain.py): their numbers have no gap, each hash covers the record before.
    """

    __tablename__ = "audit_records"
    __table_args__ = (
        Index("ix_audit_records_created", "created", "number"),
        *(Index(f"ix_audit_records_{column}", column, "number") for column in AUDIT_FILTERS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    event: Mapped[str] = mapped_column(String(60))
    # Not foreign keys: the trail outlives what it tells of.
    actor_id: Mapped[UUID | None]
    target_user_id: Mapped[UUID | None]
    object_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[datetime] = mapped_column(default=now)
    hash: Mapped[str] = mapped_column(String(64))


class AuditChain(Base):
    """The end of the trail, in one row that whoever adds to it locks, and what the last check of it has found."""

    __tablename__ = "audit_chain"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    last_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    checked_number: Mapped[int | None] = mapped_column(BigInteger)
    # Empty: none.
    fault: Mapped[str] = mapped_column(String(200), default="", server_default="")
