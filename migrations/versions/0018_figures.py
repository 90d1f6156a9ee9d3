"""Figures by day, so that no page adds up millions of turns; which turns are in them; ratings in the order of time."""

import sqlalchemy as sa
from alembic import op

from chatapp.db import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COUNTS = ("turns", "failed", "cancelled", "unpriced", "estimated", *(f"wait_{n}" for n in range(8)))
AMOUNTS = ("input_tokens", "cached_input_tokens", "output_tokens", "cost")
UNCOUNTED = sa.text("completed_at is not null and counted_at is null")
RATED = sa.text("feedback_score is not null")


def sums():
    counts = [sa.Column(name, sa.Integer, nullable=False) for name in COUNTS]
    return counts + [sa.Column(name, sa.BigInteger, nullable=False) for name in AMOUNTS]


def upgrade():
    op.create_table(
        "site_figures",
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("key", sa.String(150), nullable=False),
        *sums(),
        sa.CheckConstraint("kind in ('all', 'model', 'prompt')", name="ck_site_figures_kind"),
        sa.PrimaryKeyConstraint("kind", "day", "key", name="pk_site_figures"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "user_figures",
        sa.Column("grain", sa.String(5), nullable=False),
        sa.Column("begin", sa.Date, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        *sums(),
        sa.CheckConstraint("grain in ('day', 'month')", name="ck_user_figures_grain"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_user_figures_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("grain", "begin", "user_id", name="pk_user_figures"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_user_figures_user", "user_figures", ["user_id", "grain", "begin"])
    op.add_column("turns", sa.Column("counted_at", UtcDateTime))
    op.create_index("ix_turns_uncounted", "turns", ["completed_at"], sqlite_where=UNCOUNTED, postgresql_where=UNCOUNTED)
    op.create_index(
        "ix_messages_rated",
        "messages",
        ["feedback_submitted_at", "feedback_score", "model", "user_id"],
        sqlite_where=RATED,
        postgresql_where=RATED,
    )


def downgrade():
    op.drop_index("ix_messages_rated", "messages")
    op.drop_index("ix_turns_uncounted", "turns")
    op.drop_column("turns", "counted_at")
    op.drop_table("user_figures")
    op.drop_table("site_figures")
