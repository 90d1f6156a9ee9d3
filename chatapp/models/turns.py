"""Turns, their event log and their leases."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now

UNCOUNTED = text("completed_at is not null and counted_at is null")
ACTIVE_SQL = text("status in ('pending', 'running', 'awaiting_approval')")
UNFINISHED_SQL = text("status in ('failed', 'cancelled')")
SLOW_SQL = text("first_token_ms >= 2000")
PROMPTED_SQL = text("prompt_version_id is not null")


class Turn(Base):
    """One question and its answer: the unit of work (turns-api 2.3)."""

    __tablename__ = "turns"
    __table_args__ = (
        Index(
            "uq_turns_one_active",
            "thread_id",
            unique=True,
            sqlite_where=ACTIVE_SQL,
            postgresql_where=ACTIVE_SQL,
        ),
        Index(
            "uq_turns_one_active_per_key",
            "user_id",
            "concurrency_key",
            unique=True,
            sqlite_where=ACTIVE_SQL,
            postgresql_where=ACTIVE_SQL,
        ),
        Index("uq_turns_idempotency_key", "thread_id", "idempotency_key", unique=True),
        Index("ix_turns_thread_created", "thread_id", "created"),
        Index("ix_turns_uncounted", "completed_at", sqlite_where=UNCOUNTED, postgresql_where=UNCOUNTED),
        Index("ix_turns_prompted", "completed_at", sqlite_where=PROMPTED_SQL, postgresql_where=PROMPTED_SQL),
        Index("ix_turns_active_user", "user_id", sqlite_where=ACTIVE_SQL, postgresql_where=ACTIVE_SQL),
        # For those who look after the site (core/turn_lists.py). Ids sort by time; an answer that went well is in none
        # of the partial ones.
        Index("ix_turns_user", "user_id", "id"),
        Index("ix_turns_unfinished", "status", "id", sqlite_where=UNFINISHED_SQL, postgresql_where=UNFINISHED_SQL),
        Index("ix_turns_slow", "id", sqlite_where=SLOW_SQL, postgresql_where=SLOW_SQL),
        CheckConstraint(
            "status in ('pending', 'running', 'awaiting_approval', 'completed', 'failed', 'cancelled')", name="status"
        ),
        CheckConstraint("(status = 'failed') = (error_code is not null)", name="error_iff_failed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(20))
    mode: Mapped[str] = mapped_column(String(10))
    # Not foreign keys: a message names its turn too, and the answer's id exists before its row does.
    input_message_id: Mapped[UUID]
    output_message_id: Mapped[UUID | None]
    answer_id: Mapped[UUID]
    answer_index: Mapped[int]
    answer_replaces_id: Mapped[UUID | None]
    # What the model is asked; differs from the stored question only in a reload with other words.
    prompt: Mapped[str | None] = mapped_column(Text)
    # The version of a system prompt that answers; not a foreign key, so that it costs nothing here.
    prompt_version_id: Mapped[UUID | None]
    model: Mapped[str | None] = mapped_column(String(150))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    input_tokens: Mapped[int | None]
    cached_input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    total_cost: Mapped[str | None] = mapped_column(String(32))
    usage_exact: Mapped[bool] = mapped_column(default=True)
    finish_reason: Mapped[str | None] = mapped_column(String(20))
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_retryable: Mapped[bool | None]
    concurrency_key: Mapped[str] = mapped_column(String(128))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    # From `created` to the first text that could be shown, in milliseconds.
    first_token_ms: Mapped[int | None]
    # When what happened, as far as the log does not tell: core/traces.py. Not loaded unless it is asked for.
    trace: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    created: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    # When it went into the daily figures (core.figures).
    counted_at: Mapped[datetime | None]
    modified: Mapped[datetime] = mapped_column(default=now)


class TurnLease(Base):
    """Who executes an active turn, and what it has consumed: a small row that is rewritten often."""

    __tablename__ = "turn_leases"

    turn_id: Mapped[UUID] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    worker: Mapped[str] = mapped_column(String(200))
    renewed_at: Mapped[datetime] = mapped_column(default=now, index=True)
    model: Mapped[str | None] = mapped_column(String(150))
    input_tokens: Mapped[int | None]
    cached_input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]


class ToolApproval(Base):
    """A call that a person has to allow first (turns-api 4.9). `reason` is what they gave with their decision."""

    __tablename__ = "tool_approvals"
    __table_args__ = (
        CheckConstraint("status in ('pending', 'approved', 'denied')", name="status"),
        Index("uq_tool_approvals_call", "turn_id", "call_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    turn_id: Mapped[UUID] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"))
    call_id: Mapped[str] = mapped_column(String(200))
    tool: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(10), default="pending")
    reason: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime] = mapped_column(default=now)
    decided_at: Mapped[datetime | None]


class TurnEvent(Base):
    """The append-only log. `data` is the JSON of the wire object, written once and passed on as it is."""

    __tablename__ = "turn_events"
    __table_args__ = ({"sqlite_with_rowid": False},)

    turn_id: Mapped[UUID] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=now)
