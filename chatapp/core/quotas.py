"""Tokens per user and period, and the capacity of the whole site (waldur section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chatapp import config
from chatapp.db import now, session, transaction
from chatapp.errors import CapacityExceeded, NotFound, QuotaExceeded, QuotaMisconfigured
from chatapp.models import Quota, SiteCounter, User
from chatapp.prepared import Prepared

PERIODS = ("daily", "weekly", "monthly")
UNLIMITED = -1
MINUTE, DAY = "minute", "day"
OF_USER = Prepared(select(Quota.__table__).where(Quota.user_id == bindparam("user")))
AMOUNT = Prepared(
    select(SiteCounter.amount).where(SiteCounter.name == bindparam("name"), SiteCounter.period == bindparam("period"))
)


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """`limit` is the user's own (None: the system's), `remaining` None when unlimited."""

    limit: int | None
    usage: int
    remaining: int | None
    reset_at: datetime
    system_default: int

    @property
    def limit_in_force(self) -> int | None:
        """The user's own limit or the system's; None when unlimited."""
        limit = self.system_default if self.limit is None else self.limit
        return None if limit == UNLIMITED else limit


def usage(user: User, moment: datetime | None = None) -> dict[str, PeriodUsage]:
    """By period. Raises QuotaMisconfigured."""
    moment = moment or now()
    return of_row(OF_USER.first(user=user.id), moment)


def of_row(quota: Row[Any] | Quota | None, moment: datetime) -> dict[str, PeriodUsage]:
    """What a row of quotas, or none, says at a moment. Raises QuotaMisconfigured."""
    return {period: _period_usage(quota, period, moment) for period in PERIODS}


def set_limits(user_id: UUID, limits: Mapping[str, int | None]) -> None:
    """Set the limits of the given periods; None is the system's default. Raises NotFound."""
    if session.get(User, user_id) is None:
        raise NotFound("user")
    with transaction():
        quota = _row(user_id, now())
        for period, limit in limits.items():
            setattr(quota, f"{period}_limit", limit)


def check(user: User) -> None:
    """Raises QuotaExceeded naming the period, QuotaMisconfigured."""
    for period, used in usage(user).items():
        if used.remaining is not None and used.remaining <= 0:
            raise QuotaExceeded(period, used.reset_at)


def admit() -> None:
    """Count a request against the site's capacity, within the caller's transaction. Raises CapacityExceeded."""
    settings = config.current()
    moment = now()
    budget = settings.ai_assistant_global_daily_token_budget
    if budget > 0 and counted(DAY, _midnight(moment)) >= budget:
        raise CapacityExceeded("global_daily_token", _midnight(moment) + timedelta(days=1))
    cap = settings.ai_assistant_global_requests_per_minute
    if cap > 0:
        minute = moment.replace(second=0, microsecond=0)
        if _count(MINUTE, minute, 1) > cap:
            raise CapacityExceeded("global_minute_burst", minute + timedelta(minutes=1))


def charge(user_id: UUID, tokens: int) -> None:
    """Add what a turn has cost to the user's periods and to the site's day, within the caller's transaction."""
    if tokens <= 0:
        return
    moment = now()
    periods = {f"{period}_period": _start(period, moment) for period in PERIODS}
    usages = {f"{period}_usage": tokens for period in PERIODS}
    CHARGE.run(user_id=user_id, **periods, **usages)
    _count(DAY, _midnight(moment), tokens)


def roll_over_all(moment: datetime | None = None) -> int:
    """Reset the counters of periods that have passed; how many were. Running it again changes nothing."""
    moment = moment or now()
    reset = 0
    with transaction():
        for period in PERIODS:
            start = getattr(Quota, f"{period}_period")
            begun = _start(period, moment)
            done = session.execute(
                update(Quota).where(start < begun).values({f"{period}_period": begun, f"{period}_usage": 0})
            )
            reset += done.rowcount  # type: ignore[attr-defined]
    return reset


def counted(name: str, period: datetime) -> int:
    """The amount of a counter of the site in the period that began then."""
    return AMOUNT.scalar(name=name, period=period) or 0


