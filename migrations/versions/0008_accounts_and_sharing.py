"""What people set for themselves, and links that show a conversation to others.

A link remembers which messages it shows: later versions and later messages are not shared by having shared these.
"""

import sqlalchemy as sa
from alembic import op

from chatapp.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PREFERENCES = {"session_stamp": (32, ""), "theme": (10, "system"), "locale": (20, "en"), "timezone": (64, "")}


def upgrade():
    for name, (length, default) in PREFERENCES.items():
        op.add_column("users", sa.Column(name, sa.String(length), nullable=False, server_default=default))
    op.add_column("users", sa.Column("deleted_at", UtcDateTime))
    op.create_table(
        "share_links",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("thread_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("title", sa.String(150), nullable=False),
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], "fk_share_links_thread_id_threads", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_share_links_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_share_links"),
        sa.UniqueConstraint("hash", name="uq_share_links_hash"),
    )
    for column in ("thread_id", "user_id", "expires_at"):
        op.create_index(f"ix_share_links_{column}", "share_links", [column])
    op.create_table(
        "shared_messages",
        sa.Column("link_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["share_links.id"], "fk_shared_messages_link_id_share_links", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], "fk_shared_messages_message_id_messages", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_id", "message_id", name="pk_shared_messages"),
    )
    op.create_index("ix_shared_messages_message_id", "shared_messages", ["message_id"])


def downgrade():
    op.drop_table("shared_messages")
    op.drop_table("share_links")
    for name in ("deleted_at", *PREFERENCES):
        op.drop_column("users", name)
