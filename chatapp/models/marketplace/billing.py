"""Credits and what they have paid of invoices. Amounts are integer cents."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now
from chatapp.market import InvoiceState, MovementKind, listed
from chatapp.models.marketplace.organizations import Organization, Project


class Credit(Base):
    """Of an organization: money that pays its invoices. Of a project: the share of it that the project may consume.

    `balance` is the sum of its movements, kept in the transaction that writes them; below zero it is overdrawn.
    """

    __tablename__ = "credits"
    __table_args__ = (
        Index(
            "uq_credits_organization",
            "organization_id",
            unique=True,
            sqlite_where=text("project_id is null"),
            postgresql_where=text("project_id is null"),
        ),
        UniqueConstraint("project_id"),
        Index("ix_credits_organization_id", "organization_id"),
        Index(
            "ix_credits_overdrawn", "balance", sqlite_where=text("balance < 0"), postgresql_where=text("balance < 0")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    granted: Mapped[int] = mapped_column(BigInteger, default=0)
    balance: Mapped[int] = mapped_column(BigInteger, default=0)
    expires_on: Mapped[date | None] = mapped_column(Date)
    created: Mapped[datetime] = mapped_column(default=now)

    organization: Mapped[Organization] = relationship(lazy="joined", innerjoin=True)
    project: Mapped[Project | None] = relationship(lazy="joined")


class Invoice(Base):
    """What an organization consumed in a month, which begins at `month`."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("organization_id", "month"),
        CheckConstraint(f"state in ({listed(InvoiceState)})", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    month: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default=InvoiceState.OPEN)
    created: Mapped[datetime] = mapped_column(default=now)

    organization: Mapped[Organization] = relationship(lazy="joined", innerjoin=True)


class InvoiceItem(Base):
    """`compensated` of `price` was paid by credit."""

    __tablename__ = "invoice_items"
    __table_args__ = (
        CheckConstraint("price >= 0 and compensated between 0 and price", name="amounts"),
        Index("ix_invoice_items_invoice", "invoice_id", "id"),
        Index("ix_invoice_items_project_id", "project_id"),
        Index("ix_invoice_items_resource_id", "resource_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id", ondelete="CASCADE"))
    # What it was for may go; what it cost stays.
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"))
    resource_id: Mapped[UUID | None] = mapped_column(ForeignKey("resources.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(300))
    price: Mapped[int] = mapped_column(BigInteger)
    compensated: Mapped[int] = mapped_column(BigInteger, default=0)
    created: Mapped[datetime] = mapped_column(default=now)


class CreditMovement(Base):
    __tablename__ = "credit_movements"
    __table_args__ = (
        CheckConstraint(f"kind in ({listed(MovementKind)})", name="kind"),
        Index("ix_credit_movements_credit_created", "credit_id", "created", "id"),
        Index("ix_credit_movements_invoice_item_id", "invoice_item_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    credit_id: Mapped[UUID] = mapped_column(ForeignKey("credits.id", ondelete="CASCADE"))
    invoice_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice_items.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(15))
    amount: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(300), default="")
    created: Mapped[datetime] = mapped_column(default=now)
