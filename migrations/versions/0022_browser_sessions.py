"""The secrets of browsers are the sessions: each says where it was used last, and those that have ended are found.

Browsers that are signed in stay so: they have such a secret.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("api_tokens", sa.Column("address", sa.String(45), nullable=False, server_default=""))


def downgrade():
    op.drop_column("api_tokens", "address")
