"""Deleting one's own account: who may, what goes, what stays."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from chatapp.core import accounts, leaving, sharing
from chatapp.db import now, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import ApiToken, AuditRecord, Message, ShareLink, Thread, Turn, User
from tests.people import PASSWORD, People
from tests.stream.asking import ask, story_of

OF_A_PERSON = (ApiToken, Message, ShareLink, Thread, Turn)


def owners(model: type) -> set[UUID]:
    session.remove()
    return set(session.scalars(select(model.user_id)))  # type: ignore[attr-defined]


def exists(user_id: UUID) -> bool:
    session.remove()
    return session.get(User, user_id) is not None


def test_an_account_goes_with_all_that_belongs_to_it(people: People) -> None:
    for person in (people.ana, people.ben):
        started = ask(person, "hello")
        story_of(started.turn)
        sharing.create(person.user, started.thread.id, 7)
    leaving.delete_own(people.ana.user, " ANA ", PASSWORD)
    assert not exists(people.ana.id)
    for model in OF_A_PERSON:
        assert people.ana.id not in owners(model) and people.ben.id in owners(model), model
    with pytest.raises(NotFound):
        accounts.find_user("ana")


def test_the_audit_trail_stays(people: People) -> None:
    ana = people.ana.id
    leaving.delete_own(people.ana.user, "ana", PASSWORD)
    told = session.scalars(select(AuditRecord).where(AuditRecord.object_id == ana)).all()
    assert [record.event for record in told] == ["account_deleted"]


def test_a_running_answer_is_stopped(people: People) -> None:
    ask(people.ana, "/slow 1000")
    leaving.delete_own(people.ana.user, "ana", PASSWORD)
    assert not exists(people.ana.id)
    assert owners(Turn) == set()


@pytest.mark.parametrize(("name", "password"), [("ben", PASSWORD), ("", PASSWORD), ("ana", "wrong"), ("ana", "")])
def test_name_and_password_are_asked_for(people: People, name: str, password: str) -> None:
    with pytest.raises(Invalid):
        leaving.delete_own(people.ana.user, name, password)
    assert exists(people.ana.id)
    assert people.ana.id in owners(ApiToken)


def test_the_last_administrator_stays(people: People) -> None:
    assert leaving.is_last_administrator(people.stan.user)
    assert not leaving.is_last_administrator(people.ana.user)
    with pytest.raises(Invalid, match="last administrator"):
        leaving.delete_own(people.stan.user, "stan", PASSWORD)
    assert exists(people.stan.id)
    with transaction():
        people.ana.user.is_staff = True
    leaving.delete_own(people.stan.user, "stan", PASSWORD)
    assert not exists(people.stan.id)
    with pytest.raises(Invalid, match="last administrator"):
        leaving.delete_own(people.ana.user, "ana", PASSWORD)


def test_an_administrator_who_cannot_sign_in_does_not_count(people: People) -> None:
    with transaction():
        people.ana.user.is_staff, people.ana.user.is_active = True, False
    assert leaving.is_last_administrator(people.stan.user)


def test_what_an_interrupted_deletion_left_over_is_deleted(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "BATCH", 2)
    for number in range(5):
        story_of(ask(people.ana, f"question {number}").turn)
    story_of(ask(people.ben, "hello").turn)
    with transaction():
        people.ana.user.is_active, people.ana.user.deleted_at = False, now()
    assert leaving.finish() == 1
    assert not exists(people.ana.id) and owners(Thread) == {people.ben.id}
    assert leaving.finish() == 0
