"""Indexes for the lists of staff and support: each filter and each order of everybody's threads without reading them all.

Filters of few values are partial indexes over the usual order, so that the first page and the count read one range.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ORDERS = ("modified", "input_tokens", "output_tokens", "total_tokens", "models_used")
PARTS = {
    "archived": "archived_at is not null",
    "active": "archived_at is null",
    "flagged": "is_flagged = {true}",
    "rated": "has_feedback = {true}",
}


def upgrade():
    for column in ORDERS:
        op.create_index(f"ix_threads_{column}", "threads", [column, "id"])
    op.create_index("ix_threads_max_severity", "threads", ["max_severity", "created", "id"])
    for name, condition in PARTS.items():
        op.create_index(
            f"ix_threads_{name}",
            "threads",
            ["created", "id"],
            sqlite_where=sa.text(condition.format(true=1)),
            postgresql_where=sa.text(condition.format(true="true")),
        )


def downgrade():
    for name in (*PARTS, "max_severity", *ORDERS):
        op.drop_index(f"ix_threads_{name}", "threads")
