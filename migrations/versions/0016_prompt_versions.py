"""System prompts keep every version, are tried on a share of new threads, and are judged by what came of their turns.

Only rows and columns are added: a turn notes its version in the row that it stores anyway.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chatapp.db import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PROMPTED = sa.text("prompt_version_id is not null")
COUNTS = ("answers", "failures", "flagged", "thumbs_up", "thumbs_down")


def upgrade():
    op.create_table(
        "prompt_versions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("prompt_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.String(150), nullable=False),
        sa.Column("description", sa.String(2000), nullable=False),
        sa.Column("custom_instructions", sa.Text, nullable=False),
        sa.Column("author_id", sa.Uuid),
        sa.Column("restored", sa.Integer),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prompt_versions"),
        sa.UniqueConstraint("prompt_id", "number", name="uq_prompt_versions_prompt_id_number"),
    )
    op.create_table(
        "prompt_figures",
        sa.Column("version_id", sa.Uuid, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("first_tokens", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["prompt_versions.id"], "fk_prompt_figures_version_id_prompt_versions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", name="pk_prompt_figures"),
    )
    op.create_table(
        "summed",
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_summed"),
    )
    _extend()
    _begin()


def downgrade():
    op.drop_index("ix_turns_prompted", "turns")
    with op.batch_alter_table("system_prompts") as prompts:
        prompts.drop_constraint(op.f("ck_system_prompts_share"), type_="check")
        prompts.drop_constraint(op.f("ck_system_prompts_active_without_share"), type_="check")
        prompts.drop_column("share")
        prompts.drop_column("version_id")
    for table, column in (
        *(("threads", "is_trial"), ("threads", "prompt_version_id")),
        ("turns", "prompt_version_id"),
    ):
        op.drop_column(table, column)
    for table in ("summed", "prompt_figures", "prompt_versions"):
        op.drop_table(table)


def _extend():
    op.add_column("threads", sa.Column("prompt_version_id", sa.Uuid))
    op.add_column("threads", sa.Column("is_trial", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("turns", sa.Column("prompt_version_id", sa.Uuid))
    op.create_index("ix_turns_prompted", "turns", ["completed_at"], sqlite_where=PROMPTED, postgresql_where=PROMPTED)
    with op.batch_alter_table("system_prompts") as prompts:
        prompts.add_column(sa.Column("version_id", sa.Uuid))
        prompts.add_column(sa.Column("share", sa.Integer, nullable=False, server_default="0"))
        prompts.create_check_constraint("share", "share between 0 and 100")
        prompts.create_check_constraint("active_without_share", "share = 0 or not is_active")


def _begin():
    """What a prompt says today is its first version, with the same id."""
    op.execute("update system_prompts set version_id = id")
    op.execute(
        "insert into prompt_versions (id, prompt_id, number, name, description, custom_instructions, created)"
        " select id, id, 1, name, description, custom_instructions, modified from system_prompts"
    )
    op.execute(
        f"insert into prompt_figures (version_id, {', '.join(COUNTS)}, input_tokens, output_tokens, first_tokens)"  # noqa: S608
        " select id, 0, 0, 0, 0, 0, 0, 0, '{}' from system_prompts"
    )
    with op.batch_alter_table("system_prompts") as prompts:
        prompts.alter_column("version_id", existing_type=sa.Uuid, nullable=False)
