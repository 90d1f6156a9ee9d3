"""What administrators steer and see: one active system prompt at most, quotas, site capacity, the audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chatapp.db import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade():
    op.create_table(
        "system_prompts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("description", sa.String(length=2000), nullable=False),
        sa.Column("custom_instructions", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("modified", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_prompts")),
    )
    op.create_index(
        "uq_system_prompts_one_active",
        "system_prompts",
        ["is_active"],
        unique=True,
        sqlite_where=sa.text("is_active"),
        postgresql_where=sa.text("is_active"),
    )
    op.create_index("ix_system_prompts_created", "system_prompts", ["created", "id"])
    op.create_table(
        "quotas",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("daily_limit", sa.BigInteger(), nullable=True),
        sa.Column("weekly_limit", sa.BigInteger(), nullable=True),
        sa.Column("monthly_limit", sa.BigInteger(), nullable=True),
        sa.Column("daily_usage", sa.BigInteger(), nullable=False),
        sa.Column("weekly_usage", sa.BigInteger(), nullable=False),
        sa.Column("monthly_usage", sa.BigInteger(), nullable=False),
        sa.Column("daily_period", sa.Date(), nullable=False),
        sa.Column("weekly_period", sa.Date(), nullable=False),
        sa.Column("monthly_period", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "daily_limit >= -1 and weekly_limit >= -1 and monthly_limit >= -1", name=op.f("ck_quotas_limits")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_quotas_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_quotas")),
    )
    op.create_table(
        "site_counters",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("period", UtcDateTime(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_counters")),
    )
    op.create_table(
        "audit_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("target_user_id", sa.Uuid(), nullable=True),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("details", JSON, nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_records")),
    )
    op.create_index("ix_audit_records_created", "audit_records", ["created", "id"])


def downgrade():
    op.drop_table("audit_records")
    op.drop_table("site_counters")
    op.drop_table("quotas")
    op.drop_table("system_prompts")
