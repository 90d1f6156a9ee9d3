"""The page of rated answers reads them along one index, the latest rating first."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

RATED = sa.text("feedback_score is not null")


def upgrade():
    op.create_index(
        "ix_messages_rated_listed",
        "messages",
        ["feedback_submitted_at", "id"],
        sqlite_where=RATED,
        postgresql_where=RATED,
    )


def downgrade():
    op.drop_index("ix_messages_rated_listed", "messages")
