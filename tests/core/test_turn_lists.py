"""Everybody's turns: filters, pages, and that no page reads more than it may."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from chatapp.core import turn_lists
from chatapp.core.turn_lists import TurnFilter
from chatapp.db import new_id, session, transaction
from chatapp.models import Turn
from chatapp.values import TurnStatus
from tests.people import People, Person
from tests.plans import plan, queries
from tests.stream.asking import ask, story_of

CALM = {"status": "completed", "model": "offline", "first_token_ms": 100}


def store(person: Person, thread_id: UUID, **columns: object) -> UUID:
    turn = Turn(
        id=new_id(),
        thread_id=thread_id,
        user_id=person.id,
        mode="message",
        input_message_id=new_id(),
        answer_id=new_id(),
        answer_index=2,
        concurrency_key="x",
        **CALM | columns,
    )
    with transaction():
        session.add(turn)
    return turn.id


@pytest.fixture
def thread_id(people: People) -> UUID:
    """Of ana, without turns."""
    started = ask(people.ana, "hello")
    story_of(started.turn)
    with transaction():
        session.delete(session.get_one(Turn, started.turn.id))
    return started.thread.id


def found(wanted: TurnFilter, after: UUID | None = None) -> list[UUID]:
    return [listed.turn.id for listed in turn_lists.page(wanted, after).items]


def test_every_filter_finds_what_it_says(people: People, thread_id: UUID) -> None:
    calm = store(people.ana, thread_id)
    failed = store(people.ana, thread_id, status="failed", error_code="worker_lost", error_retryable=True)
    stopped = store(people.ana, thread_id, status="cancelled", first_token_ms=6_000)
    of_ben = store(people.ben, thread_id, model="other", first_token_ms=2_000)
    for wanted, expected in (
        (TurnFilter(), [of_ben, stopped, failed, calm]),
        (TurnFilter(status=TurnStatus.FAILED), [failed]),
        (TurnFilter(status=TurnStatus.CANCELLED), [stopped]),
        (TurnFilter(status=TurnStatus.COMPLETED), [of_ben, calm]),
        (TurnFilter(error="worker_lost"), [failed]),
        (TurnFilter(error="worker_lost", status=TurnStatus.CANCELLED), []),
        (TurnFilter(model="other"), [of_ben]),
        (TurnFilter(user=" Ben "), [of_ben]),
        (TurnFilter(user="nobody"), []),
        (TurnFilter(slow=2_000), [of_ben, stopped]),
        (TurnFilter(slow=5_000, user="ana"), [stopped]),
        (TurnFilter(thread_id=thread_id, status=TurnStatus.FAILED), [failed]),
        (TurnFilter(thread_id=new_id()), []),
    ):
        assert found(wanted) == expected, wanted


def test_pages_follow_each_other(people: People, thread_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_lists, "PAGE", 2)
    ids = [store(people.ana, thread_id) for _ in range(5)]
    seen, after = [], None
    for _ in range(3):
        page = turn_lists.page(TurnFilter(model="offline"), after)
        seen += [listed.turn.id for listed in page.items]
        after = page.next
    assert seen == ids[::-1] and after is None


def test_what_is_rare_is_looked_for_step_by_step(
    people: People, thread_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_lists, "LOOKED_THROUGH", 3)
    rare = store(people.ana, thread_id, model="rare")
    for _ in range(4):
        store(people.ana, thread_id)
    first = turn_lists.page(TurnFilter(model="rare"))
    assert (first.items, first.is_cut) == ([], True)
    second = turn_lists.page(TurnFilter(model="rare"), first.next)
    assert [listed.turn.id for listed in second.items] == [rare] and not second.is_cut and second.next is None


def test_an_id_leads_to_its_turn(people: People) -> None:
    started = ask(people.ana, "hello")
    story = story_of(started.turn)
    answer_id = UUID(story.turn["outputMessageId"])
    for key in (started.turn.id, answer_id, started.thread.id):
        assert turn_lists.find(key) == started.turn.id
    assert turn_lists.find(new_id()) is None


FILTERS = {
    "nothing": (TurnFilter(), ("pk_turns", "sqlite_autoindex_turns_1")),
    "model": (TurnFilter(model="x"), ("pk_turns", "sqlite_autoindex_turns_1")),
    "running": (TurnFilter(status=TurnStatus.RUNNING), ("pk_turns", "sqlite_autoindex_turns_1", "uq_turns_one_active")),
    "user": (TurnFilter(user="ana", model="x"), ("ix_turns_user",)),
    "failed": (TurnFilter(status=TurnStatus.FAILED), ("ix_turns_unfinished",)),
    "error": (TurnFilter(error="internal"), ("ix_turns_unfinished",)),
    "slow": (TurnFilter(slow=5_000), ("ix_turns_slow",)),
    "thread": (TurnFilter(thread_id=new_id()), ("ix_turns_thread_created", "uq_turns_idempotency_key")),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_page_goes_along_one_index(app: Flask, people: People, name: str) -> None:
    wanted, indices = FILTERS[name]
    asked = queries(lambda: turn_lists.page(wanted, new_id()), "FROM turns")
    lines = [line for query in asked for line in plan(*query, "enable_bitmapscan")]
    looks = [line for line in lines if "turns" in line and (line.startswith(("SCAN", "SEARCH")) or "Scan" in line)]
    assert looks
    assert all(any(index in line for index in indices) for line in looks), "\n".join(lines)
    assert not any("Seq Scan on turns" in line or line == "SCAN turns" for line in lines), "\n".join(lines)
