"""Retention by role and flag: what goes, what the settings still decide, what a dry run says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from chatapp.core import artifacts, attachments, holds, retention, retention_rules, threads
from chatapp.core.retention_rules import PARTS, Part
from chatapp.db import now, release, session, transaction
from chatapp.errors import BadValues
from chatapp.models import AuditRecord, ChatSession, Thread
from tests import people as folk
from tests.people import People, Person
from tests.plans import plans

REGULAR, FLAGGED, SUPPORT = Part("regular", False), Part("regular", True), Part("support", False)


def thread(person: Person, days: int, *, flagged: bool = False, messages: int = 2) -> UUID:
    """A thread in which nothing has changed for so many days, of somebody who was here today."""
    with transaction():
        made = threads.create(person.user)
        session.flush()
        then = now() - timedelta(days=days, minutes=1)
        values = {"created": then, "modified": then, "is_flagged": flagged, "message_count": messages}
        session.execute(update(Thread).where(Thread.id == made.id).values(**values))
    return made.id


def away(person: Person, days: int) -> None:
    with transaction():
        long_ago = now() - timedelta(days=days)
        session.execute(update(ChatSession).where(ChatSession.user_id == person.id).values(modified=long_ago))


def remaining() -> set[UUID]:
    release()
    return set(session.scalars(select(Thread.id)))


def test_a_rule_erases_thread_by_thread_of_its_part_only(people: People) -> None:
    kept = {thread(people.ana, 9), thread(people.ana, 11, flagged=True), thread(people.sue, 100)}
    thread(people.ana, 10)
    thread(people.ben, 300)
    retention_rules.change(people.stan.user, {REGULAR: 10})
    run = retention.carry_out()
    assert remaining() == kept
    assert (run.threads, run.messages, run.people) == (2, 4, 2)


def test_staff_who_are_support_too_are_staff(people: People) -> None:
    with transaction():
        people.stan.user.is_support = True
    kept = {thread(people.stan, 100), thread(people.ana, 100)}
    thread(people.sue, 100)
    retention_rules.change(people.stan.user, {SUPPORT: 10})
    assert retention.erase_by_rules() == 1
    assert remaining() == kept


def test_parts_without_a_rule_go_with_their_idle_session_and_ruled_ones_stay(people: People) -> None:
    kept = {thread(people.ana, 100, flagged=True)}
    thread(people.ana, 100)
    away(people.ana, 91)
    retention_rules.change(people.stan.user, {FLAGGED: 365})
    assert retention.delete_idle_sessions() == 0
    assert remaining() == kept
    retention_rules.change(people.stan.user, {FLAGGED: 30})
    run = retention.carry_out()
    assert remaining() == set() and run.threads == 1
    assert retention.delete_idle_sessions() == 1


def test_never_is_stronger_than_the_setting(people: People) -> None:
    kept = {thread(people.ana, 1000)}
    away(people.ana, 1000)
    retention_rules.change(people.stan.user, {REGULAR: 0})
    assert retention.carry_out().threads == 0
    assert remaining() == kept


def test_files_go_with_their_threads(people: People) -> None:
    made = thread(people.ana, 100)
    artifact = artifacts.create(people.ana.user, "text", "a file")
    attachments.create(people.ana.user, made, artifact.id)
    with transaction():
        session.execute(update(Thread).values(modified=now() - timedelta(days=100)))
        artifact.created = now() - timedelta(days=100)
    [due] = [due for due in retention_rules.dry_run({REGULAR: 10}) if due.threads]
    assert due.files == 1
    retention_rules.change(people.stan.user, {REGULAR: 10})
    assert retention.carry_out().files == 1


def test_a_dry_run_tells_what_the_run_then_does(people: People) -> None:
    for days in (50, 20):
        thread(people.ana, days)
    thread(people.ben, 30)
    thread(people.ana, 50, flagged=True)
    held = thread(people.ben, 500)
    holds.on_thread(people.stan.user, held, "Case 12")
    rules = {REGULAR: 25, FLAGGED: 0}
    due = {due.part: due for due in retention_rules.dry_run(rules)}
    assert set(due) == {part for part in PARTS if part != FLAGGED}
    assert (due[REGULAR].threads, due[REGULAR].messages, due[REGULAR].people) == (2, 4, 2)
    oldest = due[REGULAR].oldest
    assert oldest and (now() - oldest).days == 50 and not due[REGULAR].is_more
    assert len(remaining()) == 5
    retention_rules.change(people.stan.user, rules)
    assert retention.carry_out().threads == 2


def test_a_dry_run_counts_what_the_settings_let_go(make_app: Callable[..., Flask]) -> None:
    make_app(ai_assistant_session_retention_days=90)
    people = folk.settle()
    thread(people.ana, 5)
    thread(people.sue, 500)
    away(people.ana, 91)
    found = {due.part.name: due.threads for due in retention_rules.dry_run({})}
    assert found == {part.name: int(part == REGULAR) for part in PARTS}


def test_a_dry_run_stops_counting_somewhere(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_rules, "COUNTED", 2)
    for _ in range(3):
        thread(people.ana, 50)
    [due] = [due for due in retention_rules.dry_run({REGULAR: 10}) if due.threads]
    assert (due.threads, due.is_more) == (2, True)


def test_rules_replace_those_before_and_are_written_down(people: People) -> None:
    retention_rules.change(people.stan.user, {REGULAR: 10, SUPPORT: 5})
    retention_rules.change(people.stan.user, {REGULAR: 20})
    assert retention_rules.stored() == {REGULAR: 20}
    records = session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
    assert [record.details for record in records] == [
        {"rules": {"regular_unflagged": 10, "support_unflagged": 5}},
        {"rules": {"regular_unflagged": 20}},
    ]
    with pytest.raises(BadValues):
        retention_rules.change(people.stan.user, {REGULAR: -1})
    assert retention_rules.stored() == {REGULAR: 20}


def test_a_run_goes_on_batch_by_batch(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        thread(people.ana, 50)
    retention_rules.change(people.stan.user, {REGULAR: 10})
    assert retention.erase_by_rules() == 5
    assert remaining() == set()


def test_runs_are_kept_newest_first(people: People) -> None:
    runs = [retention.carry_out().id for _ in range(3)]
    assert [run.id for run in retention.latest_runs(2)] == [runs[2], runs[1]]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_no_count_reads_every_thread(app: Flask, people: People, part: Part) -> None:
    lines = plans(lambda: retention_rules.dry_run({part: 10}), "threads")
    assert lines
    assert not any("Seq Scan on threads" in line or line == "SCAN threads" for line in lines), "\n".join(lines)
