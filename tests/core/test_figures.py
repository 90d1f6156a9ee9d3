"""Daily figures: every turn is counted once, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp.core import figures, leaving, threads
from chatapp.db import db, new_id, release, session, transaction
from chatapp.models import SiteFigure, Turn, TurnEvent, UserFigure
from tests.people import PASSWORD, People, Person
from tests.plans import plan
from tests.stream.asking import ask, at_once, events_of, story_of

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def ended_turn(person: Person, moment: datetime = NOON, wait: float | None = None, **values: Any) -> UUID:
    """A turn that has ended, as the store has it."""
    with transaction():
        turn = Turn(
            thread_id=threads.create(person.user).id,
            user_id=person.id,
            status="completed",
            mode="message",
            concurrency_key=str(new_id()),
            input_message_id=new_id(),
            answer_id=new_id(),
            answer_index=2,
            created=moment - timedelta(minutes=1),
            started_at=moment - timedelta(minutes=1),
            completed_at=moment,
        )
        for name, value in values.items():
            setattr(turn, name, value)
        session.add(turn)
        session.flush()
        if wait is not None:
            at = moment - timedelta(minutes=1) + timedelta(seconds=wait)
            for seq, kind in enumerate(("start", "text-start", "text-delta", "text-delta"), 1):
                later = at + timedelta(seconds=30 if seq == 4 else 0)
                session.add(TurnEvent(turn_id=turn.id, seq=seq, data=f'{{"type":"{kind}"}}', at=later))
    return turn.id


def of_site(kind: str = "all", key: str = "") -> SiteFigure:
    release()
    return session.scalars(select(SiteFigure).where(SiteFigure.kind == kind, SiteFigure.key == key)).one()


def test_what_turns_add_up_to(people: People) -> None:
    ended_turn(people.ana, model="big", input_tokens=100, cached_input_tokens=40, output_tokens=20, total_cost="0.0015")
    ended_turn(people.ana, model="big", input_tokens=1, status="cancelled", usage_exact=False, total_cost="0.00000001")
    ended_turn(people.ben, model="new", input_tokens=7, output_tokens=3)
    ended_turn(people.ben, status="failed", error_code="provider_timeout")

    assert figures.catch_up() == 4

    everything, big = of_site(), of_site("model", "big")
    assert (everything.turns, everything.failed, everything.cancelled) == (4, 1, 1)
    assert (everything.input_tokens, everything.cached_input_tokens, everything.output_tokens) == (108, 40, 23)
    assert (everything.cost, everything.unpriced, everything.estimated) == (150_001, 1, 1)
    assert (big.turns, big.cost, big.unpriced) == (2, 150_001, 0)
    assert (of_site("model", "new").unpriced, of_site("model", "").failed) == (1, 1)


def test_people_are_counted_by_day_and_by_month(people: People) -> None:
    for moment in (NOON, NOON + timedelta(hours=3), NOON + timedelta(days=1)):
        ended_turn(people.ana, moment)
    figures.catch_up()
    rows = session.execute(select(UserFigure.grain, UserFigure.begin, UserFigure.turns)).all()
    assert {(grain, begin.isoformat(), turns) for grain, begin, turns in rows} == {
        ("day", "2026-03-05", 2),
        ("day", "2026-03-06", 1),
        ("month", "2026-03-01", 3),
    }


@pytest.mark.parametrize(
    ("wait", "column"), [(0.2, "wait_0"), (0.25, "wait_0"), (0.3, "wait_1"), (3, "wait_4"), (50, "wait_7")]
)
def test_the_wait_for_the_first_text_is_counted_by_its_length(people: People, wait: float, column: str) -> None:
    ended_turn(people.ana, wait=wait)
    ended_turn(people.ana)
    figures.catch_up()
    figure = of_site()
    assert {name: getattr(figure, name) for name in figures.SUMS if name.startswith("wait_")} == {
        f"wait_{n}": int(f"wait_{n}" == column) for n in range(8)
    }


def test_a_real_answer_is_counted_with_its_first_text(people: People) -> None:
    story_of(ask(people.ana, "hello").turn)
    assert figures.catch_up() == 1
    figure = of_site()
    assert (figure.turns, figure.input_tokens > 0, sum(getattr(figure, f"wait_{n}") for n in range(8))) == (1, True, 1)


def test_counting_again_changes_nothing(people: People) -> None:
    ended_turn(people.ana)
    figures.catch_up()
    assert figures.catch_up() == 0
    assert of_site().turns == 1


def test_a_running_turn_is_counted_when_it_has_ended(people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    release()
    assert figures.catch_up() == 0
    leaving.turns.cancel(people.ana.user, started.thread.id)
    assert figures.catch_up() == 1
    assert of_site().cancelled == 1


def test_an_interrupted_batch_is_counted_as_a_whole_later(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        ended_turn(people.ana)
    store = figures._store

    def die(rows: Any) -> None:
        store(rows)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(figures, "_store", die)
        with pytest.raises(KeyboardInterrupt):
            figures.catch_up()
    release()
    assert figures.catch_up() == 3
    assert of_site().turns == 3


def test_more_than_a_batch_is_counted_and_several_processes_count_once(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "ENDED", figures.ENDED.limit(2))
    monkeypatch.setattr(figures, "BATCH", 2)
    for person in (people.ana, people.ben, people.ana, people.ben, people.ana):
        ended_turn(person, model="m")
    release()
    counted = at_once(app, figures.catch_up, figures.catch_up, figures.catch_up)
    assert sum(counted) == 5
    assert of_site().turns == of_site("model", "m").turns == 5


def test_what_somebody_used_stays_in_the_figures_of_the_site_when_they_leave(people: People) -> None:
    events_of(ask(people.ana, "hello").turn)
    leaving.delete_own(people.ana.user, "ana", PASSWORD)
    assert of_site().turns == 1
    assert session.scalars(select(UserFigure.user_id)).all() == []


def test_only_uncounted_turns_are_looked_at(app: Flask) -> None:
    statement = str(figures.ENDED.compile(db.engine, compile_kwargs={"literal_binds": True}))
    lines = plan(statement)
    assert any("ix_turns_uncounted" in line for line in lines), "\n".join(lines)


def test_the_day_s_work_counts_before_it_deletes(make_app: Callable[..., Flask], people: People) -> None:
    from chatapp import jobs

    ended_turn(people.ana)
    jobs.run()
    assert of_site().turns == 1
