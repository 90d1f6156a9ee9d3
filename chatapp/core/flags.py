"""Flagged messages as people look through them: conversations by severity and age.

A flag refers to its message and to the rules that spoke; it copies nothing of the text. It stays when the message is
edited, and leaves the queue, not the figures, when the conversation is erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from chatapp.db import session
from chatapp.guards.values import SEVERITIES
from chatapp.models import Flag, FlagRule, Message, Thread
from chatapp.rows import insert
from chatapp.values import Decision, Severity

PAGE = 25  # conversations
SHOWN = 5  # of the flags of one conversation
COUNTED = 1_000
CRITICAL = len(SEVERITIES) - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which flags; None asks for nothing. `user_id` is who wrote the message."""

    decision: Decision | None = Decision.UNDECIDED
    severity: Severity | None = None
    action: str | None = None
    rule: str | None = None
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation with flags that are wanted: the first of them, and how many there are."""

    thread: Thread
    flags: Sequence[Flag]
    count: int


@dataclass(frozen=True, slots=True)
class Queue:
    """`next` begins the page after this one."""

    entries: Sequence[Entry]
    next: UUID | None


def severity_of(flag: Flag) -> Severity:
    return SEVERITIES[CRITICAL - flag.urgency]


def add(message: Message) -> None:
    """Within the caller's transaction: a message that was stored, and is flagged, waits for a decision."""
    found = dict.fromkeys([*message.injection_categories, *message.pii_categories])
    insert(
        Flag(
            id=message.id,
            thread_id=message.thread_id,
            user_id=message.user_id,
            urgency=CRITICAL - SEVERITIES.index(Severity(message.severity)),
            action=message.action_taken,
            injection_score=message.injection_score or 0.0,
            created=message.created,
        ),
        *(
            FlagRule(flag_id=message.id, rule=rule, place=place, created=message.created)
            for place, rule in enumerate(found)
        ),
    )


def undecided() -> int:
    """How many wait for a decision; COUNTED stands for more."""
    waiting = select(Flag.id).where(*_conditions(Flag, Wanted())).limit(COUNTED)
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def worst_of(thread_id: UUID) -> UUID | None:
    """The flag of a conversation that comes first in the queue, decided or not."""
    of_thread = select(Flag.id).where(Flag.thread_id == thread_id)
    return session.scalar(of_thread.order_by(*_columns(Flag)).limit(1))


def queue(wanted: Wanted, after: UUID | None = None) -> Queue:
    """Conversations by their worst flag, of those the one that waits for longest first.

    `after` is what `next` of the page before has named.
    """
    heads = select(Flag).where(*_conditions(Flag, wanted), _is_first(wanted))
    if after and (last := session.get(Flag, after)):
        heads = heads.where(_order(Flag) > _place(last))
    found = session.scalars(heads.order_by(*_columns(Flag)).limit(PAGE + 1)).all()
    return Queue(_entries(found[:PAGE], wanted), found[PAGE - 1].id if len(found) > PAGE else None)


def following(wanted: Wanted, flag_id: UUID) -> UUID | None:
    """The wanted flag to look at after this one: of the same conversation, then the next, then from the beginning."""
    flag = session.get(Flag, flag_id)
    others = select(Flag.id).where(*_conditions(Flag, wanted), Flag.id != flag_id).order_by(*_columns(Flag)).limit(1)
    if flag is None:
        return session.scalar(others)
    same = others.where(Flag.thread_id == flag.thread_id)
    return session.scalar(same) or session.scalar(others.where(_order(Flag) > _place(flag))) or session.scalar(others)


def _entries(heads: Sequence[Flag], wanted: Wanted) -> list[Entry]:
    ids = [head.thread_id for head in heads]
    number = func.row_number().over(partition_by=Flag.thread_id, order_by=_columns(Flag)).label("number")
    count = func.count().over(partition_by=Flag.thread_id).label("count")
    numbered = select(Flag.id, number, count).where(Flag.thread_id.in_(ids), *_conditions(Flag, wanted)).subquery()
    shown = select(Flag, numbered.c.count).join(numbered, numbered.c.id == Flag.id).where(numbered.c.number <= SHOWN)
    flags: dict[UUID | None, list[Flag]] = {}
    counts: dict[UUID | None, int] = {}
    for flag, total in session.execute(shown.order_by(*_columns(Flag))):
        flags.setdefault(flag.thread_id, []).append(flag)
        counts[flag.thread_id] = total
    found = {thread.id: thread for thread in session.scalars(select(Thread).where(Thread.id.in_(ids)))}
    return [Entry(found[id_], flags[id_], counts[id_]) for id_ in ids if id_ in found and id_ in flags]


def _is_first(wanted: Wanted) -> ColumnElement[bool]:
    """Whether it is the wanted flag of its conversation that comes before all others.

    As a look-up for each flag: PostgreSQL would join all flags with all others before it takes the first few.
    """
    other = aliased(Flag)
    of_thread = select(other.id).where(other.thread_id == Flag.thread_id, *_conditions(other, wanted))
    return Flag.id == of_thread.order_by(*_columns(other)).limit(1).scalar_subquery()


def _conditions(flag: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [flag.thread_id.is_not(None)]
    if wanted.decision is not None:
        found.append(flag.decision == wanted.decision)
    if wanted.severity is not None:
        found.append(flag.urgency == CRITICAL - SEVERITIES.index(wanted.severity))
    if wanted.action is not None:
        found.append(flag.action == wanted.action)
    if wanted.user_id is not None:
        found.append(flag.user_id == wanted.user_id)
    if wanted.rule is not None:
        spoke = select(FlagRule.flag_id).where(FlagRule.flag_id == flag.id, FlagRule.rule == wanted.rule)
        found.append(exists(spoke))
    return found


def _columns(flag: Any) -> tuple[Any, Any, Any]:
    return flag.urgency, flag.created, flag.id


def _order(flag: Any) -> Any:
    return tuple_(*_columns(flag))


def _place(flag: Flag) -> Any:
    # With the columns' types: without them the store would get other texts for times and ids than it keeps.
    return tuple_(*(literal(getattr(flag, column.key), column.type) for column in _columns(Flag)))
