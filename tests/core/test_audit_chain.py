"""The audit trail is a chain: right however many write at once, and whatever is done to it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from chatapp.core import audit, audit_chain, threads
from chatapp.core.audit import AuditFilter
from chatapp.db import new_id, now, release, session, transaction
from chatapp.models import AuditChain, AuditRecord
from tests.people import People, Person
from tests.plans import plan
from tests.stream.asking import at_once

WRITERS, WRITES = 8, 10
ODD = {"float": 1.0, "huge": 1e22, "nothing": None, "nested": {"b": [0.1, -0.0], "a": "ü \"'\\ \u2028"}, "yes": True}


def write(person: Person, count: int, **details: object) -> None:
    for _ in range(count):
        audit.record("something_done", person.user, object_id=new_id(), target_user_id=person.id, **details)


def records() -> list[AuditRecord]:
    release()
    return list(session.scalars(select(AuditRecord).order_by(AuditRecord.number)))


def test_records_are_numbered_without_gaps_and_hang_together(people: People) -> None:
    with transaction():
        write(people.ana, 2, **ODD)
        write(people.ben, 1)
    write(people.ana, 1)

    found = records()
    assert [record.number for record in found] == [1, 2, 3, 4]
    assert [record.created for record in found] == sorted({record.created for record in found})
    assert audit_chain.verify() == audit_chain.Check(4, found[-1].hash)


def test_what_was_not_stored_leaves_no_gap(people: People) -> None:
    write(people.ana, 1)
    with pytest.raises(ZeroDivisionError), transaction():
        write(people.ana, 3)
        raise ZeroDivisionError
    write(people.ana, 1)

    assert [record.number for record in records()] == [1, 2]
    assert not audit_chain.verify().fault


def test_many_writers_make_one_chain_whatever_else_they_lock(app: Flask, people: People) -> None:
    first, second = (threads.create(people.ana.user).id for _ in range(2))

    def work(order: list[object]) -> Callable[[], None]:
        def each() -> None:
            for _ in range(WRITES):
                with transaction():
                    audit.record("begun", people.ana.user, object_id=new_id())
                    for thread_id in order:
                        threads.lock(people.ana.id, thread_id)
                    audit.record("done", people.ana.user, object_id=new_id())

        return each

    # All lock in one order, as ARCHITECTURE.md asks; the trail is written before and after.
    outcomes = at_once(app, *[work([first, second][number % 2 :]) for number in range(WRITERS)])

    assert outcomes == [None] * WRITERS
    assert audit_chain.verify().records == WRITERS * WRITES * 2
    assert not audit_chain.verify().fault


def change(number: int, **values: object) -> None:
    session.execute(update(AuditRecord).where(AuditRecord.number == number).values(**values))


def remove(*numbers: int) -> None:
    session.execute(delete(AuditRecord).where(AuditRecord.number.in_(numbers)))


def add(number: int) -> None:
    session.add(AuditRecord(number=number, event="forged", details={}, hash="0" * 64))


def recompute_from(number: int) -> None:
    """What somebody does who knows how it is made, but not that the end is kept elsewhere too."""
    change(number, event="other")
    previous = session.scalar(select(AuditRecord.hash).where(AuditRecord.number == number - 1)) or ""
    for record in session.scalars(select(AuditRecord).where(AuditRecord.number >= number).order_by(AuditRecord.number)):
        content = {name: getattr(record, name) for name in record.__table__.columns.keys()}  # noqa: SIM118
        previous = record.hash = audit_chain.digest(previous, content)


HARM: list[tuple[Callable[[], None], str]] = [
    (lambda: remove(3), "Record 3 is missing"),
    (lambda: remove(1), "Record 1 is missing"),
    (lambda: remove(5), "Record 5 is missing"),
    (lambda: remove(1, 2, 3, 4, 5), "Record 1 is missing"),
    (lambda: change(2, event="other"), "Record 2 was changed"),
    (lambda: change(2, actor_id=None), "Record 2 was changed"),
    (lambda: change(2, target_user_id=None), "Record 2 was changed"),
    (lambda: change(2, object_id=new_id()), "Record 2 was changed"),
    (lambda: change(2, details={"a": 1}), "Record 2 was changed"),
    (lambda: change(2, created=now() - timedelta(days=1)), "Record 2 was changed"),
    (lambda: change(2, hash="f" * 64), "Record 2 was changed"),
    (lambda: add(6), "Record 6 was inserted"),
    (lambda: recompute_from(3), "Record 5 is not the one"),
]


def test_what_was_done_to_the_trail_shows(people: People) -> None:
    write(people.ana, 5)
    for harm, fault in HARM:
        harm()
        session.flush()
        assert fault in audit_chain.verify().fault
        session.rollback()
    assert not audit_chain.verify().fault


def test_a_removed_end_shows_even_after_the_next_record_began_it_anew(people: People) -> None:
    write(people.ana, 3)
    noted = records()[-1]
    with transaction():
        remove(3)
        session.execute(delete(AuditChain))
    write(people.ana, 1)

    assert not audit_chain.verify().fault  # from inside nothing can tell
    assert "not the one that was noted" in audit_chain.compare(noted.number, noted.hash)
    assert audit_chain.compare(2, records()[1].hash) == ""
    assert "missing" in audit_chain.compare(9, noted.hash)


def test_the_check_is_kept_for_the_page(people: People) -> None:
    write(people.ana, 2)
    with transaction():
        change(1, event="other")

    audit_chain.verify_and_note()

    chain = audit_chain.head()
    assert chain is not None
    assert chain.checked_at is not None
    assert (chain.checked_number, chain.fault[:8]) == (0, "Record 1")


def test_an_empty_trail_is_whole(people: People) -> None:
    assert audit_chain.verify() == audit_chain.Check(0, audit_chain.GENESIS)


def test_a_command_verifies_and_tells_the_first_bad_record(app: Flask, people: People) -> None:
    write(people.ana, 3)
    hash_of_two = records()[1].hash
    run = app.test_cli_runner().invoke

    whole = run(args=["audit", "verify", "--end", f"2:{hash_of_two}"])
    wrong = run(args=["audit", "verify", "--end", "2:" + "0" * 64])
    malformed = run(args=["audit", "verify", "--end", "two"])
    with transaction():
        remove(2)
    broken = run(args=["audit", "verify"])

    assert (whole.exit_code, wrong.exit_code, malformed.exit_code, broken.exit_code) == (0, 1, 2, 1)
    assert whole.output.startswith("3 records, none removed or changed. The end: 3:")
    assert "not the one that was noted" in wrong.output
    assert "Record 2 is missing" in broken.output


def test_pages_go_back_by_number_and_filters_narrow_them(people: People) -> None:
    write(people.ana, 3)
    write(people.ben, 2)
    audit.record("other_thing", people.stan.user, object_id=people.ana.id, target_user_id=people.ana.id)

    def numbers(before: int | None = None, limit: int = 50, **wanted: object) -> list[int]:
        found, _ = audit.page(AuditFilter(**wanted), before, limit)  # type: ignore[arg-type]
        return [record.number for record in found]

    assert numbers(limit=2) == [6, 5]
    assert numbers(before=5, limit=2) == [4, 3]
    assert audit.page(AuditFilter(), None, 6)[1] is False
    assert audit.page(AuditFilter(), None, 5)[1] is True
    assert numbers(event="other_thing") == [6]
    assert numbers(actor_id=people.ben.id) == [5, 4]
    assert numbers(target_user_id=people.ana.id) == [6, 3, 2, 1]
    assert numbers(object_id=people.ana.id) == [6]
    assert audit.events() == ["other_thing", "something_done"]


def test_days_are_ranges_of_numbers(people: People) -> None:
    write(people.ana, 3)
    today = datetime.now(UTC).date()

    def count(first: int | None, last: int | None) -> int:
        days = [None if each is None else today + timedelta(days=each) for each in (first, last)]
        return len(audit.page(AuditFilter(first=days[0], last=days[1]))[0])

    assert (count(0, 0), count(-1, None), count(None, 0), count(1, None), count(None, -1)) == (3, 3, 3, 0, 0)


def test_an_export_is_written_down_first_and_streams_everything(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "BATCH", 2)
    write(people.ana, 5)

    batches = [list(batch) for batch in audit.export(people.stan.user, AuditFilter(), "csv")]

    assert [[record.number for record in batch] for batch in batches] == [[1, 2], [3, 4], [5, 6], []]
    assert (batches[2][-1].event, batches[2][-1].details) == ("audit_exported", {"form": "csv", "filters": {}})


@pytest.mark.parametrize("name", ["nothing", "event", "actor_id", "target_user_id", "object_id"])
def test_the_list_reads_along_an_index(people: People, name: str) -> None:
    values = {"event": "x", "nothing": None}
    wanted = AuditFilter() if name == "nothing" else AuditFilter(**{name: values.get(name, people.ana.id)})
    column = "number" if name == "nothing" else name
    query = select(AuditRecord).where(*audit._conditions(wanted), AuditRecord.number < 100)
    query = query.order_by(AuditRecord.number.desc()).limit(50)
    statement = str(query.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    lines = plan(statement, (), "enable_sort")
    assert not any("TEMP B-TREE" in line for line in lines), "\n".join(lines)
    assert any("audit_records_" + column in line or "autoindex_audit_records" in line for line in lines), lines


def test_numbers_are_given_once(people: People) -> None:
    write(people.ana, 4)
    assert session.scalar(select(func.count(AuditRecord.number.distinct()))) == 4
