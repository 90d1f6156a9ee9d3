"""A token may be one that only reads. Those of before do all that their owner may do."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("api_tokens", sa.Column("scope", sa.String(10), nullable=False, server_default="all"))


def downgrade():
    op.drop_column("api_tokens", "scope")
