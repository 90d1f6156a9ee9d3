"""Links that show a conversation, as it was when they were made, to whoever has them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now


class ShareLink(Base):
    """Only the hash of what the address holds is kept. A revoked link is deleted."""

    __tablename__ = "share_links"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(150))
    # The name that the sharer wants to be seen; empty: none.
    author: Mapped[str] = mapped_column(String(100), default="")
    created: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SharedMessage(Base):
    """A message, in the version that was current, that a link shows."""

    __tablename__ = "shared_messages"

    link_id: Mapped[UUID] = mapped_column(ForeignKey("share_links.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, index=True
    )
