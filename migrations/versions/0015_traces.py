"""When what happened in a turn, for those who look after the site; and indexes to find turns by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
UNFINISHED = sa.text("status in ('failed', 'cancelled')")
SLOW = sa.text("first_token_ms >= 2000")


def upgrade():
    op.add_column("turns", sa.Column("first_token_ms", sa.Integer))
    op.add_column("turns", sa.Column("trace", JSON))
    op.create_index("ix_turns_user", "turns", ["user_id", "id"])
    op.create_index(
        "ix_turns_unfinished", "turns", ["status", "id"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )
    op.create_index("ix_turns_slow", "turns", ["id"], sqlite_where=SLOW, postgresql_where=SLOW)


def downgrade():
    for name in ("ix_turns_slow", "ix_turns_unfinished", "ix_turns_user"):
        op.drop_index(name, "turns")
    op.drop_column("turns", "trace")
    op.drop_column("turns", "first_token_ms")
