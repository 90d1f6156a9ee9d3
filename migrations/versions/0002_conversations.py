"""Sessions, threads and versioned messages; lists read what is kept on the thread."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chatapp.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade():
    op.create_table(
        "chat_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("modified", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chat_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_sessions")),
        sa.UniqueConstraint("user_id", name=op.f("uq_chat_sessions_user_id")),
    )
    op.create_table(
        "threads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=150), nullable=True),
        sa.Column("title_tried", sa.Boolean(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("flags", JSON, nullable=False),
        sa.Column("is_flagged", sa.Boolean(), nullable=False),
        sa.Column("max_severity", sa.String(length=10), nullable=False),
        sa.Column("has_feedback", sa.Boolean(), nullable=False),
        sa.Column("last_index", sa.Integer(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("total_tokens", sa.Integer(), nullable=True),
        sa.Column("title_input_tokens", sa.Integer(), nullable=True),
        sa.Column("title_output_tokens", sa.Integer(), nullable=True),
        sa.Column("models_used", sa.Text(), nullable=False),
        sa.Column("last_message_at", UtcDateTime(), nullable=True),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("modified", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "max_severity in ('none', 'low', 'medium', 'high', 'critical')", name=op.f("ck_threads_max_severity")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["chat_sessions.id"], name=op.f("fk_threads_session_id_chat_sessions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_threads_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
    )
    op.create_index("ix_threads_created", "threads", ["created", "id"], unique=False)
    op.create_index("ix_threads_session_id", "threads", ["session_id"], unique=False)
    op.create_index("ix_threads_user_created", "threads", ["user_id", "created", "id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("sequence_index", sa.Integer(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("blocks", JSON, nullable=False),
        sa.Column("warning", sa.Text(), nullable=False),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("model", sa.String(length=150), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("feedback_score", sa.Boolean(), nullable=True),
        sa.Column("feedback_comment", sa.Text(), nullable=True),
        sa.Column("feedback_category", sa.String(length=20), nullable=True),
        sa.Column("feedback_submitted_at", UtcDateTime(), nullable=True),
        sa.Column("is_flagged", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("action_taken", sa.String(length=10), nullable=False),
        sa.Column("injection_score", sa.Double(), nullable=False),
        sa.Column("injection_severity", sa.String(length=10), nullable=False),
        sa.Column("injection_categories", JSON, nullable=False),
        sa.Column("pii_categories", JSON, nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("modified", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "action_taken in ('allow', 'flag', 'warn', 'redact', 'block')", name=op.f("ck_messages_action_taken")
        ),
        sa.CheckConstraint("role in ('user', 'assistant')", name=op.f("ck_messages_role")),
        sa.CheckConstraint(
            "severity in ('none', 'low', 'medium', 'high', 'critical')", name=op.f("ck_messages_severity")
        ),
        sa.CheckConstraint("sequence_index >= 1", name=op.f("ck_messages_sequence_index")),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["messages.id"], name=op.f("fk_messages_replaces_id_messages"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_messages_thread_id_threads"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_messages_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_messages_replaces_id")),
    )
    op.create_index("ix_messages_thread_index", "messages", ["thread_id", "sequence_index", "created"], unique=False)
    op.create_index("ix_messages_user_index", "messages", ["user_id", "sequence_index", "created"], unique=False)
    op.create_index("ix_messages_turn_id", "messages", ["turn_id"], unique=False)
    op.create_index(
        "uq_messages_one_current",
        "messages",
        ["thread_id", "sequence_index"],
        unique=True,
        sqlite_where=sa.text("superseded_by is null"),
        postgresql_where=sa.text("superseded_by is null"),
    )
    op.create_index(
        "uq_messages_one_root",
        "messages",
        ["thread_id", "sequence_index"],
        unique=True,
        sqlite_where=sa.text("replaces_id is null"),
        postgresql_where=sa.text("replaces_id is null"),
    )


def downgrade():
    op.drop_table("messages")
    op.drop_table("threads")
    op.drop_table("chat_sessions")
