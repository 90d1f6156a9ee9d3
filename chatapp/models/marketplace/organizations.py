"""Organizations, their projects, and who is what in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now
from chatapp.market import Component, MemberRole, listed
from chatapp.models.accounts import User


class Organization(Base):
    """What the chat API calls a customer."""

    __tablename__ = "organizations"
    __table_args__ = (Index("ix_organizations_name", "name", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(150))
    created: Mapped[datetime] = mapped_column(default=now)


class Project(Base):
    __tablename__ = "projects"
    __table_args__ = (
        Index("ix_projects_organization_name", "organization_id", "name", "id"),
        Index("ix_projects_name", "name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(150))
    description: Mapped[str] = mapped_column(String(2000), default="")
    created: Mapped[datetime] = mapped_column(default=now)

    organization: Mapped[Organization] = relationship(lazy="joined", innerjoin=True)


class Membership(Base):
    """Owners belong to an organization and with it to its projects; the other roles belong to one project."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("user_id", "organization_id"),
        UniqueConstraint("user_id", "project_id"),
        CheckConstraint(f"role in ({listed(MemberRole)})", name="role"),
        CheckConstraint("(organization_id is null) <> (project_id is null)", name="one_place"),
        CheckConstraint("(role = 'owner') = (organization_id is not null)", name="owners_of_organizations"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(10))
    created: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class ProjectQuota(Base):
    """What a project may take of a component and takes: changed in the transaction that orders or terminates."""

    __tablename__ = "project_quotas"
    __table_args__ = (
        CheckConstraint(f"component in ({listed(Component)})", name="component"),
        CheckConstraint("most is null or most >= 0", name="most"),
        CheckConstraint("used >= 0", name="used"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    component: Mapped[str] = mapped_column(String(10), primary_key=True)
    # None: unlimited.
    most: Mapped[int | None] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger, default=0)
