"""Files and other pieces of content, what was read in them, and where they are used (turns-api 2.4 and 2.5)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now

WAITING = text("ingestion_status in ('pending', 'processing')")
OF_THREAD = text("message_id is null")
SCREENED = text("withheld > 0 or is_masked")


class Blob(Base):
    """A content in the blob store. Its row is the lock under which its file comes and goes."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    created: Mapped[datetime] = mapped_column(default=now)


class Artifact(Base):
    """A stored piece of content. What it is never changes; how far it has been read does."""

    __tablename__ = "artifacts"
    __table_args__ = (
        Index("ix_artifacts_user_created", "user_id", "created", "id"),
        Index("ix_artifacts_waiting", "created", sqlite_where=WAITING, postgresql_where=WAITING),
        CheckConstraint("kind in ('json', 'text', 'file')", name="kind"),
        CheckConstraint("(kind = 'file') = (content is null)", name="inline"),
        CheckConstraint(
            "ingestion_status in ('none', 'pending', 'processing', 'completed', 'failed')", name="ingestion_status"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str | None] = mapped_column(String(255))
    original_filename: Mapped[str | None] = mapped_column(String(255))
    mime_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int]
    # Of a file: its blob, without a foreign key, since that of inline content is in no blob.
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[str | None] = mapped_column(Text)
    width: Mapped[int | None]
    height: Mapped[int | None]
    turn_id: Mapped[UUID | None]
    action_run_id: Mapped[UUID | None]
    ingestion_status: Mapped[str] = mapped_column(String(10))
    # One of the words of chatapp.extraction.Problem.
    ingestion_problem: Mapped[str | None] = mapped_column(String(20))
    ingestion_attempts: Mapped[int] = mapped_column(default=0)
    ingestion_claimed: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)


class ArtifactText(Base):
    """What a model may read of an artifact: screened, and masked where the policy says so."""

    __tablename__ = "artifact_texts"
    __table_args__ = (
        Index("ix_artifact_texts_screened", "artifact_id", sqlite_where=SCREENED, postgresql_where=SCREENED),
        CheckConstraint("severity in ('none', 'low', 'medium', 'high', 'critical')", name="severity"),
    )

    artifact_id: Mapped[UUID] = mapped_column(ForeignKey("artifacts.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    length: Mapped[int]
    is_cut: Mapped[bool] = mapped_column(default=False)
    severity: Mapped[str] = mapped_column(String(10), default="none")
    # Passages that were withheld, and whether personal data was masked.
    withheld: Mapped[int] = mapped_column(default=0)
    is_masked: Mapped[bool] = mapped_column(default=False)


class Attachment(Base):
    """The use of an artifact in a thread: in all of it, or with one question."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_thread_created", "thread_id", "created", "id"),
        Index("uq_attachments_of_message", "message_id", "artifact_id", unique=True),
        Index(
            "uq_attachments_of_thread",
            "thread_id",
            "artifact_id",
            unique=True,
            sqlite_where=OF_THREAD,
            postgresql_where=OF_THREAD,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    artifact_id: Mapped[UUID] = mapped_column(ForeignKey("artifacts.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # As they were when it was attached (turns-api 2.4).
    original_filename: Mapped[str] = mapped_column(String(255))
    mime_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int]
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)
