"""What people said of answers, each time they did."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now


class Feedback(Base):
    """Records are only added: the newest of a message is the one that its message shows."""

    __tablename__ = "feedback"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # Not foreign keys: both go with the thread.
    message_id: Mapped[UUID | None]
    turn_id: Mapped[UUID | None]
    score: Mapped[bool]
    comment: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(default=now)
