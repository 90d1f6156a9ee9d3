"""What pages of usage are given: spans, sums, shares."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp.core import feedback, system_prompts, usage
from chatapp.core.usage import Figures, Scope, Span
from chatapp.db import now, session
from chatapp.models import Message
from tests.core.test_figures import ended_turn
from tests.people import People
from tests.plans import plan, queries
from tests.stream.asking import ask, story_of

SCANS = tuple(f"{scan} {table}" for scan in ("Seq Scan on", "SCAN") for table in ("messages", "turns"))
TODAY = date(2026, 3, 5)


def test_spans_are_days_up_to_today_or_whole_months() -> None:
    week, year = Span.of("7", TODAY), Span.of("12m", TODAY)
    assert (week.first, week.last, len(week.begins), week.by_month) == (date(2026, 2, 27), TODAY, 7, False)
    assert (year.first, year.last, year.by_month) == (date(2025, 4, 1), TODAY, True)
    assert year.begins[0] == date(2025, 4, 1) and year.begins[-1] == date(2026, 3, 1) and len(year.begins) == 12
    assert len(Span.of("12m", date(2026, 12, 31)).begins) == 12
    assert Span.of("nonsense", TODAY) == Span.of("30", TODAY)


@pytest.mark.parametrize(
    ("waits", "median", "most"),
    [
        ((0, 0, 0, 0, 0, 0, 0, 0), None, None),
        ((10, 0, 0, 0, 0, 0, 0, 0), 0.125, 0.2375),
        ((0, 0, 4, 0, 0, 0, 0, 0), 0.75, 0.975),
        ((5, 0, 0, 0, 0, 0, 0, 5), 0.25, 16 + 16 * 0.9),
        ((90, 0, 0, 0, 10, 0, 0, 0), 0.25 * 50 / 90, 3.0),
    ],
)
def test_shares_of_waits_are_estimated_within_their_bounds(
    waits: tuple[int, ...], median: float | None, most: float | None
) -> None:
    found = Figures(waits=waits)
    assert found.wait(0.5) == (None if median is None else pytest.approx(median))
    assert found.wait(0.95) == (None if most is None else pytest.approx(most))


def test_a_report_holds_days_models_and_people(people: People) -> None:
    today = now()
    ended_turn(people.ana, today, wait=0.1, model="big", input_tokens=900, output_tokens=100, total_cost="1.5")
    ended_turn(people.ben, today, model="small", input_tokens=10, status="cancelled")
    ended_turn(people.ben, today - timedelta(days=6), status="failed", error_code="internal")
    ended_turn(people.ben, today - timedelta(days=7), model="old", input_tokens=5000)

    report = usage.report(Span.of("7"), Scope())

    assert (report.total.turns, report.total.completed, report.total.failed, report.total.cancelled) == (3, 1, 1, 1)
    assert (report.total.tokens, report.total.dollars, report.total.people) == (1010, Decimal("1.5"), 2)
    assert [figures.turns for figures in report.series.values()] == [1, 0, 0, 0, 0, 0, 2]
    assert [figures.people for figures in report.series.values()] == [1, 0, 0, 0, 0, 0, 2]
    assert [(line.name, line.figures.turns) for line in report.models] == [("big", 1), ("small", 1), ("", 1)]
    assert [(line.name, line.figures.tokens) for line in report.people] == [("ana", 1000), ("ben", 10)]
    assert not report.is_behind


@pytest.mark.parametrize("span", ["30", "12m"])
def test_a_report_of_one_model_or_person(people: People, span: str) -> None:
    for person, model, tokens in ((people.ana, "big", 5), (people.ana, "small", 7), (people.ben, "big", 11)):
        ended_turn(person, now(), model=model, input_tokens=tokens)
    sums = {
        scope: usage.report(Span.of(span), scope).total.tokens
        for scope in (Scope(), Scope(model="big"), Scope(user_id=people.ana.id), Scope(model="none"))
    }
    assert list(sums.values()) == [23, 16, 12, 0]


def test_ratings_count_once_by_the_latest_that_was_said(people: People) -> None:
    for person, scores in ((people.ana, (True, False)), (people.ben, (True,))):
        turn = story_of(ask(person, "hello").turn).turn
        for score in scores:
            feedback.rate(person.user, UUID(turn["outputMessageId"]), score, None, None)
    report = usage.report(Span.of("7"), Scope())
    assert (report.total.up, report.total.down, report.total.satisfaction) == (1, 1, 0.5)
    assert [(line.figures.up, line.figures.down) for line in report.models] == [(1, 1)]
    assert {line.name: line.figures.satisfaction for line in report.people} == {"ana": 0.0, "ben": 1.0}
    assert usage.report(Span.of("7"), Scope(user_id=people.ben.id)).total.satisfaction == 1.0
    model = session.scalar(select(Message.model).where(Message.feedback_score.is_(False)))
    assert usage.report(Span.of("12m"), Scope(model=model)).total.down == 1
    assert Figures().satisfaction is None


def test_a_day_is_one_in_utc(people: People) -> None:
    turn = story_of(ask(people.ana, "hello").turn).turn
    message = feedback.rate(people.ana.user, UUID(turn["outputMessageId"]), True, None, None)
    message.feedback_submitted_at = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)
    session.commit()
    span = Span.of("7", date(2026, 3, 7))
    assert {day: figures.up for day, figures in usage.series(span, Scope()).items() if figures.up} == {TODAY: 1}


def test_no_report_reads_turns_or_the_whole_of_messages(app: Flask, people: People) -> None:
    def look() -> None:
        for span in ("30", "12m"):
            for scope in (Scope(), Scope(model="m"), Scope(user_id=people.ana.id)):
                usage.report(Span.of(span), scope)

    reading = [
        query for query in queries(look) if "FOR UPDATE" not in query[0] and "counted_at IS NULL" not in query[0]
    ]
    assert len(reading) > 12
    for query in reading:
        lines = plan(*query)
        assert not any(line.strip().startswith(SCANS) for line in lines), "\n".join(lines)


def test_a_report_tells_versions_of_prompts_apart(people: People) -> None:
    prompt = system_prompts.create(people.stan.user, "House style", custom_instructions="Be brief.")
    system_prompts.activate(people.stan.user, prompt.id)
    turn = story_of(ask(people.ana, "hello").turn).turn
    feedback.rate(people.ana.user, UUID(turn["outputMessageId"]), True, None, None)
    ended_turn(people.ben, now())
    report = usage.report(Span.of("7"), Scope())
    assert {(line.name, line.figures.turns, line.figures.up) for line in report.prompts} == {
        ("House style, version 1", 1, 1),
        ("", 1, 0),
    }
    [version] = [line.key for line in report.prompts if line.key]
    assert usage.report(Span.of("7"), Scope(prompt=version)).total.up == 1
    assert usage.report(Span.of("7"), Scope(prompt="")).total.turns == 1
    assert usage.prompt_name(UUID(version)) == "House style, version 1"
