"""The page of the audit trail: read, narrowed, checked, taken away."""

from __future__ import annotations

import csv
import io
import json

from flask import Flask
from sqlalchemy import select, update

from chatapp.core import audit
from chatapp.db import new_id, release, session, transaction
from chatapp.models import AuditRecord
from tests.people import People, Person
from tests.web.pages.visitor import Visitor


def write(person: Person, event: str = "something_done", times: int = 1, **details: object) -> None:
    with transaction():
        for _ in range(times):
            audit.record(event, person.user, object_id=new_id(), target_user_id=person.id, **details)


def rows(stan: Visitor, query: str = "") -> list[str]:
    return [row.all("th", scope="row")[0].text for row in stan.page(f"/admin/audit/{query}").all("tr")[1:]]


def checks(person: Person) -> list[dict[str, object]]:
    """What the checks that this person asked for have found."""
    release()
    asked = select(AuditRecord.details).where(AuditRecord.event == "audit_checked", AuditRecord.actor_id == person.id)
    return list(session.scalars(asked.order_by(AuditRecord.number)))


def test_records_are_listed_and_narrowed(stan: Visitor, people: People) -> None:
    write(people.ana, limit=5)
    write(people.ben, "other_thing")

    assert rows(stan) == ["Other thing", "Something done"]
    assert rows(stan, "?event=other_thing") == ["Other thing"]
    assert rows(stan, "?actor=ana") == ["Something done"]
    assert rows(stan, f"?actor={people.ana.id}") == ["Something done"]
    assert rows(stan, "?target=BEN") == ["Other thing"]
    assert rows(stan, "?after_day=2099-01-01") == []
    assert rows(stan, "?before_day=2099-01-01&actor=ana") == ["Something done"]
    page = stan.page("/admin/audit/?actor=zoe&after_day=tomorrow")
    assert [error.text for error in page.all("small", class_="field-error")] == [
        "Nobody has that user name.",
        "A date is written like 2030-12-31.",
    ]


def test_pages_follow_each_other(stan: Visitor, people: People) -> None:
    write(people.ana, times=audit.PAGE + 5)
    (link,) = stan.page("/admin/audit/?actor=ana").all("a", rel="next")

    second = stan.page(link.attributes["href"])

    assert len(second.all("tr")) == 1 + 5
    assert not second.has("a", rel="next")
    assert rows(stan, "?before=nonsense") != []


def test_the_page_says_whether_the_chain_is_whole(stan: Visitor, people: People) -> None:
    write(people.ana)
    assert "Not checked yet" in stan.page("/admin/audit/").find("h2", id="chain-title").text

    stan.post("/admin/audit/check/")
    assert "Whole" in stan.page("/admin/audit/").find("h2", id="chain-title").text

    with transaction():
        session.execute(update(AuditRecord).where(AuditRecord.number == 1).values(event="nothing_happened"))
    stan.post("/admin/audit/check/")
    page = stan.page("/admin/audit/")
    assert checks(people.stan) == [{"records": 1, "whole": True}, {"records": 0, "whole": False}]
    assert "Broken" in page.find("h2", id="chain-title").text
    assert "Record 1 was changed" in page.find("p", class_="form-error").text


def test_it_is_taken_away_as_a_file_and_that_is_recorded(app: Flask, stan: Visitor, people: People) -> None:
    write(people.ana, reason="=cmd()", text="@x")

    table = stan.get("/admin/audit/export.csv?actor=ana")
    lines = stan.get("/admin/audit/export.jsonl")

    assert "attachment" in table.headers["Content-Disposition"]
    (head, row) = csv.reader(io.StringIO(table.text))
    assert head[:3] == ["number", "created", "event"]
    assert row[2:5] == ["something_done", str(people.ana.id), str(people.ana.id)]
    events = [json.loads(line) for line in lines.text.splitlines()]
    assert [event["event"] for event in events] == ["something_done", "audit_exported", "audit_exported"]
    assert events[1]["details"] == {"form": "csv", "filters": {"actor_id": str(people.ana.id)}}
    assert events[1]["actor"] == str(people.stan.id)
