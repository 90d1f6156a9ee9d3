"""Conversations. What lists show is kept on the thread in the transaction that changes it: lists never aggregate."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now
from chatapp.models.accounts import User

# What staff may sort everybody's threads by, each with what goes along with it: a filter on that may leave only threads
# at the far end of the order, and the others are then passed over within the index; the newest 5,000 are looked for by
# every filter. And the parts that filters of few values leave.
ORDERS = {
    "created": ("modified", "input_tokens", "output_tokens", "total_tokens"),
    "modified": ("created",),
    "input_tokens": ("output_tokens", "total_tokens"),
    "output_tokens": ("input_tokens", "total_tokens"),
    "total_tokens": ("input_tokens", "output_tokens"),
    "models_used": ("created", "modified"),
}
PARTS = {
    "archived": "archived_at is not null",
    "active": "archived_at is null",
    "flagged": "is_flagged = {true}",
    "rated": "has_feedback = {true}",
}
UNNAMED = "title is null"
SET_BACK = "modified < created"
DELETED = "deleted_at is not null"
# The lists of one's own threads: what they are read by, and the part they are read from.
OWN_LISTS = {
    "active": (("user_id", "active_at", "id"), "archived_at is null"),
    "archived": (("user_id", "archived_at", "id"), "archived_at is not null"),
    "pinned": (("user_id", "pinned_at"), "pinned_at is not null"),
    "unread": (("user_id",), "unread_at is not null"),
    "visible": (("user_id", "last_activity_at", "id"), "archived_at is null"),
}


class ChatSession(Base):
    """A user's container of threads: exactly one, made on first need."""

    __tablename__ = "chat_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)
    # Counts what changes in the list of the user's threads: whoever shows the list asks for this alone.
    revision: Mapped[int] = mapped_column(default=0, server_default="0")

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Thread(Base):
    __tablename__ = "threads"
    __table_args__ = (
        Index("ix_threads_user_created", "user_id", "created", "id"),
        *(
            Index(f"ix_threads_user_{name}", *columns, sqlite_where=text(part), postgresql_where=text(part))
            for name, (columns, part) in OWN_LISTS.items()
        ),
        *(Index(f"ix_threads_{column}", column, "id", *companions) for column, companions in ORDERS.items()),
        Index("ix_threads_max_severity", "max_severity", "created", "id"),
        *(
            Index(
                f"ix_threads_{name}",
                "created",
                "id",
                # SQLite uses a partial index only where the query says the same to the letter.
                sqlite_where=text(part.format(true=1)),
                postgresql_where=text(part.format(true="true")),
            )
            for name, part in PARTS.items()
        ),
        Index(
            "ix_threads_archived_modified",
            "modified",
            "id",
            sqlite_where=text(PARTS["archived"]),
            postgresql_where=text(PARTS["archived"]),
        ),
        Index("ix_threads_unnamed", "id", sqlite_where=text(UNNAMED), postgresql_where=text(UNNAMED)),
        Index("ix_threads_set_back", "id", sqlite_where=text(SET_BACK), postgresql_where=text(SET_BACK)),
        Index("ix_threads_deleted", "deleted_at", sqlite_where=text(DELETED), postgresql_where=text(DELETED)),
        CheckConstraint("max_severity in ('none', 'low', 'medium', 'high', 'critical')", name="max_severity"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("chat_sessions.id", ondelete="CASCADE"), index=True)
    # The session's user again, so that a list of one's threads is one index.
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str | None] = mapped_column(String(150))
    title_tried: Mapped[bool] = mapped_column(default=False)
    system_prompt: Mapped[str | None] = mapped_column(Text)
    # Not a foreign key: the thread keeps the id of an agent that is gone.
    agent_spec_id: Mapped[UUID | None]
    # The version of a system prompt that the thread was drawn for, or is a trial of; others follow the active prompt.
    prompt_version_id: Mapped[UUID | None]
    is_trial: Mapped[bool] = mapped_column(default=False, server_default=false())
    # What programs keep with the thread; no model ever sees it.
    client_data: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    archived_at: Mapped[datetime | None]
    pinned_at: Mapped[datetime | None]
    # When an answer ended that its reader has not seen.
    unread_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    flags: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_flagged: Mapped[bool] = mapped_column(default=False)
    max_severity: Mapped[str] = mapped_column(String(10), default="none")
    has_feedback: Mapped[bool] = mapped_column(default=False)
    last_index: Mapped[int] = mapped_column(default=0)
    message_count: Mapped[int] = mapped_column(default=0)
    # Everything the thread has cost, its title included; the total is kept because lists sort by it.
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    total_tokens: Mapped[int | None]
    title_input_tokens: Mapped[int | None]
    title_output_tokens: Mapped[int | None]
    models_used: Mapped[str] = mapped_column(Text, default="")
    last_message_at: Mapped[datetime | None]
    # The same, or when the thread was made while it is empty.
    last_activity_at: Mapped[datetime] = mapped_column(default=now)
    # When its owner last asked something in it: nothing else moves a thread in the list.
    active_at: Mapped[datetime] = mapped_column(default=now)
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None
