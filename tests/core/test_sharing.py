"""Links to conversations: who may make them, what they show, when they stop working."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from chatapp.core import sharing, threads
from chatapp.db import now, session, transaction
from chatapp.errors import Forbidden, Invalid, NotFound, TurnActive
from chatapp.models import SharedMessage, ShareLink, User
from chatapp.values import Mode
from tests import people as folk
from tests.people import People, Person
from tests.stream.asking import ask, story_of


def conversation(person: Person, *questions: str) -> UUID:
    thread_id: UUID | None = None
    for text in questions or ("hello",):
        started = ask(person, text, thread_id)
        story_of(started.turn)
        thread_id = started.thread.id
    assert thread_id
    return thread_id


def shown(token: str) -> list[str]:
    return [message.content for message in sharing.messages_of(sharing.look_up(token).id, 0, 100)]


def opens(token: str) -> bool:
    session.remove()
    try:
        return sharing.look_up(token) is not None
    except NotFound:
        return False


def test_a_link_shows_the_conversation_as_it_was(people: People) -> None:
    thread = conversation(people.ana, "first")
    token = sharing.create(people.ana.user, thread, 7, "  Ana \n Almond ")
    story_of(ask(people.ana, "second", thread).turn)
    story_of(ask(people.ana, "first, in other words", thread).turn)
    link = sharing.look_up(token)
    assert shown(token) == ["first", "You said: first"]
    assert (link.author, link.user_id, link.thread_id) == ("Ana Almond", people.ana.id, thread)
    assert timedelta(days=6, hours=23) < link.expires_at - now() <= timedelta(days=7)


def test_a_link_shows_current_versions_only_and_keeps_them(people: People) -> None:
    thread = conversation(people.ana, "first")
    question = threads.get_own(people.ana.user, thread)
    token = sharing.create(people.ana.user, thread, 1)
    story_of(ask(people.ana, thread=thread, mode=Mode.RELOAD).turn)
    later = sharing.create(people.ana.user, question.id, 1)
    before, after = (
        session.scalars(select(SharedMessage.message_id).where(SharedMessage.link_id == sharing.look_up(each).id)).all()
        for each in (token, later)
    )
    assert len(before) == len(after) == 2 and set(before) != set(after)


def test_pages_of_a_shared_conversation_follow_each_other(people: People) -> None:
    link = sharing.look_up(sharing.create(people.ana.user, conversation(people.ana, "one", "two"), 1))
    first = sharing.messages_of(link.id, 0, 3)
    rest = sharing.messages_of(link.id, first[-1].sequence_index, 3)
    assert [message.sequence_index for message in (*first, *rest)] == [1, 2, 3, 4]


def test_only_the_owner_makes_and_revokes_links(people: People) -> None:
    thread = conversation(people.ana)
    for other in (people.ben, people.sue, people.stan):
        with pytest.raises(NotFound):
            sharing.create(other.user, thread, 7)
    token = sharing.create(people.ana.user, thread, 7)
    link_id = sharing.look_up(token).id
    for other in (people.ben, people.sue, people.stan):
        with pytest.raises(NotFound):
            sharing.revoke(other.user, link_id)
        assert sharing.of_user(other.user) == []
    assert [link.id for link in sharing.of_user(people.ana.user, thread)] == [link_id]
    assert opens(token)


def test_a_revoked_link_opens_nothing_and_leaves_nothing(people: People) -> None:
    thread = conversation(people.ana)
    token, other = (sharing.create(people.ana.user, thread, 7) for _ in range(2))
    link_id = sharing.look_up(token).id
    sharing.revoke(people.ana.user, link_id)
    assert not opens(token) and opens(other)
    assert session.scalar(select(func.count()).where(SharedMessage.link_id == link_id)) == 0
    with pytest.raises(NotFound):
        sharing.revoke(people.ana.user, link_id)


def test_an_expired_link_opens_nothing_and_is_deleted(people: People) -> None:
    thread = conversation(people.ana)
    token, other = (sharing.create(people.ana.user, thread, 7) for _ in range(2))
    expired = sharing.look_up(token).id
    with transaction():
        session.execute(update(ShareLink).where(ShareLink.id == expired).values(expires_at=now()))
    assert not opens(token)
    assert expired not in [link.id for link in sharing.of_user(people.ana.user)]
    assert sharing.delete_expired() == 1 and sharing.delete_expired() == 0
    assert opens(other)


def test_a_link_rests_while_the_conversation_is_archived(people: People) -> None:
    thread = conversation(people.ana)
    token = sharing.create(people.ana.user, thread, 7)
    threads.archive(people.ana.user, thread)
    assert not opens(token)
    with pytest.raises(Invalid):
        sharing.create(people.ana.user, thread, 7)
    threads.unarchive(people.ana.user, thread)
    assert opens(token)


def test_a_link_of_somebody_without_a_working_account_opens_nothing(people: People) -> None:
    token = sharing.create(people.ana.user, conversation(people.ana), 7)
    with transaction():
        session.execute(update(User).where(User.id == people.ana.id).values(is_active=False))
    assert not opens(token)


def test_what_cannot_be_shared_says_why(people: People) -> None:
    with transaction():
        empty = threads.create(people.ana.user).id
    running = ask(people.ana, "/slow 1000")
    full = conversation(people.ana)
    with pytest.raises(Invalid, match="nothing in this conversation"):
        sharing.create(people.ana.user, empty, 7)
    with pytest.raises(TurnActive):
        sharing.create(people.ana.user, running.thread.id, 7)
    with pytest.raises(Invalid, match="one of the times"):
        sharing.create(people.ana.user, full, 8)
    with pytest.raises(Invalid, match="at most 100"):
        sharing.create(people.ana.user, full, 7, "x" * 101)
    assert sharing.of_user(people.ana.user) == []


def test_somebody_has_only_so_many_links(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST", 2)
    thread = conversation(people.ana)
    token = sharing.create(people.ana.user, thread, 7)
    sharing.create(people.ana.user, thread, 7)
    with pytest.raises(Invalid, match="At most 2"):
        sharing.create(people.ana.user, thread, 7)
    sharing.revoke(people.ana.user, sharing.look_up(token).id)
    assert opens(sharing.create(people.ana.user, thread, 7))


def test_the_address_is_not_stored(people: People) -> None:
    token = sharing.create(people.ana.user, conversation(people.ana), 7)
    stored = session.scalars(select(ShareLink)).one()
    assert sharing.TOKEN.fullmatch(token)
    assert token not in [str(value) for value in vars(stored).values()]


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 44, "\x00" * 43, "é" * 43])
def test_guessed_addresses_open_nothing(people: People, token: str) -> None:
    assert not opens(token)


def test_a_site_may_switch_sharing_off(make_app: Callable[..., Flask]) -> None:
    make_app(sharing="off")
    people = folk.settle()
    with pytest.raises(Forbidden):
        sharing.create(people.ana.user, conversation(people.ana), 7)
    assert not sharing.is_possible()


def test_links_open_for_people_with_an_account_unless_the_site_says_anyone(make_app: Callable[..., Flask]) -> None:
    make_app(sharing="anyone")
    assert sharing.is_possible() and not sharing.needs_account()
    make_app(sharing="people")
    assert sharing.needs_account()
