"""What system prompts have said, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base, new_id, now


class PromptVersion(Base):
    """A system prompt as it was saved. Rows are only added: what answered can be looked up when its prompt is gone."""

    __tablename__ = "prompt_versions"
    __table_args__ = (UniqueConstraint("prompt_id", "number", name="uq_prompt_versions_prompt_id_number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    # Not foreign keys: a version outlives its prompt and its author.
    prompt_id: Mapped[UUID]
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(150))
    description: Mapped[str] = mapped_column(String(2000), default="")
    custom_instructions: Mapped[str] = mapped_column(Text, default="")
    author_id: Mapped[UUID | None]
    # The number of the version that this one brought back.
    restored: Mapped[int | None]
    created: Mapped[datetime] = mapped_column(default=now)


class PromptFigures(Base):
    """What the turns that a version has answered came to, summed up; trials are not in it."""

    __tablename__ = "prompt_figures"

    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompt_versions.id", ondelete="CASCADE"), primary_key=True, default=new_id
    )
    answers: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[int] = mapped_column(default=0)
    thumbs_up: Mapped[int] = mapped_column(default=0)
    thumbs_down: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    # How many answers began after about so many milliseconds: a median needs more than a sum.
    first_tokens: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Summed(Base):
    """Up to when the figures called `name` contain what has happened."""

    __tablename__ = "summed"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    until: Mapped[datetime]
