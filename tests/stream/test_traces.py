"""What is noted of an answer beside its log: when models were called, tools ran, and how it was stopped."""

from __future__ import annotations

from uuid import UUID

from flask import Flask
from sqlalchemy import event, select

from chatapp.core import approvals, turns
from chatapp.db import db, release, session
from chatapp.models import Turn
from chatapp.values import Json
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import ask, events_of, fresh, story_of, trace_of, wait_for_text


def handed_in(turn_id: UUID) -> Json:
    """The trace with what the executor of a turn that somebody else has ended knows."""
    wait_until(lambda: "calls" in trace_of(turn_id))
    return trace_of(turn_id)


def test_a_model_call_is_noted_with_its_moments_and_tokens(app: Flask, people: People) -> None:
    started = ask(people.ana, "hello")
    story_of(started.turn)
    trace, turn = trace_of(started.turn.id), fresh(Turn, started.turn.id)
    [call] = trace["calls"]
    moments = [trace["received"], trace["checked"], call["asked"], call["first"], trace["first_text"], call["ended"]]
    assert moments == sorted(moments)
    assert (call["model"], call["outcome"], call["closed"]) == ("offline", "stop", None)
    usage = {"input": turn.input_tokens, "output": turn.output_tokens, "cached": 0, "cache_written": 0, "exact": True}
    assert call["usage"] == usage
    assert trace["worker"] == app.extensions["runner"].worker
    assert turn.first_token_ms is not None and turn.first_token_ms >= 0


def test_calls_of_tools_are_noted_one_by_one(people: People) -> None:
    started = ask(people.ana, '/tool calculate {"expression": "1 + 1"}')
    story_of(started.turn)
    trace = trace_of(started.turn.id)
    assert [call["outcome"] for call in trace["calls"]] == ["tool_use", "stop"]
    [(begun, ended)] = trace["tools"].values()
    assert trace["calls"][0]["ended"] <= begun <= ended <= trace["calls"][1]["asked"]


def test_a_call_that_fails_is_noted_with_its_code(people: People) -> None:
    started = ask(people.ana, "/fail-early provider_rate_limited")
    story_of(started.turn)
    [call] = trace_of(started.turn.id)["calls"]
    assert (call["outcome"], call["first"]) == ("provider_rate_limited", None)
    assert fresh(Turn, started.turn.id).first_token_ms is None


def test_what_was_noted_before_an_approval_is_kept(people: People) -> None:
    started = ask(people.ana, '/tool rename_thread {"title": "Moon base"}')
    [asked] = [e.data["approvalId"] for e in events_of(started.turn) if e.type == "tool-approval-request"]
    before = trace_of(started.turn.id)
    assert len(before["calls"]) == 1 and before["tools"] == {}
    approvals.decide(people.ana.user, started.turn.id, UUID(asked), True)
    wait_until(lambda: fresh(Turn, started.turn.id).status == "completed")
    after = trace_of(started.turn.id)
    assert after["received"] == before["received"]
    assert after["calls"][:1] == before["calls"] and len(after["calls"]) == 2
    assert len(after["tools"]) == 1


def test_a_cancel_is_noted_by_both_who_asked_and_who_wrote(app: Flask, people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 3 ")
    release()
    turns.cancel(people.ana.user, started.thread.id)
    trace = handed_in(started.turn.id)
    worker = app.extensions["runner"].worker
    [call] = trace["calls"]
    assert trace["stop"]["why"] == "stop"
    assert trace["stop"]["worker"] == trace["worker"] == worker
    assert call["asked"] <= trace["stop"]["asked"] <= call["closed"]
    assert call["usage"]["exact"] is False
    assert fresh(Turn, started.turn.id).first_token_ms is not None


def test_a_turn_that_is_deleted_meanwhile_is_not_missed(app: Flask, people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 1 ")
    release()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM threads")
    runner = app.extensions["runner"]
    runner.drain(10)
    assert session.scalar(select(Turn.id)) is None


def test_noting_costs_no_statement(app: Flask, people: People) -> None:
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda c, r, statement, *rest: seen.append(statement))
    story_of(ask(people.ana, "hello").turn)
    written = [statement for statement in seen if "trace" in statement]
    assert len(written) == 2, written
    assert written[0].startswith("INSERT INTO turns") and written[1].startswith("UPDATE turns")
