"""A turn as a timeline, its receipt, and who may read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from chatapp.core import approvals, inspections, retention, timelines, turns
from chatapp.core.inspections import Inspection
from chatapp.core.starting import Started
from chatapp.core.timelines import Clock, Entry, Kind, Receipt
from chatapp.db import new_id, now, release, session, transaction
from chatapp.errors import NotFound, ReasonNeeded
from chatapp.models import AuditRecord, Turn, TurnEvent
from chatapp.values import Event
from tests.people import People, Person
from tests.reading import explained
from tests.servers import wait_until
from tests.stream.asking import ask, events_of, fresh, story_of, wait_for_text


def inspected(reader: Person, started: Started) -> Inspection:
    release()
    return inspections.read(reader.user, started.turn.id, "page")


def asked(person: Person, text: str) -> Started:
    started = ask(person, text)
    story_of(started.turn)
    return started


def write_log(started: Started, told: list[dict[str, Any]]) -> None:
    """In place of the log of a turn that was: how a text comes in pieces depends on the time its writer had."""
    with transaction():
        session.execute(delete(TurnEvent).where(TurnEvent.turn_id == started.turn.id))
        for number, data in enumerate(told, 1):
            session.add(TurnEvent(turn_id=started.turn.id, seq=number, data=Event.of(number, data).json))


def one(entries: list[Entry], kind: Kind) -> Entry:
    [found] = [entry for entry in entries if entry.kind is kind]
    return found


def records(event: str) -> list[AuditRecord]:
    release()
    return list(session.scalars(select(AuditRecord).where(AuditRecord.event == event)))


def test_what_happened_comes_in_its_order(people: People) -> None:
    started = asked(people.ana, '/tool calculate {"expression": "1 + 1"}')
    entries = timelines.entries(inspected(people.ana, started))
    kinds = [str(entry.kind) for entry in entries]
    assert [kind for kind in kinds if kind not in ("text", "title")] == [
        *("arrival", "guards", "stored", "model", "tool", "model", "end"),
    ]
    tool = one(entries, Kind.TOOL)
    assert (tool.name, tool.facts["outcome"]) == ("calculate", "success")
    assert tool.facts["arguments"] == len('{"expression":"1 + 1"}')
    text = one(entries, Kind.TEXT)
    assert text.facts["characters"] == len('Tool calculate returned {"result":2}')
    assert one(entries, Kind.GUARDS).facts == {"flagged": False}
    assert one(entries, Kind.END).facts == {"finish_reason": "stop", "error": None}


def test_a_turn_in_short_tells_the_same(people: People) -> None:
    """Its texts have the numbers and times of their pieces, and nothing else is put together."""
    started = asked(people.ana, "hello")
    written = [timed.event.data for timed in inspected(people.ana, started).events]
    letters = [[data | {"delta": letter} for letter in data.get("delta", "")] or [data] for data in written]
    write_log(started, [data for each in letters for data in each])
    long = inspected(people.ana, started)
    short = inspections.read(people.ana.user, started.turn.id, "page", in_short=True)

    assert timelines.entries(short) == timelines.entries(long)
    text, pieces = ([timed for timed in told.events if timed.event.type == "text-delta"] for told in (short, long))
    assert len(pieces) > 1
    assert [(each.pieces, each.at, each.until) for each in text] == [(len(pieces), pieces[0].at, pieces[-1].at)]
    assert text[0].event.data["delta"] == "".join(timed.event.data["delta"] for timed in pieces)
    others = [[timed for timed in told.events if timed.event.type != "text-delta"] for told in (short, long)]
    assert others[0] == others[1]


def test_texts_that_stand_side_by_side_stay_two(people: People) -> None:
    started = asked(people.ana, "hello")
    told = [("text-delta", "a", "1"), ("text-delta", "a", "2"), ("text-delta", "b", "3"), ("reasoning-delta", "b", "4")]
    write_log(started, [{"type": kind, "id": text, "delta": words} for kind, text, words in told])
    short = inspections.read(people.ana.user, started.turn.id, "page", in_short=True)

    found = [(event.seq, event.type, event.data["delta"], pieces) for event, _, pieces, _ in short.events]
    assert found == [(1, "text-delta", "12", 2), (3, "text-delta", "3", 1), (4, "reasoning-delta", "4", 1)]


def test_the_guards_say_what_they_found(people: People) -> None:
    started = asked(people.ana, "My IBAN is DE89 3704 0044 0532 0130 00, thank you")
    facts = one(timelines.entries(inspected(people.ana, started)), Kind.GUARDS).facts
    assert facts["flagged"] and facts["action"] != "allow" and facts["categories"]


def test_the_time_in_which_a_person_was_waited_for_is_cut_from_the_clock(people: People) -> None:
    started = ask(people.ana, '/tool rename_thread {"title": "Moon base"}')
    [wanted] = [e.data["approvalId"] for e in events_of(started.turn) if e.type == "tool-approval-request"]
    with transaction():
        session.execute(update(TurnEvent).values(at=now() - timedelta(hours=3)))
        session.execute(update(Turn).values(created=now() - timedelta(hours=3), trace=None))
    approvals.decide(people.ana.user, started.turn.id, UUID(wanted), True)
    wait_until(lambda: fresh(Turn, started.turn.id).status == "completed")
    inspection = inspected(people.ana, started)
    clock, last = Clock(inspection), inspection.events[-1].at
    assert last is not None and last - clock.origin > 3 * 3_600_000 - 1_000
    assert timelines.LONGEST_PAUSE <= clock.at(last) < 600_000
    decision = one(timelines.entries(inspection), Kind.APPROVAL)
    assert (decision.name, decision.facts["outcome"]) == ("rename_thread", "approved")


def cancelled(people: People) -> Receipt:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 3 ")
    release()
    turns.cancel(people.ana.user, started.thread.id, "tick 1 ")
    wait_until(lambda: inspected(people.ana, started).trace.get("calls"))
    receipt = timelines.receipt(inspected(people.ana, started))
    assert receipt
    return receipt


def test_a_cancelled_turn_has_a_receipt(people: People) -> None:
    receipt = cancelled(people)
    assert receipt.asked and receipt.closed
    assert receipt.asked <= receipt.ended and receipt.asked <= receipt.closed
    assert receipt.why == "stop" and receipt.asked_by == receipt.closed_by != ""
    assert receipt.kept == len("tick 1 ") < receipt.delivered
    assert receipt.received and receipt.received["exact"] is False


def test_other_turns_have_none(people: People) -> None:
    assert timelines.receipt(inspected(people.ana, asked(people.ana, "hello"))) is None


def test_of_a_turn_that_nobody_has_noted_anything_the_log_tells(people: People) -> None:
    started = asked(people.ana, '/tool calculate {"expression": "1 + 1"}')
    with transaction():
        session.execute(update(Turn).values(trace=None))
    entries = timelines.entries(inspected(people.ana, started))
    assert [entry.facts for entry in entries if entry.kind is Kind.MODEL] == [{"from_log": True}] * 2
    assert one(entries, Kind.TOOL).begin is not None


def test_of_a_turn_whose_events_are_gone_the_rest_is_told(people: People) -> None:
    started = asked(people.ana, '/tool calculate {"expression": "1 + 1"}')
    with transaction():
        session.execute(update(Turn).values(completed_at=now() - timedelta(days=30)))
    assert retention.prune_events() == 1
    inspection = inspected(people.ana, started)
    assert inspection.is_retold
    entries = timelines.entries(inspection)
    assert [entry.name for entry in entries if entry.kind is Kind.MODEL] == ["offline", "offline"]
    assert one(entries, Kind.TEXT).facts["pieces"] is None


@pytest.mark.parametrize("reader", ["stan", "sue"])
def test_that_staff_or_support_read_a_turn_is_written_down(people: People, reader: str) -> None:
    started = asked(people.ana, "hello")
    looking: Person = getattr(people, reader)
    for look in (lambda: inspected(looking, started), lambda: inspections.export(looking.user, started.turn.id)):
        with pytest.raises(ReasonNeeded):
            look()
    assert records("chat_turn_inspected") == records("chat_turn_exported") == []
    explained(looking, started.thread.id)
    inspected(looking, started)
    [record] = records("chat_turn_inspected")
    assert (record.actor_id, record.target_user_id, record.object_id) == (looking.id, people.ana.id, started.turn.id)
    assert record.details == {"thread": str(started.thread.id), "part": "page"}
    inspections.export(looking.user, started.turn.id)
    assert len(records("chat_turn_exported")) == 1
    assert len(records("chat_thread_read")) == 1
    assert records("chat_thread_accessed") == []


def test_ones_own_turn_is_read_without_a_record_and_exported_with_one(people: People) -> None:
    started = asked(people.stan, "hello")
    inspected(people.stan, started)
    assert records("chat_turn_inspected") == records("chat_thread_accessed") == []
    inspections.export(people.stan.user, started.turn.id)
    assert len(records("chat_turn_exported")) == 1


def test_others_find_nothing(people: People) -> None:
    started = asked(people.ana, "hello")
    for look in (lambda: inspected(people.ben, started), lambda: inspections.export(people.ben.user, started.turn.id)):
        with pytest.raises(NotFound):
            look()
    with pytest.raises(NotFound):
        inspections.read(people.stan.user, new_id(), "page")
    assert records("chat_turn_inspected") == records("chat_turn_exported") == []
