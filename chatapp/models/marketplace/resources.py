"""What has been ordered: resources, the orders that change them, what they use, and people's SSH keys."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now
from chatapp.market import ACTIVE_ORDERS, OrderKind, OrderState, ResourceState, listed
from chatapp.models.marketplace.catalogue import Offering
from chatapp.models.marketplace.organizations import Project

ACTIVE_SQL = text(f"state in ({', '.join(repr(str(state)) for state in ACTIVE_ORDERS)})")


class SshKey(Base):
    __tablename__ = "ssh_keys"
    __table_args__ = (UniqueConstraint("user_id", "name"), UniqueConstraint("user_id", "fingerprint"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(50))
    public_key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(60))
    created: Mapped[datetime] = mapped_column(default=now)


class Resource(Base):
    """What it was made of is kept in words: a flavor or image may leave the catalogue before it does.

    `cores`, `ram` and `storage` (MiB) are what it takes of its project's quota, `price` cents a month.
    """

    __tablename__ = "resources"
    __table_args__ = (
        Index("ix_resources_project_created", "project_id", "created", "id"),
        Index("ix_resources_project_name", "project_id", "name", "id"),
        Index("ix_resources_offering_created", "offering_id", "created", "id"),
        Index("ix_resources_created", "created", "id"),
        Index("ix_resources_name", "name", "id"),
        Index("ix_resources_state_created", "state", "created", "id"),
        CheckConstraint(f"state in ({listed(ResourceState)})", name="state"),
        CheckConstraint("cores >= 0 and ram >= 0 and storage >= 0 and price >= 0", name="size"),
        CheckConstraint("(state = 'Terminated') = (terminated_at is not null)", name="terminated"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"))
    offering_id: Mapped[UUID] = mapped_column(ForeignKey("offerings.id"))
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(150))
    state: Mapped[str] = mapped_column(String(12))
    # Why it is paused or erred, in words for its users.
    reason: Mapped[str] = mapped_column(String(2000), default="")
    flavor: Mapped[str] = mapped_column(String(150), default="")
    image: Mapped[str] = mapped_column(String(150), default="")
    network: Mapped[str] = mapped_column(String(150), default="")
    ssh_key_name: Mapped[str] = mapped_column(String(100), default="")
    cores: Mapped[int] = mapped_column(default=0)
    ram: Mapped[int] = mapped_column(BigInteger, default=0)
    storage: Mapped[int] = mapped_column(BigInteger, default=0)
    price: Mapped[int] = mapped_column(BigInteger, default=0)
    # What its driver has to tell: addresses, names in the cloud.
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[datetime] = mapped_column(default=now)
    modified: Mapped[datetime] = mapped_column(default=now)
    terminated_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True)
    offering: Mapped[Offering] = relationship(lazy="joined", innerjoin=True)


class ResourceUsage(Base):
    """What a resource has used of something in a month, which begins at `month`; `cost` in cents."""

    __tablename__ = "resource_usages"
    __table_args__ = (CheckConstraint("amount >= 0 and cost >= 0", name="amounts"),)

    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resources.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    component: Mapped[str] = mapped_column(String(40), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(String(20))
    cost: Mapped[int] = mapped_column(BigInteger, default=0)


class Order(Base):
    """A wish about a resource, and how far it has come. While active, one process at a time works on it.

    `worker` holds it since `renewed_at`; nobody looks at it before `due_at`. `memory` is its driver's own.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("uq_orders_idempotency_key", "user_id", "idempotency_key", unique=True),
        Index("uq_orders_one_active", "resource_id", unique=True, sqlite_where=ACTIVE_SQL, postgresql_where=ACTIVE_SQL),
        Index("ix_orders_due", "due_at", "id", sqlite_where=ACTIVE_SQL, postgresql_where=ACTIVE_SQL),
        Index("ix_orders_project_created", "project_id", "created", "id"),
        Index("ix_orders_resource", "resource_id"),
        Index("ix_orders_created", "created", "id"),
        CheckConstraint(f"kind in ({listed(OrderKind)})", name="kind"),
        CheckConstraint(f"state in ({listed(OrderState)})", name="state"),
        CheckConstraint("(state = 'erred') = (error is not null)", name="error_iff_erred"),
        CheckConstraint("percent between 0 and 100", name="percent"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default=OrderState.PENDING)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"))
    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resources.id"))
    idempotency_key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    wish: Mapped[dict[str, Any]] = mapped_column(default=dict)
    progress: Mapped[str] = mapped_column(String(200), default="")
    percent: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(2000))
    memory: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(200))
    renewed_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(default=now)
    created: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    resource: Mapped[Resource] = relationship(lazy="joined", innerjoin=True)
