"""Calls of tools that a person has to allow first."""

import sqlalchemy as sa
from alembic import op

from chatapp.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "tool_approvals",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("turn_id", sa.Uuid, nullable=False),
        sa.Column("call_id", sa.String(200), nullable=False),
        sa.Column("tool", sa.String(100), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.CheckConstraint("status in ('pending', 'approved', 'denied')", name="ck_tool_approvals_status"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], "fk_tool_approvals_turn_id_turns", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_tool_approvals"),
    )
    op.create_index("uq_tool_approvals_call", "tool_approvals", ["turn_id", "call_id"], unique=True)


def downgrade():
    op.drop_table("tool_approvals")
