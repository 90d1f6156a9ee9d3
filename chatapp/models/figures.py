"""What turns have cost and how they went, added up by day: pages of figures read these, never turns or messages."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Base

# Until the first piece of text, in seconds: up to each of these, and more than the last.
WAIT_BOUNDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class Sums:
    """Of turns that have ended; `cost` in hundred-millionths of a US dollar, `unpriced` turns with an unknown one."""

    turns: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cached_input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cost: Mapped[int] = mapped_column(BigInteger, default=0)
    unpriced: Mapped[int] = mapped_column(default=0)
    estimated: Mapped[int] = mapped_column(default=0)
    # How many waited how long for their first text: one column for each of WAIT_BOUNDS, and one for more.
    wait_0: Mapped[int] = mapped_column(default=0)
    wait_1: Mapped[int] = mapped_column(default=0)
    wait_2: Mapped[int] = mapped_column(default=0)
    wait_3: Mapped[int] = mapped_column(default=0)
    wait_4: Mapped[int] = mapped_column(default=0)
    wait_5: Mapped[int] = mapped_column(default=0)
    wait_6: Mapped[int] = mapped_column(default=0)
    wait_7: Mapped[int] = mapped_column(default=0)


class SiteFigure(Sums, Base):
    """Of everybody on one day: all turns (`key` empty), those of a model, of a prompt's version (its id)."""

    __tablename__ = "site_figures"
    __table_args__ = (CheckConstraint("kind in ('all', 'model', 'prompt')", name="kind"), {"sqlite_with_rowid": False})

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[str] = mapped_column(String(150), primary_key=True)


class UserFigure(Sums, Base):
    """Of one person in a day or in a month: a year of a thousand people is read by months."""

    __tablename__ = "user_figures"
    __table_args__ = (
        Index("ix_user_figures_user", "user_id", "grain", "begin"),
        CheckConstraint("grain in ('day', 'month')", name="grain"),
        {"sqlite_with_rowid": False},
    )

    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    begin: Mapped[date] = mapped_column(Date, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
