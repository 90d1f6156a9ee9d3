"""What is said and how conversations are called is found at once, though SQLite indexes many texts together."""

from __future__ import annotations

import random
from contextlib import suppress
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, update

from chatapp.core import history, search, thread_lists, threads
from chatapp.core.thread_lists import ThreadFilter
from chatapp.db import session, transaction
from chatapp.models import Message, Thread, User
from tests.people import People, Person
from tests.searching import assert_intact, looking, say, waiting

WORDS = "rain snow hail sleet fog mist storm gale breeze frost thaw cloud sun haze drizzle ice".split()  # noqa: SIM905
MANY, LONG = 64, 65_536  # texts and letters that wait at most
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def found(person: Person, query: str) -> set[UUID]:
    return {thread.id for thread in history.page(person.user, query=query).threads}


def found_by_staff(people: People, query: str) -> set[UUID]:
    wanted = ThreadFilter(query=query)
    listed = {each.id for each in thread_lists.page(people.stan.user, wanted, 0, 50)[0]}
    log, _ = thread_lists.following(people.stan.user, thread_lists.within_reach(people.stan.user, wanted))
    assert {each.id for each in log} == listed
    return listed


def test_what_was_just_said_is_found_by_its_owner_and_by_staff(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user)
    say(thread, "Will it rain?")
    assert found(people.ana, "rain") == {thread.id}
    say(thread, "It will be snowing.")
    assert found_by_staff(people, "snow") == {thread.id}
    assert found(people.ben, "rain") == set()


def test_a_name_is_found_as_soon_as_it_is_given_and_an_old_one_no_longer(app: Flask, people: People) -> None:
    named, unnamed = threads.create(people.ana.user, "Rainfall"), threads.create(people.ana.user)
    assert found(people.ana, "infal") == found_by_staff(people, "infal") == {named.id}
    threads.rename(people.ana.user, unnamed.id, "Hailstorm")
    assert found_by_staff(people, "lstor") == {unnamed.id}
    threads.rename(people.ana.user, unnamed.id, "Breeze")
    assert found_by_staff(people, "lstor") == set()
    assert found_by_staff(people, "reez") == {unnamed.id}


@on_sqlite
def test_texts_wait_until_there_are_many(app: Flask, people: People) -> None:
    made = [threads.create(person.user) for person in (people.ana, people.ben)]
    for number in range(MANY - 1):
        say(made[number % 2], f"fog{number}")
    assert waiting() == MANY - 1

    threads.rename(people.ana.user, made[0].id, "Thaw")

    assert waiting() == 0
    assert_intact()
    assert found_by_staff(people, "fog6") == found(people.ana, "fog6") == {made[0].id}
    assert found_by_staff(people, "fog7") == found(people.ben, "fog7") == {made[1].id}
    assert found_by_staff(people, "thaw") == {made[0].id}


@on_sqlite
def test_long_texts_do_not_gather(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user)
    say(thread, "mist " * (LONG // 5))
    assert waiting() == 1
    say(thread, "haze")
    assert waiting() == 0
    assert_intact()


@on_sqlite
def test_a_thread_without_a_name_has_nothing_to_be_indexed(app: Flask, people: People) -> None:
    threads.create(people.ana.user)
    threads.create(people.ana.user, "")
    assert waiting() == 0


@on_sqlite
def test_what_changes_or_goes_before_it_was_indexed_is_found_as_it_is(app: Flask, people: People) -> None:
    thread, other = threads.create(people.ana.user, "Rain"), threads.create(people.ana.user, "Snow")
    changed, gone, _ = say(thread, "hail", "sleet", "fog")
    say(other, "mist")
    with transaction():
        session.execute(update(Message).where(Message.id == changed.id).values(content="storm"))
        session.execute(delete(Message).where(Message.id == gone.id))
        session.execute(update(Thread).where(Thread.id == thread.id).values(title=None))
        session.execute(delete(Thread).where(Thread.id == other.id))
    assert waiting() == 3

    assert found(people.ana, "storm") == found_by_staff(people, "fog") == {thread.id}
    assert [found_by_staff(people, word) for word in ("hail", "sleet", "mist", "rain", "snow")] == [set()] * 5
    assert waiting() == 0
    assert_intact()


@on_sqlite
def test_a_person_who_goes_takes_along_what_waits(app: Flask, people: People) -> None:
    for person in (people.ana, people.ben):
        say(threads.create(person.user, "Frost"), "ice")
    with transaction():
        session.execute(delete(User).where(User.id == people.ana.id))
    assert waiting() == 2
    assert len(found_by_staff(people, "ice")) == len(found_by_staff(people, "frost")) == 1
    assert_intact()


@on_sqlite
def test_what_waits_survives_an_end_before_and_in_the_middle_of_indexing(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user, "Cloud")
    thread_id = thread.id
    say(thread, "drizzle")
    with suppress(ZeroDivisionError), transaction():
        session.execute(search.INDEX_ALL)
        _ = 1 / 0
    with suppress(ZeroDivisionError), transaction():
        say(thread, "never said")
        _ = 1 / 0
    assert waiting() == 2
    assert_intact()

    assert found(people.ana, "drizzle") == found_by_staff(people, "cloud") == {thread_id}
    assert found(people.ana, "never") == set()
    assert_intact()


@on_sqlite
def test_a_search_writes_nothing_when_nothing_waits(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user)
    say(thread, "rain")
    assert found(people.ana, "rain") == {thread.id}
    with looking() as other:
        other.execute("begin immediate")  # whoever wants to write waits, and then fails
        assert found(people.ana, "rain") == found_by_staff(people, "rain") == {thread.id}


@on_sqlite
@pytest.mark.parametrize("seed", range(3))
def test_the_index_is_that_of_the_texts_whatever_happens_to_them(app: Flask, people: People, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    made = [threads.create(person.user) for person in (people.ana, people.ben)]
    said: list[Message] = []
    for _ in range(8):
        with transaction():
            for _ in range(chance.randrange(40)):
                _do_something(chance, made, said)
        if chance.random() < 0.4:
            found(people.ana, "rain")
        assert_intact()
    assert waiting() < MANY
    found_by_staff(people, "rain")
    assert waiting() == 0
    assert_intact()


def _do_something(chance: random.Random, made: list[Thread], said: list[Message]) -> None:
    text = " ".join(chance.choices(WORDS, k=chance.randrange(6)))
    match chance.choice(("say", "say", "say", "change", "delete", "make", "name", "name", "erase")):
        case "say":
            said += say(chance.choice(made), text)
        case "change" if said:
            session.execute(update(Message).where(Message.id == chance.choice(said).id).values(content=text))
        case "delete" if said:
            session.execute(delete(Message).where(Message.id == said.pop(chance.randrange(len(said))).id))
        case "make":
            made.append(threads.create(session.get_one(User, made[0].user_id), chance.choice((None, "", text))))
        case "name":
            session.execute(
                update(Thread).where(Thread.id == chance.choice(made).id).values(title=chance.choice((None, text)))
            )
        case "erase" if len(made) > 2:
            gone = made.pop(chance.randrange(2, len(made)))
            said[:] = [message for message in said if message.thread_id != gone.id]
            session.execute(delete(Thread).where(Thread.id == gone.id))
