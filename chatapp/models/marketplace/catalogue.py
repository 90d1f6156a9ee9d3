"""What can be ordered: categories, offerings, and of machines their flavors, images and networks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now
from chatapp.market import OfferingKind, OfferingState, listed


class Category(Base):
    __tablename__ = "categories"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(150))
    description: Mapped[str] = mapped_column(String(2000), default="")
    created: Mapped[datetime] = mapped_column(default=now)


class Offering(Base):
    """`price` is cents a month, to which a flavor's price is added."""

    __tablename__ = "offerings"
    __table_args__ = (
        Index("ix_offerings_category_name", "category_id", "name", "id"),
        Index("ix_offerings_name", "name", "id"),
        CheckConstraint(f"kind in ({listed(OfferingKind)})", name="kind"),
        CheckConstraint(f"state in ({listed(OfferingState)})", name="state"),
        CheckConstraint("price >= 0", name="price"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("categories.id"))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(150))
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default=OfferingState.ACTIVE)
    provider: Mapped[str] = mapped_column(String(150), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    # What sets it apart, in its own words: shown, and compared side by side.
    features: Mapped[dict[str, Any]] = mapped_column(default=dict)
    price: Mapped[int] = mapped_column(BigInteger, default=0)
    # Who provisions what is ordered: chatapp.marketplace.driver.
    driver: Mapped[str] = mapped_column(String(40), default="demo")
    created: Mapped[datetime] = mapped_column(default=now)

    category: Mapped[Category] = relationship(lazy="joined", innerjoin=True)


class Flavor(Base):
    """A size of machine; `ram` and `disk` in MiB, `price` in cents a month."""

    __tablename__ = "flavors"
    __table_args__ = (
        UniqueConstraint("offering_id", "slug"),
        CheckConstraint("cores > 0 and ram > 0 and disk >= 0 and price >= 0", name="size"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    offering_id: Mapped[UUID] = mapped_column(ForeignKey("offerings.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(150))
    cores: Mapped[int]
    ram: Mapped[int] = mapped_column(BigInteger)
    disk: Mapped[int] = mapped_column(BigInteger, default=0)
    price: Mapped[int] = mapped_column(BigInteger, default=0)


class Image(Base):
    """An operating system, and the least it needs in MiB."""

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("offering_id", "slug"),
        CheckConstraint("min_ram >= 0 and min_disk >= 0", name="needs"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    offering_id: Mapped[UUID] = mapped_column(ForeignKey("offerings.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(150))
    min_ram: Mapped[int] = mapped_column(BigInteger, default=0)
    min_disk: Mapped[int] = mapped_column(BigInteger, default=0)


class Network(Base):
    __tablename__ = "networks"
    __table_args__ = (
        UniqueConstraint("offering_id", "slug"),
        Index(
            "uq_networks_one_default",
            "offering_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    offering_id: Mapped[UUID] = mapped_column(ForeignKey("offerings.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(150))
    cidr: Mapped[str] = mapped_column(String(50), default="")
    # Taken when an order names none.
    is_default: Mapped[bool] = mapped_column(default=False)
