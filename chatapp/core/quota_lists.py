"""Everybody's quotas for those who look after them, and how much of the site's capacity is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select

from chatapp import config
from chatapp.core import accounts, audit, quotas
from chatapp.core.quotas import PeriodUsage
from chatapp.core.search import contains
from chatapp.db import now, session, transaction
from chatapp.models import Quota, User

PAGE = 50


@dataclass(frozen=True, slots=True)
class Account:
    user: User
    usage: Mapping[str, PeriodUsage]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the whole site has used of something; `limit` None: no cap."""

    used: int
    limit: int | None
    reset_at: datetime


def page(query: str = "", *, own_limits: bool = False, after: str = "") -> tuple[Sequence[Account], bool]:
    """People by user name, those after a name, and whether there are more. Raises QuotaMisconfigured.

    `query` is in their names or addresses; with `own_limits` only those who have limits of their own.
    """
    found = select(User, Quota).outerjoin(Quota, Quota.user_id == User.id).where(User.username > after)
    if query:
        found = found.where(or_(*(contains(each, query) for each in (User.username, User.full_name, User.email))))
    if own_limits:
        limits = (getattr(Quota, f"{period}_limit") for period in quotas.PERIODS)
        found = found.where(or_(*(limit.is_not(None) for limit in limits)))
    found = found.order_by(User.username).limit(PAGE + 1).execution_options(populate_existing=True)
    rows, moment = session.execute(found).all(), now()
    return [Account(user, quotas.of_row(quota, moment)) for user, quota in rows[:PAGE]], len(rows) > PAGE


def account(user_id: UUID) -> Account:
    """Raises NotFound, QuotaMisconfigured."""
    user = accounts.require_user(user_id)
    return Account(user, quotas.usage(user))


def change(actor: User, user_id: UUID, limits: Mapping[str, int | None]) -> None:
    """Set somebody's limits of the given periods; None is the system's default. Raises NotFound."""
    with transaction():
        quotas.set_limits(user_id, limits)
        audit.record("quota_set", actor, object_id=user_id, target_user_id=user_id, **limits)


def capacity() -> tuple[Capacity, Capacity]:
    """Tokens of today, requests of this minute (waldur 8.4)."""
    settings, moment = config.current(), now()
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    minute = moment.replace(second=0, microsecond=0)
    budget, cap = settings.ai_assistant_global_daily_token_budget, settings.ai_assistant_global_requests_per_minute
    return (
        Capacity(quotas.counted(quotas.DAY, midnight), max(0, budget) or None, midnight + timedelta(days=1)),
        Capacity(quotas.counted(quotas.MINUTE, minute), max(0, cap) or None, minute + timedelta(minutes=1)),
    )
