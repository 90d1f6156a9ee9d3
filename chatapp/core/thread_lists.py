"""Lists of threads: filters, orders, figures (waldur 1.5, 2.2). Nothing here aggregates messages but the statistics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, UnaryExpression, exists, func, select, true
from sqlalchemy.sql.operators import custom_op

from chatapp.core import audit, column_tests, search, thread_order
from chatapp.core.thread_order import Conditions, Place
from chatapp.db import is_sqlite, release, session
from chatapp.models import Message, Thread, User

TOKEN_SUMS = ("input_tokens", "output_tokens", "total_tokens")
TIMES = ("created", "modified")
BATCH = 500
MOST_SORTED = 10_000  # threads of everybody that a filter may leave to be sorted
NOT_BY_INDEX: custom_op[Any] = custom_op("+")
COUNTED = (
    Thread.id,
    Thread.session_id,
    Thread.user_id,
    Thread.message_count,
    Thread.input_tokens,
    Thread.output_tokens,
    Thread.is_flagged,
    Thread.has_feedback,
)


@dataclass(frozen=True, slots=True)
class ThreadFilter:
    """None asks for nothing. `days` holds inclusive (from, to) calendar days in UTC by column, `tokens` (min, max).

    `unnamed` is what threads without a name are called; `query` finds them by it. What it finds may be `looked_up`
    already.
    """

    owner_id: UUID | None = None
    own: bool = False
    is_archived: bool | None = None
    is_flagged: bool | None = None
    max_severity: str | None = None
    has_feedback: bool | None = None
    query: str = ""
    unnamed: str = ""
    looked_up: search.LookedUp | None = None
    days: Sequence[tuple[str, date | None, date | None]] = ()
    tokens: Sequence[tuple[str, float | None, float | None]] = ()
    order: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Statistics:
    threads_total: int
    sessions_total: int
    users_total: int
    messages_total: int
    input_tokens_total: int
    output_tokens_total: int
    flagged_total: int
    feedback_positive: int
    feedback_negative: int

    @property
    def total_tokens(self) -> int:
        return self.input_tokens_total + self.output_tokens_total

    @property
    def satisfaction_rate(self) -> float | None:
        given = self.feedback_positive + self.feedback_negative
        return self.feedback_positive / given if given else None


def page(user: User, wanted: ThreadFilter, offset: int, limit: int) -> tuple[Sequence[Thread], int]:
    """The threads that `user` may see and `wanted` describes, with the number of all."""
    searched = _searched(user, wanted)
    met = [*_filtered(user, wanted, None), *searched]
    if _is_of_one(user, wanted):
        return thread_order.fetch(met, wanted.order, offset, limit)
    walked = [*_filtered(user, wanted, _order(wanted)), *searched]
    return thread_order.along_index(walked, wanted.order, offset, limit), thread_order.count(met)


def within_reach(user: User, wanted: ThreadFilter) -> ThreadFilter:
    """The same for pages that must not wait: what its words find is looked up once, as far as it can be."""
    query = wanted.query.strip()
    if not query:
        return wanted
    owner = _owner(user, wanted)
    found = search.look_up_own(query, owner, wanted.unnamed) if owner else search.look_up(query, wanted.unnamed)
    return replace(wanted, looked_up=found)


def following(
    user: User, wanted: ThreadFilter, after: Place | None = None, limit: int = 50
) -> tuple[Sequence[Thread], Place | None]:
    """The next threads in the order of the first key, and where those after them begin; None after the last."""
    key = (wanted.order or thread_order.NEWEST_FIRST)[0]
    conditions = _conditions(user, wanted)
    found = thread_order.following(conditions, key, after, limit + 1, find_first=_are_found_first(user, wanted))
    return found[:limit], Place.of(found[limit - 1], key) if len(found) > limit else None


def export(user: User, wanted: ThreadFilter, form: str) -> Iterator[Sequence[Thread]]:
    """What `wanted` finds, in batches; that `user` takes it away is written down before.

    Between the batches no connection is held.
    """
    nothing = ThreadFilter(unnamed=wanted.unnamed, order=wanted.order)
    filters = [each.name for each in fields(wanted) if getattr(wanted, each.name) != getattr(nothing, each.name)]
    details = {"form": form, "filters": filters}
    audit.record("threads_exported", user, object_id=user.id, target_user_id=wanted.owner_id, **details)
    return _batches(user.id, wanted)


def _batches(user_id: UUID, wanted: ThreadFilter) -> Iterator[Sequence[Thread]]:
    after: Place | None = None
    while True:
        found, after = following(session.get_one(User, user_id), wanted, after, BATCH)
        release()
        yield found
        if after is None:
            return


def statistics(user: User, wanted: ThreadFilter) -> Statistics:
    """Over the threads that `user` may see and `wanted` describes."""
    return _added_up(Thread, _conditions(user, wanted))


def latest_statistics(user: User, wanted: ThreadFilter, most: int) -> tuple[Statistics, bool]:
    """The same over at most so many of them, the newest, for pages that must not wait; and whether those are all."""
    conditions = _conditions(user, replace(wanted, order=thread_order.NEWEST_FIRST))
    newest = select(*COUNTED).where(*conditions).order_by(Thread.created.desc(), Thread.id.desc())
    found = _added_up(newest.limit(most + 1).cte("newest").prefix_with("MATERIALIZED").c, [])
    return found, found.threads_total <= most


def _added_up(threads: Any, conditions: Sequence[ColumnElement[bool]]) -> Statistics:
    of_threads = select(
        func.count(),
        func.count(threads.session_id.distinct()),
        func.count(threads.user_id.distinct()),
        _sum(threads.message_count),
        _sum(threads.input_tokens),
        _sum(threads.output_tokens),
        func.count().filter(threads.is_flagged),
    ).where(*conditions)
    thumbs = select(
        func.count().filter(Message.feedback_score.is_(True)),
        func.count().filter(Message.feedback_score.is_(False)),
    ).where(Message.thread_id == threads.id, Message.feedback_score.is_not(None), threads.has_feedback, *conditions)
    one, other = of_threads.subquery(), thumbs.subquery()
    # One row each, in one query: the threads are looked for once.
    figures = session.execute(select(one, other).select_from(one.join(other, true()))).one()
    return Statistics(*(int(value) for value in figures))


def _sum(column: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)


def _is_of_one(user: User, wanted: ThreadFilter) -> bool:
    return wanted.owner_id is not None or not _sees_all(user, wanted)


def _owner(user: User, wanted: ThreadFilter) -> User | None:
    """Whose threads alone are looked at."""
    if not _sees_all(user, wanted):
        return user
    return session.get(User, wanted.owner_id) if wanted.owner_id else None


def _are_found_first(user: User, wanted: ThreadFilter) -> bool:
    """Whether the threads are found and then sorted: PostgreSQL expects any to meet a search that finds many."""
    if _is_of_one(user, wanted):
        return True
    if wanted.looked_up is None or wanted.looked_up.is_few or is_sqlite():
        return False
    filtered = _filtered(user, wanted, None)
    return bool(filtered) and _are_few(filtered, _most_sorted(wanted))


def _sees_all(user: User, wanted: ThreadFilter) -> bool:
    return (user.is_staff or user.is_support) and not wanted.own


def _order(wanted: ThreadFilter) -> str:
    return (wanted.order or thread_order.NEWEST_FIRST)[0].removeprefix("-")


def _conditions(user: User, wanted: ThreadFilter) -> list[ColumnElement[bool]]:
    order = None if _is_of_one(user, wanted) else _order(wanted)
    return [*_filtered(user, wanted, order), *_searched(user, wanted)]


def _filtered(user: User, wanted: ThreadFilter, order: str | None) -> list[ColumnElement[bool]]:
    """For everybody's threads in an `order`, or for counting."""
    found: list[ColumnElement[bool]] = [] if _sees_all(user, wanted) else [Thread.user_id == user.id]
    looked_up = partial(_looked_up, order, _most_sorted(wanted))
    if wanted.owner_id is not None:
        found.append(Thread.user_id == wanted.owner_id)
    if wanted.is_archived is not None:
        found += looked_up("archived_at", partial(column_tests.is_set, wanted.is_archived), sorted_by=TIMES)
    if wanted.max_severity is not None:
        found += looked_up("max_severity", partial(column_tests.equals, wanted.max_severity), sorted_by=("created",))
    for name, value in (("is_flagged", wanted.is_flagged), ("has_feedback", wanted.has_feedback)):
        if value is not None:
            found += looked_up(name, partial(column_tests.is_just, value), sorted_by=("created",))
    for name, first, last in wanted.days:
        found += looked_up(name, partial(column_tests.within_days, first, last), sorted_by=(name,))
        found += _implied(name, first, last)
    for name, low, high in wanted.tokens:
        found += looked_up(name, partial(column_tests.between, low, high), sorted_by=(name,))
    return found


