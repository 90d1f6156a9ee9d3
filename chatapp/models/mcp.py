"""Servers that offer the assistant tools (Model Context Protocol), and those tools."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now


class McpServer(Base):
    """`token` is sealed (core.sealing), empty when there is none. `protocol` is the revision it spoke last."""

    __tablename__ = "mcp_servers"
    __table_args__ = (CheckConstraint("audience in ('everybody', 'support', 'staff')", name="audience"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(20), unique=True)
    url: Mapped[str] = mapped_column(String(2000))
    token: Mapped[str] = mapped_column(Text, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    requires_approval: Mapped[bool] = mapped_column(default=True)
    trusts_hints: Mapped[bool] = mapped_column(default=False)
    audience: Mapped[str] = mapped_column(String(10), default="everybody")
    protocol: Mapped[str] = mapped_column(String(20), default="")
    last_error: Mapped[str] = mapped_column(String(500), default="")
    checked_at: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)

    tools: Mapped[list[McpTool]] = relationship(
        order_by="McpTool.name", cascade="all, delete-orphan", passive_deletes=True
    )


class McpTool(Base):
    """`name` is the server's, `alias` the one that models call. A `refusal` says why it cannot be offered."""

    __tablename__ = "mcp_tools"
    __table_args__ = (
        UniqueConstraint("server_id", "name"),
        CheckConstraint("audience in ('everybody', 'support', 'staff', 'nobody')", name="audience"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    server_id: Mapped[UUID] = mapped_column(ForeignKey("mcp_servers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    alias: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(Text, default="")
    parameters: Mapped[dict[str, Any]]
    reads_only: Mapped[bool] = mapped_column(default=False)
    audience: Mapped[str] = mapped_column(String(10), default="staff")
    refusal: Mapped[str] = mapped_column(String(300), default="")
    # When the server last said something else about it than before.
    changed_at: Mapped[datetime | None]
