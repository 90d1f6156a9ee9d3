"""Calls that wait for a person (turns-api 4.9)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask

from chatapp.core import accounts, approvals, takeovers, turns
from chatapp.db import now, session, transaction
from chatapp.errors import ApprovalNotPending, NotFound, TurnActive
from chatapp.models import Thread, ToolApproval, Turn, TurnLease
from chatapp.values import Event, OnActive
from tests.people import People, Person
from tests.stream import grammar
from tests.stream.asking import ask, at_once, events_of, fresh, texts, visible

RENAME = '/tool rename_thread {"title": "Moon base"}'


def request_in(events: list[Event]) -> UUID:
    [found] = [event.data["approvalId"] for event in events if event.type == "tool-approval-request"]
    return UUID(found)


def waiting(person: Person, text: str = RENAME) -> tuple[Turn, list[Event]]:
    """A turn that waits for a decision, and what its reader has been shown."""
    turn = ask(person, text).turn
    events = events_of(turn)
    found = fresh(Turn, turn.id)
    assert found.status == "awaiting_approval"
    session.expunge(found)
    return found, events


def rest_of(turn: Turn, events: list[Event]) -> list[Event]:
    return events_of(turn, after=events[-1].seq)


def test_case_114_a_call_that_needs_approval_pauses_the_turn(people: People) -> None:
    turn, events = waiting(people.ana)
    kinds = [event.type for event in events]
    assert kinds[-4:] == ["tool-approval-request", "finish-step", "data-turn", "finish"]
    assert events[-2].data["data"]["status"] == "awaiting_approval"
    assert events[-1].data["messageMetadata"]["finishReason"] == "approval"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    [available] = [event.data for event in events if event.type == "tool-input-available"]
    assert available["input"] == {"title": "Moon base", "threadId": str(turn.thread_id)}
    assert session.get(TurnLease, turn.id) is None
    with pytest.raises(TurnActive):
        ask(people.ana, "something else", turn.thread_id)


def test_case_115_an_approved_call_runs_and_the_turn_goes_on(people: People) -> None:
    turn, events = waiting(people.ana)
    decided = approvals.decide(people.ana.user, turn.id, request_in(events), True)
    assert decided.status == "running"
    rest = rest_of(turn, events)
    kinds = [event.type for event in rest if event.type != "text-delta"]
    assert kinds[:2] == ["data-turn", "tool-output-available"]
    assert kinds[-2:] == ["data-turn", "finish"]
    assert [event.seq for event in rest] == list(range(events[-1].seq + 1, rest[-1].seq + 1))
    assert fresh(Turn, turn.id).status == "completed"
    assert fresh(Thread, turn.thread_id).title == "Moon base"
    grammar.check([*events, *rest])
    answer = visible(fresh(Thread, turn.thread_id))[1]
    assert [block["key"] for block in answer.blocks] == ["tool", "markdown"]
    assert answer.content.startswith("Tool rename_thread returned")


def test_case_116_a_denied_call_does_not_run(people: People) -> None:
    turn, events = waiting(people.ana)
    approvals.decide(people.ana.user, turn.id, request_in(events), False, "not now")
    rest = rest_of(turn, events)
    assert "tool-output-denied" in [event.type for event in rest]
    thread = fresh(Thread, turn.thread_id)
    assert fresh(Turn, turn.id).status == "completed"
    assert thread.title != "Moon base"
    answer = visible(thread)[1]
    assert answer.content == "Tool rename_thread was denied"
    assert answer.blocks[0]["tool"]["denied"] is True


def test_case_117_a_decision_is_made_once(people: People) -> None:
    turn, events = waiting(people.ana)
    approval = request_in(events)
    approvals.decide(people.ana.user, turn.id, approval, True)
    with pytest.raises(ApprovalNotPending) as refused:
        approvals.decide(people.ana.user, turn.id, approval, False)
    assert refused.value.status == "approved"
    rest_of(turn, events)
    with pytest.raises(ApprovalNotPending):
        approvals.decide(people.ana.user, turn.id, approval, True)


def test_of_two_decisions_at_once_one_counts(app: Flask, people: People) -> None:
    turn, events = waiting(people.ana)
    approval, user_id = request_in(events), people.ana.id

    def decide(approved: bool) -> str:
        return str(approvals.decide(accounts.require_user(user_id), turn.id, approval, approved).id)

    results = at_once(app, lambda: decide(True), lambda: decide(False), lambda: decide(True))
    assert sorted(type(result).__name__ for result in results) == ["ApprovalNotPending", "ApprovalNotPending", "str"]
    rest = rest_of(turn, events)
    assert sum(event.type.startswith("tool-output") for event in rest) == 1


def test_only_the_owner_decides(people: People) -> None:
    turn, events = waiting(people.ana)
    approval = request_in(events)
    for other in (people.ben, people.sue, people.stan):
        with pytest.raises(NotFound):
            approvals.decide(other.user, turn.id, approval, True)
    with pytest.raises(NotFound, match="Approval"):
        approvals.decide(people.ana.user, turn.id, uuid4(), True)
    elsewhere, _ = waiting(people.ana)
    with pytest.raises(NotFound, match="Approval"):
        approvals.decide(people.ana.user, elsewhere.id, approval, True)


def test_two_calls_one_after_the_other_are_asked_for_separately(people: People) -> None:
    turn, events = waiting(people.ana, f"{RENAME}\n{RENAME.replace('Moon', 'Mars')}")
    approvals.decide(people.ana.user, turn.id, request_in(events), False, "no moon")
    more = rest_of(turn, events)
    assert more[-1].waits_for_person
    approvals.decide(people.ana.user, turn.id, request_in(more), True)
    last = rest_of(turn, more)
    assert fresh(Thread, turn.thread_id).title == "Mars base"
    grammar.check([*events, *more, *last])


def test_a_cancel_denies_what_is_open(people: People) -> None:
    turn, events = waiting(people.ana, f"before\n{RENAME}")
    turns.cancel(people.ana.user, turn.thread_id)
    rest = rest_of(turn, events)
    assert [event.type for event in rest] == ["tool-output-denied", "data-turn", "abort"]
    assert fresh(ToolApproval, request_in(events)).status == "denied"
    ended = fresh(Turn, turn.id)
    assert (ended.status, ended.output_tokens) == ("cancelled", 3)
    assert texts(fresh(Thread, turn.thread_id))[1] == "You said: before"
    with pytest.raises(ApprovalNotPending):
        approvals.decide(people.ana.user, turn.id, request_in(events), True)


def test_a_new_question_that_interrupts_takes_its_place(people: People) -> None:
    turn, _ = waiting(people.ana)
    started = ask(people.ana, "never mind", turn.thread_id, on_active=OnActive.INTERRUPT)
    events_of(started.turn)
    assert fresh(Turn, turn.id).status == "cancelled"


def test_nobody_decides_for_a_day(people: People) -> None:
    turn, events = waiting(people.ana)
    assert approvals.expire() == 0
    with transaction():
        session.get_one(Turn, turn.id).modified = now() - timedelta(hours=25)
    assert approvals.expire() == 1
    rest = rest_of(turn, events)
    assert rest[-1].type == "error"
    assert fresh(Turn, turn.id).error_code == "approval_expired"


def test_a_waiting_turn_is_not_taken_for_lost(people: People) -> None:
    turn, _ = waiting(people.ana)
    assert takeovers.reap(["nobody"]) == 0
    assert turns.get_own(people.ana.user, turn.id).status == "awaiting_approval"


def test_a_reader_who_joins_a_waiting_turn_is_told_at_once_that_nothing_comes(people: People) -> None:
    turn, events = waiting(people.ana)
    assert rest_of(turn, events) == []
    assert [event.json for event in events_of(turn)] == [event.json for event in events]


def test_what_was_consumed_before_and_after_is_counted_together(people: People) -> None:
    turn, events = waiting(people.ana)
    before = fresh(Turn, turn.id)
    assert (before.input_tokens, before.output_tokens) == (5, 0)
    approvals.decide(people.ana.user, turn.id, request_in(events), True)
    rest_of(turn, events)
    after = fresh(Turn, turn.id)
    assert after.input_tokens is not None
    assert after.input_tokens >= 10
    assert after.output_tokens


def test_a_conversation_that_waits_has_its_name(people: People) -> None:
    turn, events = waiting(people.ana, f"About the moon\n{RENAME}")
    assert (fresh(Thread, turn.thread_id).title or "").startswith("About the moon")
    approvals.decide(people.ana.user, turn.id, request_in(events), True)
    rest_of(turn, events)
    assert fresh(Thread, turn.thread_id).title == "Moon base"
