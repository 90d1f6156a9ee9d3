"""The queue of flagged messages, what was decided about them, and phrases that staff allow.

Messages know what was found in them, but no index gives the flagged ones by severity and age, and what is decided about
them shall outlive them. So each flagged message gets a row of its own.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chatapp.db import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
READABLE = sa.text("thread_id is not null")
ORDER = ["urgency", "created", "id"]

FLAGS = """
insert into flags (id, thread_id, user_id, urgency, action, injection_score, decision, created)
select id, thread_id, user_id,
  case severity when 'critical' then 0 when 'high' then 1 when 'medium' then 2 else 3 end,
  action_taken, injection_score, 'undecided', created
from messages where is_flagged
"""
# Distinct, by their first place: a category of one detector is never one of the other, but old rows may repeat one.
RULES = {
    "sqlite": """
insert into flag_rules (flag_id, rule, place, created)
select m.id, e.value, min(e.key + 100 * l.number), m.created
from messages m
join (select 0 as number union all select 1) l
join json_each(case l.number when 0 then m.injection_categories else m.pii_categories end) e
where m.is_flagged group by m.id, e.value, m.created
""",
    "postgresql": """
insert into flag_rules (flag_id, rule, place, created)
select m.id, e.value, min(e.key + 100 * l.number), m.created
from messages m
cross join (values (0), (1)) l (number)
cross join lateral jsonb_array_elements_text(
  case l.number when 0 then m.injection_categories else m.pii_categories end
) with ordinality e (value, key)
where m.is_flagged group by m.id, e.value, m.created
""",
}


def upgrade():
    _create_flags()
    op.create_table(
        "flag_rules",
        sa.Column("flag_id", sa.Uuid, nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("is_right", sa.Boolean),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], "fk_flag_rules_flag_id_flags", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("flag_id", "rule", name="pk_flag_rules"),
    )
    op.create_index("ix_flag_rules_created", "flag_rules", ["created", "rule", "is_right"])
    op.create_table(
        "flag_decisions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("flag_id", sa.Uuid, nullable=False),
        sa.Column("reviewer_id", sa.Uuid),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("wrong_rules", JSON, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], "fk_flag_decisions_flag_id_flags", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["users.id"], "fk_flag_decisions_reviewer_id_users", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_flag_decisions"),
    )
    op.create_index("ix_flag_decisions_flag", "flag_decisions", ["flag_id", "id"])
    op.create_index("ix_flag_decisions_reviewer_id", "flag_decisions", ["reviewer_id"])
    op.create_table(
        "allowed_phrases",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("phrase", sa.String(500), nullable=False),
        sa.Column("author_id", sa.Uuid),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], "fk_allowed_phrases_author_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_allowed_phrases"),
        sa.UniqueConstraint("phrase", name="uq_allowed_phrases_phrase"),
    )
    op.create_index("ix_allowed_phrases_author_id", "allowed_phrases", ["author_id"])
    op.execute(FLAGS)
    op.execute(RULES[op.get_bind().dialect.name])


def _create_flags():
    op.create_table(
        "flags",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("thread_id", sa.Uuid),
        sa.Column("user_id", sa.Uuid),
        sa.Column("urgency", sa.SmallInteger, nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("injection_score", sa.Double, nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("created", UtcDateTime, nullable=False),
        sa.CheckConstraint("urgency between 0 and 3", name="ck_flags_urgency"),
        sa.CheckConstraint(
            "decision in ('undecided', 'confirmed', 'false_alarm', 'follow_up')", name="ck_flags_decision"
        ),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], "fk_flags_thread_id_threads", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_flags_user_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_flags"),
    )
    for name, columns in (("queue", ["decision", *ORDER]), ("urgency", ORDER)):
        op.create_index(f"ix_flags_{name}", "flags", columns, sqlite_where=READABLE, postgresql_where=READABLE)
    op.create_index("ix_flags_thread", "flags", ["thread_id", *ORDER])
    op.create_index("ix_flags_user", "flags", ["user_id", *ORDER])
    op.create_index("ix_flags_created", "flags", ["created", "action", "decision"])


def downgrade():
    for table in ("allowed_phrases", "flag_decisions", "flag_rules", "flags"):
        op.drop_table(table)
