"""The audit trail becomes a chain, so that a removed, changed or inserted record shows; existing records are its beginning.

Indexes for the page that lists it, and for asking who has read a conversation.
"""

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chatapp.db import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BATCH = 1_000
FILTERS = ("event", "actor_id", "target_user_id", "object_id")

records = sa.table(
    "audit_records",
    sa.column("id", sa.Uuid),
    sa.column("number", sa.BigInteger),
    sa.column("event", sa.String),
    sa.column("actor_id", sa.Uuid),
    sa.column("target_user_id", sa.Uuid),
    sa.column("object_id", sa.Uuid),
    sa.column("details", JSON),
    sa.column("created", UtcDateTime),
    sa.column("hash", sa.String),
)


def upgrade():
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("last_at", UtcDateTime),
        sa.Column("checked_at", UtcDateTime),
        sa.Column("checked_number", sa.BigInteger),
        sa.Column("fault", sa.String(200), nullable=False, server_default=""),
        sa.CheckConstraint("id = 1", name="ck_audit_chain_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_chain"),
    )
    op.add_column("audit_records", sa.Column("number", sa.BigInteger))
    op.add_column("audit_records", sa.Column("hash", sa.String(64)))
    _chain(op.get_bind())
    op.drop_index("ix_audit_records_created", "audit_records")
    with op.batch_alter_table("audit_records") as batch:
        batch.alter_column("number", existing_type=sa.BigInteger, nullable=False)
        batch.alter_column("hash", existing_type=sa.String(64), nullable=False)
        batch.create_unique_constraint("uq_audit_records_number", ["number"])
    op.create_index("ix_audit_records_created", "audit_records", ["created", "number"])
    for column in FILTERS:
        op.create_index(f"ix_audit_records_{column}", "audit_records", [column, "number"])


def downgrade():
    for column in FILTERS:
        op.drop_index(f"ix_audit_records_{column}", "audit_records")
    op.drop_index("ix_audit_records_created", "audit_records")
    with op.batch_alter_table("audit_records") as batch:
        batch.drop_constraint("uq_audit_records_number", type_="unique")
        batch.drop_column("hash")
        batch.drop_column("number")
    op.create_index("ix_audit_records_created", "audit_records", ["created", "id"])
    op.drop_table("audit_chain")


def _chain(connection):
    """Along the index of the times, a few at a time."""
    number, previous, last = 0, "0" * 64, None
    place = sa.tuple_(records.c.created, records.c.id)
    while True:
        query = sa.select(records).order_by(records.c.created, records.c.id).limit(BATCH)
        if last:
            query = query.where(place > sa.tuple_(sa.literal(last[0], UtcDateTime), sa.literal(last[1], sa.Uuid)))
        found = connection.execute(query).all()
        for row in found:
            number += 1
            previous = _digest(previous, number, row)
            change = sa.update(records).where(records.c.id == row.id)
            connection.execute(change.values(number=number, hash=previous))
            last = (row.created, row.id)
        if len(found) < BATCH:
            break
    if last:
        connection.execute(
            sa.text("insert into audit_chain (id, number, hash, last_at) values (1, :number, :hash, :last)").bindparams(
                sa.bindparam("last", last[0], UtcDateTime), number=number, hash=previous
            )
        )


def _digest(previous, number, row):
    """As core/audit_chain.py has it today."""
    content = {
        "number": number,
        "id": row.id.hex,
        "event": row.event,
        "actor": row.actor_id and row.actor_id.hex,
        "target": row.target_user_id and row.target_user_id.hex,
        "object": row.object_id and row.object_id.hex,
        "details": _stable(row.details),
        "created": row.created.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _stable(value):
    if isinstance(value, dict):
        return {key: _stable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_stable(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
