"""Servers that offer the assistant tools over the Model Context Protocol, and which of their tools are for whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chatapp.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade():
    op.create_table(
        "mcp_servers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("requires_approval", sa.Boolean, nullable=False),
        sa.Column("trusts_hints", sa.Boolean, nullable=False),
        sa.Column("audience", sa.String(10), nullable=False),
        sa.Column("protocol", sa.String(20), nullable=False),
        sa.Column("last_error", sa.String(500), nullable=False),
        sa.Column("checked_at", UtcDateTime),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.CheckConstraint("audience in ('everybody', 'support', 'staff')", name="ck_mcp_servers_audience"),
        sa.PrimaryKeyConstraint("id", name="pk_mcp_servers"),
        sa.UniqueConstraint("prefix", name="uq_mcp_servers_prefix"),
    )
    op.create_table(
        "mcp_tools",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("server_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("alias", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("reads_only", sa.Boolean, nullable=False),
        sa.Column("audience", sa.String(10), nullable=False),
        sa.Column("refusal", sa.String(300), nullable=False),
        sa.Column("changed_at", UtcDateTime),
        sa.CheckConstraint("audience in ('everybody', 'support', 'staff', 'nobody')", name="ck_mcp_tools_audience"),
        sa.ForeignKeyConstraint(
            ["server_id"], ["mcp_servers.id"], "fk_mcp_tools_server_id_mcp_servers", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mcp_tools"),
        sa.UniqueConstraint("server_id", "name", name="uq_mcp_tools_server_id_name"),
    )


def downgrade():
    op.drop_table("mcp_tools")
    op.drop_table("mcp_servers")
