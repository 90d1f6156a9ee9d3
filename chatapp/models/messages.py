"""Questions and answers. Versions of one message share its place (`sequence_index`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now

CALLED = "successful_tools <> ''"
RATED = "feedback_score is not null"


class Message(Base):
    """A row exists only for what can be shown: a running answer has its place reserved on the turn, not here."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_thread_index", "thread_id", "sequence_index", "created"),
        Index("ix_messages_user_index", "user_id", "sequence_index", "created"),
        Index(
            "uq_messages_one_root",
            "thread_id",
            "sequence_index",
            unique=True,
            sqlite_where=text("replaces_id is null"),
            postgresql_where=text("replaces_id is null"),
        ),
        Index(
            "uq_messages_one_current",
            "thread_id",
            "sequence_index",
            unique=True,
            sqlite_where=text("superseded_by is null"),
            postgresql_where=text("superseded_by is null"),
        ),
        Index(
            "ix_messages_rated",
            "feedback_submitted_at",
            "feedback_score",
            "model",
            "user_id",
            sqlite_where=text(RATED),
            postgresql_where=text(RATED),
        ),
        Index("ix_messages_tools", "thread_id", sqlite_where=text(CALLED), postgresql_where=text(CALLED)),
        CheckConstraint("role in ('user', 'assistant')", name="role"),
        CheckConstraint("sequence_index >= 1", name="sequence_index"),
        CheckConstraint("severity in ('none', 'low', 'medium', 'high', 'critical')", name="severity"),
        CheckConstraint("action_taken in ('allow', 'flag', 'warn', 'redact', 'block')", name="action_taken"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    # The thread's user again: lists and searches over one's own messages are one index.
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    turn_id: Mapped[UUID | None] = mapped_column(index=True)
    role: Mapped[str] = mapped_column(String(10))
    sequence_index: Mapped[int]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"), unique=True)
    # The version that took this one's place; for an answer being rewritten, the id its successor will have.
    superseded_by: Mapped[UUID | None]
    content: Mapped[str] = mapped_column(Text, default="")
    blocks: Mapped[list[Any]] = mapped_column(default=list)
    # Names of the tools whose calls succeeded, separated by commas.
    successful_tools: Mapped[str] = mapped_column(Text, default="", server_default="")
    # The message as pydantic-ai's history has it; null where there is no such form.
    raw_data: Mapped[dict[str, Any] | None]
    warning: Mapped[str] = mapped_column(Text, default="")
    interrupted: Mapped[bool] = mapped_column(default=False)
    model: Mapped[str | None] = mapped_column(String(150))
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    feedback_score: Mapped[bool | None]
    feedback_comment: Mapped[str | None] = mapped_column(Text)
    feedback_category: Mapped[str | None] = mapped_column(String(20))
    feedback_submitted_at: Mapped[datetime | None]
    is_flagged: Mapped[bool] = mapped_column(default=False)
    severity: Mapped[str] = mapped_column(String(10), default="none")
    action_taken: Mapped[str] = mapped_column(String(10), default="allow")
    injection_score: Mapped[float] = mapped_column(default=0.0)
    injection_severity: Mapped[str] = mapped_column(String(10), default="none")
    injection_categories: Mapped[list[Any]] = mapped_column(default=list)
    pii_categories: Mapped[list[Any]] = mapped_column(default=list)
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)
