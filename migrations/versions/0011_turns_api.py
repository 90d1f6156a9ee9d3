"""The turns API: what it keeps with threads and messages, agents, every rating, answers to repeated requests.

The list of threads is one range of one index, by the newest message.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chatapp.db import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
CALLED = sa.text("successful_tools <> ''")
VISIBLE, DELETED = sa.text("archived_at is null"), sa.text("deleted_at is not null")


def upgrade():
    _extend()
    op.create_table(
        "agent_specs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("slug", sa.String(100), nullable=False),
        sa.Column("name", sa.String(150), nullable=False),
        sa.Column("description", sa.String(2000), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("instructions", sa.Text, nullable=False),
        sa.Column("tools", JSON, nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("modified", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agent_specs"),
        sa.UniqueConstraint("slug", name="uq_agent_specs_slug"),
        sa.CheckConstraint("mode in ('primary', 'subagent')", name="ck_agent_specs_mode"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("thread_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid),
        sa.Column("turn_id", sa.Uuid),
        sa.Column("score", sa.Boolean, nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], "fk_feedback_thread_id_threads", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_feedback_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_thread_id", "feedback", ["thread_id"])
    op.create_index("ix_feedback_user_id", "feedback", ["user_id"])
    op.create_table(
        "kept_answers",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("scope", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("document", JSON),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_kept_answers_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "scope", "key", name="pk_kept_answers"),
    )
    op.create_index("ix_kept_answers_created", "kept_answers", ["created"])


def downgrade():
    for table in ("kept_answers", "feedback", "agent_specs"):
        op.drop_table(table)
    op.drop_index("ix_threads_deleted", "threads")
    op.drop_index("ix_threads_user_visible", "threads")
    for column in ("last_activity_at", "client_data", "agent_spec_id"):
        op.drop_column("threads", column)
    op.drop_index("ix_messages_tools", "messages")
    for column in ("successful_tools", "raw_data"):
        op.drop_column("messages", column)


def _extend():
    op.add_column("messages", sa.Column("raw_data", JSON))
    op.add_column("messages", sa.Column("successful_tools", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_messages_tools", "messages", ["thread_id"], sqlite_where=CALLED, postgresql_where=CALLED)
    op.add_column("threads", sa.Column("agent_spec_id", sa.Uuid))
    op.add_column("threads", sa.Column("client_data", JSON, nullable=False, server_default="{}"))
    # The default is for SQLite, which adds no other column that must have a value.
    begin = sa.text("'2000-01-01 00:00:00.000000'")
    op.add_column("threads", sa.Column("last_activity_at", UtcDateTime, nullable=False, server_default=begin))
    op.execute("update threads set last_activity_at = coalesce(last_message_at, created)")
    columns = ["user_id", "last_activity_at", "id"]
    op.create_index("ix_threads_user_visible", "threads", columns, sqlite_where=VISIBLE, postgresql_where=VISIBLE)
    op.create_index("ix_threads_deleted", "threads", ["deleted_at"], sqlite_where=DELETED, postgresql_where=DELETED)
