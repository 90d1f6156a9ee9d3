"""Answers to requests that may be repeated."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, now


class KeptAnswer(Base):
    """`status` is null while the first request with the key is being handled."""

    __tablename__ = "kept_answers"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    # Method and path.
    scope: Mapped[str] = mapped_column(String(255), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    document: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(default=now, index=True)