def _most_sorted(wanted: ThreadFilter) -> int:
    """A walk that meets few of a filter's threads takes longer where a search passes over most of these, too."""
    is_rare = wanted.looked_up is not None and not wanted.looked_up.is_few
    return 2 * MOST_SORTED if is_rare else MOST_SORTED


def _searched(user: User, wanted: ThreadFilter) -> list[ColumnElement[bool]]:
    if not wanted.query.strip():
        return []
    if wanted.looked_up:
        return [wanted.looked_up.condition]
    return [search.matches(wanted.query.strip(), _owner(user, wanted), wanted.unnamed)]


def _looked_up(
    order: str | None,
    most: int,
    name: str,
    condition: Callable[[Any], list[ColumnElement[bool]]],
    sorted_by: Collection[str],
) -> list[ColumnElement[bool]]:
    """The condition on a column whose index has its threads in the order of each of `sorted_by`.

    SQLite does not know how many meet it. Few are found by that index and sorted. If they are many, the index of the
    order asked for is to be walked along instead: then no index serves the condition. Without an order the condition
    is not what finds.
    """
    column = getattr(Thread, name)
    conditions = condition(column)
    if order is None or order in sorted_by or not is_sqlite():
        return conditions
    if _are_few(conditions, most):
        return [Thread.id.in_(select(Thread.id).where(*conditions))]
    return condition(UnaryExpression(column, operator=NOT_BY_INDEX, type_=column.type))


def _implied(name: str, first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    """What days of one time tell about the other, so that on SQLite a walk along that one's index begins there.

    A thread is changed after it is made, unless the clock was set back: an index holds those.
    """
    if not is_sqlite() or session.scalar(select(exists().where(Thread.modified < Thread.created))):
        return []  # PostgreSQL would expect that both together leave few
    if name == "modified":
        return column_tests.within_days(None, last, Thread.created)
    return column_tests.within_days(first, None, Thread.modified)


def _are_few(conditions: Conditions, most: int) -> bool:
    some = select(Thread.id).where(*conditions).limit(most + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= most
