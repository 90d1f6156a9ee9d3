"""Everybody's archived threads in the order of their last change: SQLite sorts all of them without an index for it."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    archived = sa.text("archived_at is not null")
    op.create_index(
        "ix_threads_archived_modified",
        "threads",
        ["modified", "id"],
        sqlite_where=archived,
        postgresql_where=archived,
    )


def downgrade():
    op.drop_index("ix_threads_archived_modified", "threads")
