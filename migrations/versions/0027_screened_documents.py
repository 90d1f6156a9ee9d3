"""Documents of which the guards have kept something from the model are found by an index, the latest first."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


SCREENED = sa.text("withheld > 0 or is_masked")


def upgrade():
    op.create_index(
        "ix_artifact_texts_screened",
        "artifact_texts",
        ["artifact_id"],
        sqlite_where=SCREENED,
        postgresql_where=SCREENED,
    )


def downgrade():
    op.drop_index("ix_artifact_texts_screened", "artifact_texts")
