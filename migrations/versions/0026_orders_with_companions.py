"""What a filter of everybody's threads asks is in the index of the order, so that those passed over are not looked up.

And threads without a name are found by an index, as are those that a clock seems to have changed before they were made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

COMPANIONS = {
    "created": ("modified", "input_tokens", "output_tokens", "total_tokens"),
    "modified": ("created",),
    "input_tokens": ("output_tokens", "total_tokens"),
    "output_tokens": ("input_tokens", "total_tokens"),
    "total_tokens": ("input_tokens", "output_tokens"),
    "models_used": ("created", "modified"),
}
PARTS = {"unnamed": "title is null", "set_back": "modified < created"}


def upgrade():
    for column, companions in COMPANIONS.items():
        op.drop_index(f"ix_threads_{column}", "threads")
        op.create_index(f"ix_threads_{column}", "threads", [column, "id", *companions])
    for name, part in PARTS.items():
        where = sa.text(part)
        op.create_index(f"ix_threads_{name}", "threads", ["id"], sqlite_where=where, postgresql_where=where)


def downgrade():
    for name in PARTS:
        op.drop_index(f"ix_threads_{name}", "threads")
    for column in COMPANIONS:
        op.drop_index(f"ix_threads_{column}", "threads")
        op.create_index(f"ix_threads_{column}", "threads", [column, "id"])
