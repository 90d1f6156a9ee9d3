"""What was used, by day or month, model and person: read from the daily figures (core.figures), and what was rated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, func, select

from chatapp.core import figures
from chatapp.db import is_sqlite, now, session
from chatapp.errors import NotFound
from chatapp.models import Message, PromptVersion, SiteFigure, Turn, User, UserFigure
from chatapp.models.figures import WAIT_BOUNDS

SPANS = {"7": 7, "30": 30, "90": 90, "12m": 12}
DEFAULT_SPAN = "30"
TOP_PEOPLE = 25
VERSION = select(Turn.prompt_version_id).where(Turn.id == Message.turn_id).scalar_subquery()
WAITS = tuple(f"wait_{number}" for number in range(len(WAIT_BOUNDS) + 1))


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive days in UTC up to today, or whole months up to this one."""

    name: str
    first: date
    last: date
    by_month: bool

    @classmethod
    def of(cls, name: str, today: date | None = None) -> Span:
        """The one of that name in SPANS, else the default."""
        name = name if name in SPANS else DEFAULT_SPAN
        last = today or now().date()
        if not name.endswith("m"):
            return cls(name, last - timedelta(days=SPANS[name] - 1), last, False)
        months = last.year * 12 + last.month - SPANS[name]
        return cls(name, date(months // 12, months % 12 + 1, 1), last, True)

    @property
    def begins(self) -> list[date]:
        """Of every day or month in it."""
        if not self.by_month:
            return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]
        months = range(self.first.year * 12 + self.first.month - 1, self.last.year * 12 + self.last.month)
        return [date(month // 12, month % 12 + 1, 1) for month in months]

    def begin_of(self, day: date) -> date:
        return day.replace(day=1) if self.by_month else day


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures, or which model's or version's of a prompt; with none of them those of the whole site."""

    model: str | None = None
    prompt: str | None = None
    user_id: UUID | None = None

    @property
    def figure(self) -> tuple[str, str]:
        """Kind and key of the site's figures."""
        if self.prompt is not None:
            return "prompt", self.prompt
        return ("all", "") if self.model is None else ("model", self.model)


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over turns; `people` and the ratings `up` and `down` where they are asked for."""

    turns: int = 0
    failed: int = 0
    cancelled: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    unpriced: int = 0
    estimated: int = 0
    waits: tuple[int, ...] = (0,) * len(WAITS)
    people: int = 0
    up: int = 0
    down: int = 0

    def __add__(self, other: Figures) -> Figures:
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self) if f.name != "waits"}
        return Figures(**sums, waits=tuple(map(sum, zip(self.waits, other.waits, strict=True))))

    @property
    def completed(self) -> int:
        return self.turns - self.failed - self.cancelled

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def dollars(self) -> Decimal:
        return self.cost * figures.COST_UNIT

    @property
    def satisfaction(self) -> float | None:
        """The share of thumbs up; None without ratings (waldur 1.5)."""
        given = self.up + self.down
        return self.up / given if given else None

    def wait(self, share: float) -> float | None:
        """Seconds within which that share of answers had begun, estimated within its bounds; None without any."""
        sought, before = sum(self.waits) * share, 0
        bounds = [0.0, *WAIT_BOUNDS, WAIT_BOUNDS[-1] * 2]
        for (low, high), count in zip(pairwise(bounds), self.waits, strict=True):
            if count and before + count >= sought:
                return low + (high - low) * (sought - before) / count
            before += count
        return None


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one model, version or person. `key` is what a Scope names it by; `name` is empty for none."""

    key: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """`is_behind`: more turns have ended than could be counted on the way."""

    span: Span
    scope: Scope
    total: Figures
    series: Mapping[date, Figures]
    models: Sequence[Line]
    prompts: Sequence[Line]
    people: Sequence[Line]
    is_behind: bool


def report(span: Span, scope: Scope) -> Report:
    """Everything of a page: what has ended just now is counted first. Lines of the whole site only."""
    is_behind = figures.count_some() == figures.BATCH
    whole = scope == Scope()
    by_begin = series(span, scope)
    total = sum(by_begin.values(), Figures())
    asked = _ranked(span) if whole else []
    return Report(
        span,
        scope,
        replace(total, people=len(asked)),
        by_begin,
        list(models(span)) if whole else [],
        list(prompts(span)) if whole else [],
        list(people(span, asked[:TOP_PEOPLE])) if whole else [],
        is_behind,
    )


def today() -> Figures:
    """Of the whole site on this day in UTC, with what has ended just now."""
    figures.count_some()
    day = now().date()
    return series(Span("today", day, day, by_month=False), Scope())[day]


def series(span: Span, scope: Scope) -> dict[date, Figures]:
    """By the day or month, those without any included."""
    found = dict.fromkeys(span.begins, Figures())
    for begin, sums in _sums_by_begin(span, scope):
        found[span.begin_of(begin)] += sums
    for day, up, down in _ratings(span, _day_of_rating(), _rated_in(scope)):
        found[span.begin_of(day)] += Figures(up=up, down=down)
    for begin, count in _people_by_begin(span, scope):
        found[begin] += Figures(people=count)
    return found


def models(span: Span) -> Iterator[Line]:
    """Those that answered, most tokens first."""
    rated = {key or "": Figures(up=up, down=down) for key, up, down in _ratings(span, Message.model)}
    for row in _by_key(span, "model"):
        yield Line(row.key, row.key, _read(row) + rated.get(row.key, Figures()))


def prompts(span: Span) -> Iterator[Line]:
    """The versions of system prompts that answered, most tokens first."""
    rated = {str(key or ""): Figures(up=up, down=down) for key, up, down in _ratings(span, VERSION)}
    rows = _by_key(span, "prompt")
    wanted = PromptVersion.id.in_([UUID(row.key) for row in rows if row.key])
    versions = session.scalars(select(PromptVersion).where(wanted))
    names = {str(version.id): _name(version) for version in versions}
    for row in rows:
        yield Line(row.key, names.get(row.key, ""), _read(row) + rated.get(row.key, Figures()))


def prompt_name(version_id: UUID) -> str:
    """Raises NotFound."""
    version = session.get(PromptVersion, version_id)
    if version is None:
        raise NotFound("version")
    return _name(version)


def people(span: Span, ids: Sequence[UUID] | None = None) -> Iterator[Line]:
    """Those who asked, or these of them in their order; else most tokens first."""
    mine = UserFigure.user_id.is_not(None) if ids is None else UserFigure.user_id.in_(ids)
    query = select(UserFigure.user_id, *_summed(UserFigure)).where(*_of_people(span), mine)
    rows = {row.user_id: row for row in session.execute(query.group_by(UserFigure.user_id))}
    rated = {key: Figures(up=up, down=down) for key, up, down in _ratings(span, Message.user_id)}
    known = User.id.is_not(None) if ids is None else User.id.in_(ids)
    names = {user.id: user.username for user in session.execute(select(User.id, User.username).where(known))}
    for user_id in _ranked(span) if ids is None else ids:
        if user_id in rows and user_id in names:
            yield Line(str(user_id), names[user_id], _read(rows[user_id]) + rated.get(user_id, Figures()))


def _name(version: PromptVersion) -> str:
    return f"{version.name}, version {version.number}"


def _by_key(span: Span, kind: str) -> Sequence[Any]:
    tokens = func.sum(SiteFigure.input_tokens + SiteFigure.output_tokens)
    mine = (SiteFigure.kind == kind, SiteFigure.day.between(span.first, span.last))
    query = select(SiteFigure.key, *_summed(SiteFigure)).where(*mine).group_by(SiteFigure.key)
    return session.execute(query.order_by(tokens.desc(), SiteFigure.key)).all()


def _sums_by_begin(span: Span, scope: Scope) -> Iterator[tuple[date, Figures]]:
    if scope.user_id:
        mine = (*_of_people(span), UserFigure.user_id == scope.user_id)
        query = select(UserFigure.begin, *_columns(UserFigure)).where(*mine)
    else:
        kind, key = scope.figure
        mine = (SiteFigure.kind == kind, SiteFigure.key == key)
        query = select(SiteFigure.day, *_columns(SiteFigure)).where(
            *mine, SiteFigure.day.between(span.first, span.last)
        )
    return ((row[0], _read(row)) for row in session.execute(query))


def _people_by_begin(span: Span, scope: Scope) -> Sequence[Any]:
    """Whoever asked, in each day or month; of one model that is not known."""
    if scope != Scope():
        return ()
    return session.execute(
        select(UserFigure.begin, func.count()).where(*_of_people(span)).group_by(UserFigure.begin)
    ).all()


def _ranked(span: Span) -> Sequence[UUID]:
    """Everybody who asked, most tokens first: one look along an index that holds the tokens."""
    tokens = func.sum(UserFigure.input_tokens + UserFigure.output_tokens)
    query = select(UserFigure.user_id).where(*_of_people(span)).group_by(UserFigure.user_id)
    return session.scalars(query.order_by(tokens.desc(), UserFigure.user_id)).all()


def _of_people(span: Span) -> tuple[ColumnElement[bool], ...]:
    grain = "month" if span.by_month else "day"
    return UserFigure.grain == grain, UserFigure.begin.between(span.first, span.last)


def _ratings(span: Span, key: Any, *which: ColumnElement[bool]) -> Sequence[Any]:
    """(key, thumbs up, thumbs down), each answer by the latest that was said of it."""
    begin = datetime.combine(span.first, time(), UTC)
    end = datetime.combine(span.last + timedelta(days=1), time(), UTC)
    in_span = (Message.feedback_submitted_at >= begin, Message.feedback_submitted_at < end)
    score = Message.feedback_score
    counts = (func.count().filter(score.is_(True)), func.count().filter(score.is_(False)))
    return session.execute(select(key, *counts).where(score.is_not(None), *in_span, *which).group_by(key)).all()


def _rated_in(scope: Scope) -> ColumnElement[bool]:
    if scope.user_id:
        return Message.user_id == scope.user_id
    if scope.prompt is not None:
        return VERSION.is_not_distinct_from(UUID(scope.prompt) if scope.prompt else None)
    if scope.model is not None:
        return func.coalesce(Message.model, "") == scope.model
    return Message.feedback_submitted_at.is_not(None)


def _day_of_rating() -> ColumnElement[date]:
    at: Any = Message.feedback_submitted_at
    return func.date(at if is_sqlite() else func.timezone("UTC", at), type_=Date)


def _columns(table: type[Any]) -> list[ColumnElement[int]]:
    return [getattr(table, name) for name in figures.SUMS]


def _summed(table: type[Any]) -> list[ColumnElement[int]]:
    return [func.sum(column).label(name) for name, column in zip(figures.SUMS, _columns(table), strict=True)]


def _read(row: Any) -> Figures:
    sums = {name: int(getattr(row, name)) for name in figures.SUMS if name not in WAITS}
    return Figures(**sums, waits=tuple(int(getattr(row, name)) for name in WAITS))
