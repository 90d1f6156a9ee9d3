"""Files that people give to their conversations, and the text that was read in them.

The bytes are in a folder, one file a content; the row of a blob is what its coming and going is locked by. What was read
stands apart from the artifact, so that lists of artifacts need not load it.
"""

import sqlalchemy as sa
from alembic import op

from chatapp.db import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WAITING = sa.text("ingestion_status in ('pending', 'processing')")
OF_THREAD = sa.text("message_id is null")


def upgrade():
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_blobs"),
    )
    op.create_table(
        "artifacts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("title", sa.String(255)),
        sa.Column("original_filename", sa.String(255)),
        sa.Column("mime_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.Text),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("turn_id", sa.Uuid),
        sa.Column("action_run_id", sa.Uuid),
        sa.Column("ingestion_status", sa.String(10), nullable=False),
        sa.Column("ingestion_problem", sa.String(20)),
        sa.Column("ingestion_attempts", sa.Integer, nullable=False),
        sa.Column("ingestion_claimed", UtcDateTime),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("modified", UtcDateTime, nullable=False),
        sa.CheckConstraint("kind in ('json', 'text', 'file')", name="ck_artifacts_kind"),
        sa.CheckConstraint("(kind = 'file') = (content is null)", name="ck_artifacts_inline"),
        sa.CheckConstraint(
            "ingestion_status in ('none', 'pending', 'processing', 'completed', 'failed')",
            name="ck_artifacts_ingestion_status",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_artifacts_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_artifacts"),
    )
    op.create_index("ix_artifacts_user_created", "artifacts", ["user_id", "created", "id"])
    op.create_index("ix_artifacts_sha256", "artifacts", ["sha256"])
    op.create_index("ix_artifacts_waiting", "artifacts", ["created"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "artifact_texts",
        sa.Column("artifact_id", sa.Uuid, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("is_cut", sa.Boolean, nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("withheld", sa.Integer, nullable=False),
        sa.Column("is_masked", sa.Boolean, nullable=False),
        sa.CheckConstraint(
            "severity in ('none', 'low', 'medium', 'high', 'critical')", name="ck_artifact_texts_severity"
        ),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], "fk_artifact_texts_artifact_id_artifacts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("artifact_id", name="pk_artifact_texts"),
    )
    _create_attachments()


def _create_attachments():
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("thread_id", sa.Uuid, nullable=False),
        sa.Column("artifact_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("original_filename", sa.String(255), nullable=False),
        sa.Column("mime_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.Column("modified", UtcDateTime, nullable=False),
        *(
            sa.ForeignKeyConstraint([f"{of}_id"], [f"{of}s.id"], f"fk_attachments_{of}_id_{of}s", ondelete="CASCADE")
            for of in ("thread", "artifact", "message", "user")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
    )
    op.create_index("ix_attachments_thread_created", "attachments", ["thread_id", "created", "id"])
    op.create_index("ix_attachments_artifact_id", "attachments", ["artifact_id"])
    op.create_index("ix_attachments_user_id", "attachments", ["user_id"])
    op.create_index("uq_attachments_of_message", "attachments", ["message_id", "artifact_id"], unique=True)
    op.create_index(
        "uq_attachments_of_thread",
        "attachments",
        ["thread_id", "artifact_id"],
        unique=True,
        sqlite_where=OF_THREAD,
        postgresql_where=OF_THREAD,
    )


def downgrade():
    for table in ("attachments", "artifact_texts", "artifacts", "blobs"):
        op.drop_table(table)
