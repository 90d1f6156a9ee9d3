"""Rules that say how long threads are kept, by the role of their owner and whether they are flagged.

Where there is no rule, waldur 8.5 holds: threads go with the session of somebody who has been away for the configured
days. A rule looks at each thread by itself, from the last change in it on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, or_, select, true

from chatapp import config
from chatapp.core import audit, holds
from chatapp.db import now, session, transaction
from chatapp.errors import BadValues
from chatapp.models import Attachment, ChatSession, RetentionRule, Thread, User

ROLES = ("regular", "support", "staff")
LONGEST = 36_500  # days
COUNTED = 10_000  # threads that a dry run looks at in each part: a page must not take long


@dataclass(frozen=True, slots=True)
class Part:
    """Threads of the people in a role, flagged or not."""

    role: str
    is_flagged: bool

    @property
    def name(self) -> str:
        return f"{self.role}_{'flagged' if self.is_flagged else 'unflagged'}"


PARTS = tuple(Part(role, is_flagged) for role, is_flagged in product(ROLES, (False, True)))
Rules = Mapping[Part, int]


@dataclass(frozen=True, slots=True)
class Due:
    """What would be erased now of a part. `is_more`: there is more than was counted."""

    part: Part
    threads: int
    messages: int
    files: int
    people: int
    oldest: datetime | None
    is_more: bool


def stored() -> Rules:
    """The days of each part that has a rule; 0 is never."""
    rows = session.execute(select(RetentionRule.role, RetentionRule.is_flagged, RetentionRule.days))
    return {Part(role, is_flagged): days for role, is_flagged, days in rows}


def change(actor: User, rules: Rules) -> None:
    """These rules and no others hold from now on. Raises BadValues."""
    check(rules)
    with transaction():
        session.execute(delete(RetentionRule))
        session.add_all(RetentionRule(role=p.role, is_flagged=p.is_flagged, days=days) for p, days in rules.items())
        days = {part.name: days for part, days in rules.items()}
        audit.record("retention_rules_set", actor, object_id=actor.id, rules=days)


def check(rules: Rules) -> None:
    """Raises BadValues."""
    errors = {
        part.name: f"A number of days from 0 (never) to {LONGEST:,}."
        for part, days in rules.items()
        if not 0 <= days <= LONGEST
    }
    if errors:
        raise BadValues(errors)


def dry_run(rules: Rules) -> Sequence[Due]:
    """What the daily work would erase now under these rules, of each part that has a limit."""
    default = config.current().ai_assistant_session_retention_days
    found = []
    for part in PARTS:
        days = rules.get(part, default)
        if days > 0:
            deadline = now() - timedelta(days=days)
            found.append(_count(part, due(part, deadline) if part in rules else due_by_session(part, deadline)))
    return found


def due(part: Part, deadline: datetime) -> Select[Thread]:
    """The threads of a part in which nothing has changed since then, held ones left out."""
    return select(Thread).where(belongs(part), Thread.modified < deadline, ~holds.IS_HELD)


def due_by_session(part: Part, deadline: datetime) -> Select[Thread]:
    """The same where no rule is: those of people who have done nothing at all since then."""
    idle = select(ChatSession.id).where(ChatSession.modified < deadline)
    return select(Thread).where(belongs(part), Thread.session_id.in_(idle), ~holds.IS_HELD)


def ruled(rules: Rules) -> ColumnElement[bool]:
    """Whether a thread is of a part that has a rule."""
    return or_(false(), *map(belongs, rules))


def belongs(part: Part) -> ColumnElement[bool]:
    """Whether a thread is of the part. The few who are staff or support are looked up, not everybody else."""
    staff = select(User.id).where(User.is_staff)
    support = select(User.id).where(User.is_support, User.is_staff.is_(False))
    owners = {
        "staff": Thread.user_id.in_(staff),
        "support": Thread.user_id.in_(support),
        "regular": Thread.user_id.not_in(select(User.id).where(or_(User.is_staff, User.is_support))),
    }
    # Written out, not bound: partial indexes are chosen by what the query says.
    return and_(Thread.is_flagged == (true() if part.is_flagged else false()), owners[part.role])


def _count(part: Part, threads: Select[Thread]) -> Due:
    columns = (Thread.id, Thread.user_id, Thread.message_count, Thread.modified)
    found = threads.with_only_columns(*columns).limit(COUNTED + 1).cte("due")
    messages = func.coalesce(func.sum(found.c.message_count), 0)
    count, said, people, oldest = session.execute(
        select(func.count(), messages, func.count(found.c.user_id.distinct()), func.min(found.c.modified))
    ).one()
    used = select(func.count(Attachment.artifact_id.distinct())).join(found, found.c.id == Attachment.thread_id)
    files = session.scalar(used) or 0 if count else 0
    return Due(part, min(count, COUNTED), int(said), files, people, oldest, count > COUNTED)
