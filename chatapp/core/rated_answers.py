"""What people think of answers, for those who look after the site: everybody's ratings, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, literal, select, tuple_
from sqlalchemy.orm import joinedload

from chatapp.core.search import contains
from chatapp.core.usage import VERSION
from chatapp.db import session
from chatapp.models import Message, Thread


@dataclass(frozen=True, slots=True)
class RatingFilter:
    """None asks for nothing; `first` and `last` are inclusive days in UTC."""

    score: bool | None = None
    category: str | None = None
    with_comment: bool = False
    model: str = ""
    prompt_version_id: UUID | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    moment: datetime
    id: UUID


def page(wanted: RatingFilter, after: Place | None, limit: int) -> tuple[Sequence[Row[Message, Thread]], Place | None]:
    """Rated answers with their threads, and where those after them begin; None after the last."""
    conditions = _conditions(wanted)
    if after:
        place = tuple_(Message.feedback_submitted_at, Message.id)
        mark = tuple_(literal(after.moment, Message.feedback_submitted_at.type), literal(after.id, Message.id.type))
        conditions.append(place < mark)
    query = select(Message, Thread).join(Thread, Thread.id == Message.thread_id).options(joinedload(Thread.user))
    ordered = query.where(*conditions).order_by(Message.feedback_submitted_at.desc(), Message.id.desc())
    found = session.execute(ordered.limit(limit + 1)).all()
    if len(found) <= limit:
        return found, None
    last: Message = found[limit - 1][0]
    return found[:limit], Place(last.feedback_submitted_at or last.created, last.id)


def _conditions(wanted: RatingFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Message.feedback_score.is_not(None)]
    if wanted.score is not None:
        found.append(Message.feedback_score.is_(wanted.score))
    if wanted.category is not None:
        found.append(Message.feedback_category == wanted.category)
    if wanted.with_comment:
        found.append(Message.feedback_comment != "")
    if wanted.model:
        found.append(contains(Message.model, wanted.model))
    if wanted.prompt_version_id is not None:
        found.append(VERSION.is_not_distinct_from(wanted.prompt_version_id))
    if wanted.first is not None:
        found.append(Message.feedback_submitted_at >= datetime.combine(wanted.first, time(), UTC))
    if wanted.last is not None and wanted.last < date.max:
        end = datetime.combine(wanted.last + timedelta(days=1), time(), UTC)
        found.append(Message.feedback_submitted_at < end)
    return found
