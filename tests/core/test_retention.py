"""Conversations that nobody has used for long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from chatapp.core import retention, sessions, threads
from chatapp.db import now, session, transaction
from chatapp.models import ChatSession, Message, Quota, Thread
from tests import people as folk
from tests.people import Person
from tests.stream.asking import ask, story_of


def conversation(person: Person, days_ago: int) -> UUID:
    """A session with a thread and a message, last used so many days ago."""
    long_ago = now() - timedelta(days=days_ago)
    with transaction():
        thread = threads.create(person.user)
        place = {"thread_id": thread.id, "user_id": person.id, "sequence_index": 1}
        session.add(Message(**place, role="user", content="hello"))
        thread.last_index = 1
        session.flush()
        session.execute(update(ChatSession).where(ChatSession.user_id == person.id).values(modified=long_ago))
    return thread.id


def remaining(model: type) -> set[UUID]:
    session.remove()
    return set(session.scalars(select(model.user_id)))  # type: ignore[attr-defined]


def test_case_107_idle_sessions_go_with_all_they_hold(make_app: Callable[..., Flask]) -> None:
    make_app(ai_assistant_session_retention_days=90)
    people = folk.settle()
    conversation(people.ana, 100)
    conversation(people.ben, 89)
    with transaction():
        day = now().date()
        session.add(Quota(user_id=people.ana.id, daily_period=day, weekly_period=day, monthly_period=day))

    assert retention.delete_idle_sessions() == 1
    assert remaining(ChatSession) == remaining(Thread) == remaining(Message) == {people.ben.id}
    assert remaining(Quota) == {people.ana.id}
    assert retention.delete_idle_sessions() == 0
    assert sessions.own(people.ana.user).id is not None


def test_case_107_a_message_keeps_an_old_session(make_app: Callable[..., Flask]) -> None:
    make_app(ai_assistant_session_retention_days=90)
    people = folk.settle()
    thread = conversation(people.ana, 100)
    story_of(ask(people.ana, "hello again", thread).turn)

    assert retention.delete_idle_sessions() == 0
    assert remaining(ChatSession) == {people.ana.id}


@pytest.mark.parametrize("days", [-1, 0])
def test_case_107_without_a_limit_everything_stays(make_app: Callable[..., Flask], days: int) -> None:
    make_app(ai_assistant_session_retention_days=days)
    people = folk.settle()
    conversation(people.ana, 10_000)

    assert retention.delete_idle_sessions() == 0
    assert remaining(Thread) == {people.ana.id}


def test_many_sessions_go_in_batches(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    make_app()
    people = folk.settle()
    for person in (people.ana, people.ben, people.sue):
        conversation(person, 100)
    monkeypatch.setattr(retention, "BATCH", 2)

    assert retention.delete_idle_sessions() == 3
    assert remaining(ChatSession) == set()
