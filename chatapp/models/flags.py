"""What the guards have flagged, what people made of it, and the phrases that are allowed since.

Nothing here copies a message. A flag has the id of its message and outlives it, so that figures about the guards stay
when conversations are erased.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now
from chatapp.models.accounts import User

# The queue: whose text is still there.
READABLE = "thread_id is not null"


class Flag(Base):
    """A flagged message, in the order of the queue: `urgency` is 0 for critical, 3 for low."""

    __tablename__ = "flags"
    __table_args__ = (
        *(
            Index(name, *columns, sqlite_where=text(READABLE), postgresql_where=text(READABLE))
            for name, columns in (
                ("ix_flags_queue", ("decision", "urgency", "created", "id")),
                ("ix_flags_urgency", ("urgency", "created", "id")),
            )
        ),
        Index("ix_flags_thread", "thread_id", "urgency", "created", "id"),
        Index("ix_flags_user", "user_id", "urgency", "created", "id"),
        Index("ix_flags_created", "created", "action", "decision"),
        CheckConstraint("urgency between 0 and 3", name="urgency"),
        CheckConstraint("decision in ('undecided', 'confirmed', 'false_alarm', 'follow_up')", name="decision"),
    )

    # The id of the message. Not a foreign key: the flag outlives it.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID | None] = mapped_column(ForeignKey("threads.id", ondelete="SET NULL"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    urgency: Mapped[int] = mapped_column(SmallInteger)
    action: Mapped[str] = mapped_column(String(10))
    injection_score: Mapped[float]
    decision: Mapped[str] = mapped_column(String(20), default="undecided")
    created: Mapped[datetime]

    rules: Mapped[list[FlagRule]] = relationship(lazy="selectin", order_by="FlagRule.place", viewonly=True)


class FlagRule(Base):
    """A category that spoke of a flagged message; whether it was right is known once somebody has decided."""

    __tablename__ = "flag_rules"
    __table_args__ = (Index("ix_flag_rules_created", "created", "rule", "is_right"),)

    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), primary_key=True)
    rule: Mapped[str] = mapped_column(String(40), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger)
    is_right: Mapped[bool | None]
    # The flag's again: figures are one range of one index.
    created: Mapped[datetime]


class FlagDecision(Base):
    """What somebody decided about a flag. Records are only added: the newest holds."""

    __tablename__ = "flag_decisions"
    __table_args__ = (Index("ix_flag_decisions_flag", "flag_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    reviewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    decision: Mapped[str] = mapped_column(String(20))
    wrong_rules: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime] = mapped_column(default=now)

    reviewer: Mapped[User | None] = relationship(lazy="joined")


class AllowedPhrase(Base):
    """No prompt injection when it is nearly the whole message (waldur-chat-api section 7.5)."""

    __tablename__ = "allowed_phrases"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    phrase: Mapped[str] = mapped_column(String(500), unique=True)
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created: Mapped[datetime] = mapped_column(default=now)

    author: Mapped[User | None] = relationship(lazy="joined")
