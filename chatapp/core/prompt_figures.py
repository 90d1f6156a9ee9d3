"""What came of the answers of each version: kept figures, so that no page counts turns.

Turns are summed up after they have ended, by a job and by whoever looks, once each: up to a moment that every
transaction which could still end a turn earlier has long passed. Ratings are added when they are given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, select, update

from chatapp.db import keep_others_out, now, session, transaction
from chatapp.models import Message, PromptFigures, Summed, Thread, Turn
from chatapp.values import TurnStatus

NAME = "prompt_figures"
SETTLED = timedelta(seconds=10)  # from the moment that the end of a turn bears to its commit, and much more
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
STEP = 1.05  # between two classes of the times to the first text: what is read from them is off by at most so much
COUNTS = ("answers", "failures", "flagged", "input_tokens", "output_tokens")


def of_versions(version_ids: Iterable[UUID]) -> dict[UUID, PromptFigures]:
    """The figures of these versions, some seconds old."""
    catch_up()
    found = select(PromptFigures).where(PromptFigures.version_id.in_(list(version_ids)))
    return {row.version_id: row for row in session.scalars(found.execution_options(populate_existing=True))}


def catch_up(moment: datetime | None = None) -> int:
    """Sum up the turns that have ended since it was done last. Returns how many."""
    until = (moment or now()) - SETTLED
    last = session.get(Summed, NAME, populate_existing=True)
    if last and last.until >= until - SETTLED:
        return 0
    with transaction():
        since = _advance(until)
        rows = session.execute(_ended(since, until)).all()
        _add(rows)
    return sum(row.turns for row in rows)


def note_rating(turn_id: UUID | None, before: bool | None, score: bool) -> None:
    """An answer is rated, and was rated `before`, within the caller's transaction."""
    version_id = session.scalar(select(Turn.prompt_version_id).where(Turn.id == turn_id)) if turn_id else None
    if version_id is None or before is score:
        return
    column = {True: PromptFigures.thumbs_up, False: PromptFigures.thumbs_down}
    changes = {column[score]: column[score] + 1}
    if before is not None:
        changes[column[before]] = column[before] - 1
    session.execute(update(PromptFigures).where(PromptFigures.version_id == version_id).values(changes))


def median(first_tokens: Mapping[str, int]) -> int | None:
    """Milliseconds that half of the answers needed at most to begin; None without any."""
    classes = sorted((int(number), count) for number, count in first_tokens.items())
    left = sum(count for _, count in classes) / 2
    for number, count in classes:
        left -= count
        if left <= 0:
            return round(STEP**number)
    return None


def class_of(milliseconds: int) -> int:
    """The class that this time to the first text belongs to."""
    return round(math.log(max(milliseconds, 1), STEP))


def _advance(until: datetime) -> datetime:
    """Claim the time up to `until`; the moment that it begins at. Whoever claims next waits for this transaction."""
    keep_others_out(Summed)
    last = session.get(Summed, NAME, populate_existing=True)
    if last is None:
        session.add(Summed(name=NAME, until=until))
        return BEGIN
    since, last.until = last.until, max(last.until, until)
    return since


def _ended(since: datetime, until: datetime) -> Any:
    """By version and time to the first text, so that one look along the index tells all."""
    failed = case((Turn.status == TurnStatus.FAILED, 1), else_=0)
    answered = case((Turn.output_message_id.is_not(None), 1 - failed), else_=0)
    flagged = case((Message.is_flagged, 1), else_=0)
    sums = (answered, failed, flagged, func.coalesce(Turn.input_tokens, 0), func.coalesce(Turn.output_tokens, 0))
    return (
        select(
            Turn.prompt_version_id,
            Turn.first_token_ms,
            func.count().label("turns"),
            *(func.sum(value).label(name) for name, value in zip(COUNTS, sums, strict=True)),
        )
        .join(Thread, Thread.id == Turn.thread_id)
        .join(Message, Message.id == Turn.input_message_id)
        .where(
            Turn.prompt_version_id.is_not(None),
            Turn.completed_at > since,
            Turn.completed_at <= until,
            ~Thread.is_trial,
        )
        .group_by(Turn.prompt_version_id, Turn.first_token_ms)
    )


def _add(rows: Iterable[Row[Any]]) -> None:
    by_version: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        by_version.setdefault(row.prompt_version_id, []).append(row)
    for version_id in sorted(by_version):  # in one order: two transactions never wait for each other
        figures = session.get(PromptFigures, version_id, with_for_update=True, populate_existing=True)
        if figures:
            _add_to(figures, by_version[version_id])


def _add_to(figures: PromptFigures, rows: Iterable[Row[Any]]) -> None:
    classes = dict(figures.first_tokens)
    for row in rows:
        for name in COUNTS:
            setattr(figures, name, getattr(figures, name) + int(getattr(row, name)))
        if row.first_token_ms is not None:
            number = str(class_of(row.first_token_ms))
            classes[number] = classes.get(number, 0) + row.turns
    figures.first_tokens = classes
