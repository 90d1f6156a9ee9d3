"""Daily figures of turns: kept in tables, so that no page of figures reads turns or messages (ADR 21).

A turn is counted once: what it adds and that it has been counted is one transaction, after its end and apart from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chatapp.db import is_sqlite, keep_others_out, now, session, transaction
from chatapp.models import SiteFigure, Turn, TurnEvent, UserFigure
from chatapp.models.figures import WAIT_BOUNDS, Sums
from chatapp.values import TurnStatus

BATCH = 500
COST_UNIT = Decimal("0.00000001")  # the smallest price of a turn
SUMS = tuple(name for name in vars(Sums) if not name.startswith("_"))
# Whoever ends a turn that another process executes knows no first_token_ms, but the log does.
FIRST_TEXT = (
    select(TurnEvent.at)
    .where(TurnEvent.turn_id == Turn.id, TurnEvent.data.startswith('{"type":"text-delta"'))
    .order_by(TurnEvent.seq)
    .limit(1)
    .scalar_subquery()
)
ENDED = (
    select(
        Turn.id,
        Turn.user_id,
        Turn.model,
        Turn.status,
        Turn.input_tokens,
        Turn.cached_input_tokens,
        Turn.output_tokens,
        Turn.total_cost,
        Turn.usage_exact,
        Turn.first_token_ms,
        Turn.created,
        case((Turn.first_token_ms.is_(None), FIRST_TEXT)).label("first_text_at"),
        Turn.prompt_version_id,
        Turn.completed_at,
    )
    .where(Turn.completed_at.is_not(None), Turn.counted_at.is_(None))
    .order_by(Turn.completed_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True, of=Turn)
)

Key = tuple[type[SiteFigure] | type[UserFigure], tuple[Any, ...]]


def catch_up() -> int:
    """Count every turn that has ended; how many there were. An interrupted batch is counted again as a whole."""
    counted = 0
    while True:
        done = count_some()
        counted += done
        if done < BATCH:
            return counted


def count_some() -> int:
    """Count the turns that have waited longest for it, at most a batch; how many."""
    with transaction():
        keep_others_out(SiteFigure)
        ended = session.execute(ENDED).all()
        if ended:
            _store(_added_up(ended))
            mine = Turn.id.in_([turn.id for turn in ended])
            session.execute(update(Turn).where(mine).values(counted_at=now()))
    return len(ended)


def _added_up(ended: Sequence[Any]) -> dict[Key, Counter[str]]:
    found: dict[Key, Counter[str]] = {}
    for turn in ended:
        sums = _sums(turn)
        for key in _keys(turn):
            found.setdefault(key, Counter()).update(sums)
    return found


def _keys(turn: Any) -> Iterator[Key]:
    """Every figure that the turn is part of."""
    day: date = turn.completed_at.date()
    yield SiteFigure, ("all", day, "")
    yield SiteFigure, ("model", day, turn.model or "")
    yield SiteFigure, ("prompt", day, str(turn.prompt_version_id or ""))
    yield UserFigure, ("day", day, turn.user_id)
    yield UserFigure, ("month", day.replace(day=1), turn.user_id)


def _sums(turn: Any) -> dict[str, int]:
    tokens = (turn.input_tokens or 0) + (turn.output_tokens or 0)
    sums = {
        "turns": 1,
        "failed": int(turn.status == TurnStatus.FAILED),
        "cancelled": int(turn.status == TurnStatus.CANCELLED),
        "input_tokens": turn.input_tokens or 0,
        "cached_input_tokens": turn.cached_input_tokens or 0,
        "output_tokens": turn.output_tokens or 0,
        "cost": int(Decimal(turn.total_cost or 0) / COST_UNIT),
        "unpriced": int(tokens > 0 and turn.total_cost is None),
        "estimated": int(tokens > 0 and not turn.usage_exact),
    }
    waited = _seconds_waited(turn)
    return sums if waited is None else sums | {f"wait_{sum(waited > bound for bound in WAIT_BOUNDS)}": 1}


def _seconds_waited(turn: Any) -> float | None:
    """Until the first text; None for an answer without any."""
    if turn.first_token_ms is not None:
        return float(turn.first_token_ms) / 1000
    return (turn.first_text_at - turn.created).total_seconds() if turn.first_text_at else None


def _store(figures: dict[Key, Counter[str]]) -> None:
    for table in (SiteFigure, UserFigure):
        names = [column.key for column in table.__table__.primary_key]
        rows = [
            dict(zip(names, key, strict=True)) | {name: sums[name] for name in SUMS}
            for (kept_in, key), sums in figures.items()
            if kept_in is table
        ]
        session.execute(_adding(table, names), rows)


def _adding(table: type[Any], names: list[str]) -> Any:
    """One statement: a row is made on first need, else added to."""
    row: Any = (sqlite if is_sqlite() else postgresql).insert(table)
    added = {name: getattr(table, name) + getattr(row.excluded, name) for name in SUMS}
    return row.on_conflict_do_update(index_elements=names, set_=added)
