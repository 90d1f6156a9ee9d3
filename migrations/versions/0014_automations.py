"""Automations made from conversations, and their runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chatapp.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
RUN_STATES = "'pending', 'running', 'awaiting_approval', 'completed', 'failed', 'cancelled', 'rejected'"


def upgrade():
    op.create_table(
        "automations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("source_thread_id", sa.Uuid, nullable=False),
        sa.Column("source_agent_spec_id", sa.Uuid),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("config", JSON, nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("modified", UtcDateTime, nullable=False),
        sa.CheckConstraint("status in ('draft', 'active', 'paused', 'error')", name="ck_automations_status"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_automations_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_automations"),
    )
    op.create_index("ix_automations_user_created", "automations", ["user_id", "created"])
    op.create_index("ix_automations_source_thread_id", "automations", ["source_thread_id"])
    op.create_table(
        "automation_runs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("automation_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("steps", JSON, nullable=False),
        sa.Column("error", JSON),
        sa.Column("worker", sa.String(200)),
        sa.Column("renewed_at", UtcDateTime),
        sa.Column("started_at", UtcDateTime),
        sa.Column("completed_at", UtcDateTime),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("modified", UtcDateTime, nullable=False),
        sa.CheckConstraint(f"status in ({RUN_STATES})", name="ck_automation_runs_status"),
        sa.ForeignKeyConstraint(
            ["automation_id"], ["automations.id"], "fk_automation_runs_automation_id_automations", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_automation_runs_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_automation_runs"),
    )
    op.create_index("ix_automation_runs_automation_created", "automation_runs", ["automation_id", "created"])
    op.create_index("ix_automation_runs_user_created", "automation_runs", ["user_id", "created"])
    op.create_index("ix_automation_runs_status", "automation_runs", ["status"])


def downgrade():
    op.drop_table("automation_runs")
    op.drop_table("automations")
