"""The list of one's own threads: pinned, unread, by latest activity; a number that tells whether it has changed.

Each list is one range of one index, in the order in which it is shown.
"""

import sqlalchemy as sa
from alembic import op

from chatapp.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTS = {
    "active": (["user_id", "active_at", "id"], "archived_at is null"),
    "archived": (["user_id", "archived_at", "id"], "archived_at is not null"),
    "pinned": (["user_id", "pinned_at"], "pinned_at is not null"),
    "unread": (["user_id"], "unread_at is not null"),
}


def upgrade():
    op.add_column("chat_sessions", sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
    op.add_column("threads", sa.Column("pinned_at", UtcDateTime))
    op.add_column("threads", sa.Column("unread_at", UtcDateTime))
    # The default is for SQLite, which adds no other column that must have a value; making the table anew would drop
    # the triggers of the search.
    begin = sa.text("'2000-01-01 00:00:00.000000'")
    op.add_column("threads", sa.Column("active_at", UtcDateTime, nullable=False, server_default=begin))
    op.execute("update threads set active_at = coalesce(last_message_at, created)")
    for name, (columns, part) in LISTS.items():
        where = sa.text(part)
        op.create_index(f"ix_threads_user_{name}", "threads", columns, sqlite_where=where, postgresql_where=where)


def downgrade():
    for name in LISTS:
        op.drop_index(f"ix_threads_user_{name}", "threads")
    for column in ("active_at", "unread_at", "pinned_at"):
        op.drop_column("threads", column)
    op.drop_column("chat_sessions", "revision")
