"""Retention by role and flag, legal holds that the store itself keeps, and what each run has erased."""

import sqlalchemy as sa
from alembic import op

from chatapp.db import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "retention_rules",
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("is_flagged", sa.Boolean, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.CheckConstraint("role in ('regular', 'support', 'staff')", name="ck_retention_rules_role"),
        sa.CheckConstraint("days >= 0", name="ck_retention_rules_days"),
        sa.PrimaryKeyConstraint("role", "is_flagged", name="pk_retention_rules"),
    )
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("thread_id", sa.Uuid),
        sa.Column("user_id", sa.Uuid),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("placed_by", sa.Uuid, nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.CheckConstraint("(thread_id is null) <> (user_id is null)", name="ck_legal_holds_one_object"),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], "fk_legal_holds_thread_id_threads"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_legal_holds_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_legal_holds"),
        sa.UniqueConstraint("thread_id", name="uq_legal_holds_thread_id"),
        sa.UniqueConstraint("user_id", name="uq_legal_holds_user_id"),
    )
    counts = ("threads", "deleted_threads", "messages", "files", "people")
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.Uuid, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retention_runs"),
    )
    op.create_index("ix_retention_runs_created", "retention_runs", ["created"])


def downgrade():
    for table in ("retention_runs", "legal_holds", "retention_rules"):
        op.drop_table(table)
