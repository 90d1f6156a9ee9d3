"""Legal holds: what is held is erased by nothing until the hold is lifted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from chatapp.core import artifacts, attachments, deleting, holds, leaving, retention, threads
from chatapp.db import new_id, now, release, session, transaction
from chatapp.errors import Conflict, Invalid, NotFound
from chatapp.models import Artifact, AuditRecord, ChatSession, Thread, User
from tests import people as folk
from tests.people import PASSWORD, People, Person

LONG = timedelta(days=1000)


def old_thread(person: Person, **values: object) -> UUID:
    with transaction():
        thread = threads.create(person.user)
        session.flush()
        long_ago = now() - LONG
        session.execute(update(Thread).where(Thread.id == thread.id).values(modified=long_ago, **values))
        session.execute(update(ChatSession).where(ChatSession.user_id == person.id).values(modified=long_ago))
    return thread.id


def remaining(model: type = Thread) -> set[UUID]:
    release()
    return set(session.scalars(select(model.id)))  # type: ignore[attr-defined]


def test_the_threads_of_a_held_person_outlive_every_date(people: People) -> None:
    kept, gone = old_thread(people.ana), old_thread(people.ben)
    deleted = old_thread(people.ana, deleted_at=now() - LONG, archived_at=now() - LONG)
    hold = holds.on_person(people.stan.user, "ANA", "Case 12")
    assert retention.carry_out().threads == 1
    assert remaining() == {kept, deleted} and gone not in remaining()
    holds.lift(people.stan.user, hold.id)
    assert retention.carry_out().threads == 2
    assert remaining() == set()


def test_a_held_thread_stays_when_others_of_its_session_go(people: People) -> None:
    kept, _ = old_thread(people.ana), old_thread(people.ana)
    holds.on_thread(people.stan.user, kept, "Case 12")
    assert retention.delete_idle_sessions() == 0
    assert remaining() == {kept} and len(remaining(ChatSession)) == 1
    assert retention.delete_idle_sessions() == 0


def test_what_its_owner_deletes_is_hidden_and_kept(people: People) -> None:
    thread = threads.create(people.ana.user)
    holds.on_thread(people.stan.user, thread.id, "Case 12")
    deleting.delete(people.ana.user, thread.id)
    with transaction():
        session.execute(update(Thread).values(deleted_at=now() - LONG))
    assert retention.purge_deleted_threads() == 0
    assert remaining() == {thread.id}


def test_the_store_itself_refuses_to_erase_what_is_held(people: People) -> None:
    thread = threads.create(people.ana.user)
    holds.on_thread(people.stan.user, thread.id, "Case 12")
    holds.on_person(people.stan.user, "ben", "Case 12")
    for row in (delete(Thread), delete(User).where(User.id == people.ben.id)):
        with pytest.raises(IntegrityError), transaction():
            session.execute(row)


def test_an_account_closes_and_goes_when_nothing_of_it_is_held_any_more(people: People) -> None:
    kept, _ = threads.create(people.ana.user), threads.create(people.ana.user)
    hold = holds.on_thread(people.stan.user, kept.id, "Case 12")
    ana = people.ana.id
    assert (holds.keeps(ana), holds.held_threads(ana), holds.keeps(people.ben.id)) == (True, 1, False)
    leaving.delete_own(people.ana.user, "ana", PASSWORD)
    assert remaining() == {kept.id}
    assert not session.get_one(User, ana).is_active
    assert leaving.finish() == 0
    holds.lift(people.stan.user, hold.id)
    assert leaving.finish() == 1
    assert ana not in remaining(User)


def test_files_of_held_threads_are_not_deleted(make_app: Callable[..., Flask]) -> None:
    make_app()
    people = folk.settle()
    artifact = artifacts.create(people.ana.user, "text", "evidence")
    unused = artifacts.create(people.ben.user, "text", "of ben")
    artifact_id, stored = artifact.id, {artifact.id, unused.id}
    thread = threads.create(people.ana.user)
    attachments.create(people.ana.user, thread.id, artifact.id)
    holds.on_thread(people.stan.user, thread.id, "Case 12")
    deleting.delete(people.ana.user, thread.id)
    with pytest.raises(Conflict):
        artifacts.delete_own(people.ana.user, artifact.id)
    release()
    holds.on_person(people.stan.user, "ben", "Case 12")
    with pytest.raises(Conflict):
        artifacts.delete_own(people.ben.user, next(iter(stored - {artifact_id})))
    release()
    assert artifacts.delete_of([people.ben.id], before=now() + LONG) == 0
    assert remaining(Artifact) == stored


def test_holds_are_listed_with_whose_they_are_and_written_down(people: People) -> None:
    thread = threads.create(people.ana.user)
    first = holds.on_thread(people.stan.user, thread.id, " Case 12 ")
    holds.on_person(people.stan.user, "ben", "Case 13")
    found = [(placed.owner.username, placed.placed_by, placed.hold.reason) for placed in holds.every()]
    assert found == [("ben", people.stan.user, "Case 13"), ("ana", people.stan.user, "Case 12")]
    holds.lift(people.stan.user, first.id)
    release()
    records = session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
    assert [(record.event, record.object_id, record.target_user_id, record.details) for record in records] == [
        ("legal_hold_placed", thread.id, people.ana.id, {"kind": "thread"}),
        ("legal_hold_placed", people.ben.id, people.ben.id, {"kind": "person"}),
        ("legal_hold_lifted", thread.id, people.ana.id, {}),
    ]


def test_what_cannot_be_held(people: People) -> None:
    stan = people.stan.user
    holds.on_person(stan, "ana", "Case 12")
    for place in (
        lambda: holds.on_person(stan, "ana", "again"),
        lambda: holds.on_person(stan, "nobody", "x"),
        lambda: holds.on_person(stan, "ben", "  "),
        lambda: holds.on_person(stan, "ben", "x" * 1001),
        lambda: holds.on_thread(stan, new_id(), "x"),
    ):
        with pytest.raises(Invalid):
            place()
    with pytest.raises(NotFound):
        holds.lift(stan, new_id())
    assert len(holds.every()) == 1