def claim(name: str, period: datetime) -> bool:
    """Whether the caller is the first in any process to ask for `name` in this period."""
    with transaction():
        return _count(name, period, 1) == 1


def _period_usage(quota: Row[Any] | Quota | None, period: str, moment: datetime) -> PeriodUsage:
    default = _system_default(period)
    limit = getattr(quota, f"{period}_limit") if quota else None
    current = quota is not None and getattr(quota, f"{period}_period") == _start(period, moment)
    used = getattr(quota, f"{period}_usage") if current else 0
    effective = default if limit is None else limit
    remaining = None if effective == UNLIMITED else max(0, effective - used)
    return PeriodUsage(limit, used, remaining, _reset_at(period, moment), default)


def _system_default(period: str) -> int:
    text = getattr(config.current(), f"ai_assistant_token_limit_{period}")
    try:
        limit = int(text)
    except ValueError as error:
        raise QuotaMisconfigured("The quota system is misconfigured: a limit is not a number.") from error
    if limit < UNLIMITED:
        raise QuotaMisconfigured("The quota system is misconfigured: a limit is below -1.")
    return limit


def _row(user_id: UUID, moment: datetime) -> Quota:
    """The user's row, made on first need, locked."""
    quota = session.get(Quota, user_id, with_for_update=True, populate_existing=True)
    if quota:
        return quota
    starts = {f"{period}_period": _start(period, moment) for period in PERIODS}
    usages = {f"{period}_usage": 0 for period in PERIODS}
    session.execute(_insert(_dialect(), Quota).values(user_id=user_id, **starts, **usages).on_conflict_do_nothing())
    return session.get_one(Quota, user_id, with_for_update=True, populate_existing=True)


def _start(period: str, moment: datetime) -> date:
    day = moment.date()
    if period == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "monthly" else day


def _reset_at(period: str, moment: datetime) -> datetime:
    start = _start(period, moment)
    if period == "monthly":
        following = (start + timedelta(days=32)).replace(day=1)
    else:
        following = start + timedelta(days=7 if period == "weekly" else 1)
    return datetime.combine(following, time(), UTC)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _count(name: str, period: datetime, amount: int) -> int:
    """Add to a counter, beginning anew in a new period; the amount there is now."""
    return int(COUNT.scalar(name=name, period=period, amount=amount))


def _charging(dialect: str) -> Executable:
    """One statement for a user's three periods: a row is made on first need, a period that has passed begins anew."""
    row = _given(_insert(dialect, Quota), "user_id", *(f"{p}_{of}" for p in PERIODS for of in ("period", "usage")))
    changes = {}
    for period in PERIODS:
        start, usage = f"{period}_period", f"{period}_usage"
        current = getattr(Quota, start) == getattr(row.excluded, start)
        changes[start] = getattr(row.excluded, start)
        changes[usage] = getattr(row.excluded, usage) + case((current, getattr(Quota, usage)), else_=0)
    statement: Executable = row.on_conflict_do_update(index_elements=[Quota.user_id], set_=changes)
    return statement


def _counting(dialect: str) -> Executable:
    row = _given(_insert(dialect, SiteCounter), "name", "period", "amount")
    amount = row.excluded.amount + case((SiteCounter.period == row.excluded.period, SiteCounter.amount), else_=0)
    statement: Executable = row.on_conflict_do_update(
        index_elements=[SiteCounter.name], set_={"period": row.excluded.period, "amount": amount}
    ).returning(SiteCounter.amount)
    return statement


CHARGE, COUNT = Prepared(_charging), Prepared(_counting)


def _given(row: Any, *names: str) -> Any:
    return row.values({name: bindparam(name) for name in names})


def _dialect() -> str:
    return session.get_bind().dialect.name


def upsert(table: type[Any]) -> Any:
    """An INSERT into the current database that knows ON CONFLICT."""
    return _insert(_dialect(), table)


def _insert(dialect: str, table: type[Any]) -> Any:
    """An INSERT that knows ON CONFLICT, which both databases spell alike and SQLAlchemy keeps apart."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
