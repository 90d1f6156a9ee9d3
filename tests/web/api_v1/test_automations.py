"""Crystallize and automations: cases 101 to 113 of turns-api."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from chatapp import tools
from chatapp.automations import executing
from chatapp.db import now, release, session, transaction
from chatapp.models import AutomationRun
from chatapp.tools import Call, Tool, schema
from chatapp.values import ToolResult
from tests.web.api_v1.client import CHAT, RANDOM_ID, Client, problems

ADD = '/tool calculate {"expression": "2 + 3"}'
TWICE = '/tool calculate {"expression": "5 * 2"}'
RENAME = '/tool rename_thread {"title": "Moon base"}'
AUTOMATIONS, RUNS = "/api/v1/automations", "/api/v1/automation-runs"


def crystallize(client: Client, thread: str, **body: Any) -> Any:
    return client.post(f"{CHAT}/threads/{thread}/crystallize", body)


def made(client: Client, thread: str, **body: Any) -> Any:
    """A new automation of the thread."""
    response = crystallize(client, thread, **body)
    assert response.status_code == 201, response.json
    return client.get(f"{AUTOMATIONS}/{response.json['automationId']}").json


def run(app: Flask, client: Client, automation: Any, **inputs: Any) -> Any:
    """A run, as far as it goes by itself."""
    response = client.post(f"{AUTOMATIONS}/{automation['id']}/runs", {"inputs": inputs} if inputs else None)
    assert response.status_code == 202, response.json
    return go_on(app, client, response.json)


def go_on(app: Flask, client: Client, started: Any) -> Any:
    release()
    executing.run_due("tests|1|1", app.app_context)
    return client.get(f"{RUNS}/{started['id']}").json


def allow(client: Client, story: Any) -> None:
    [asked] = [event for event in story.events if event["type"] == "tool-approval-request"]
    body = {"approvalId": asked["approvalId"], "approved": True}
    assert client.post(f"{CHAT}/turns/{story.turn['id']}/approvals", body).status_code == 200
    client.follow(story.turn["id"], story.ids[-1]).rest()


def test_case_101_nothing_to_capture(ana: Client, thread: str) -> None:
    ana.ask(thread, "hello")
    assert ana.thread(thread)["crystallizeEligible"] is False
    refused = crystallize(ana, thread)
    assert (refused.status_code, refused.json["code"]) == (409, "not_crystallizable")
    assert ana.get(AUTOMATIONS).json == {"items": [], "total": 0}


def test_case_102_two_calls_can_be_captured(ana: Client, thread: str) -> None:
    ana.ask(thread, f"{ADD}\n{TWICE}")
    assert ana.thread(thread)["crystallizeEligible"] is True


def test_case_103_two_calls_make_two_steps(ana: Client, thread: str) -> None:
    ana.ask(thread, f"{ADD}\n{TWICE}")
    automation = made(ana, thread, name="Sums")
    assert {key: automation[key] for key in ("name", "status", "triggerType", "orchestratorType", "sourceType")} == {
        "name": "Sums", "status": "draft", "triggerType": "manual", "orchestratorType": "dag",
        "sourceType": "chat_thread",
    }  # fmt: skip
    assert automation["sourceThreadId"] == thread
    assert automation["versionsSummary"] == {"count": 1, "activeCount": 0, "hasDraft": True}
    assert (automation["latestRun"], automation["description"], automation["templateId"]) == (None, None, None)
    first, second = automation["config"]["steps"]
    assert (first["key"], first["kind"], first["inputs"]) == ("step_1", "calculate", {"expression": "2 + 3"})
    assert (second["key"], second["dependsOn"], second["inputs"]) == ("step_2", ["step_1"], {"expression": "5 * 2"})
    assert (first["deterministic"], first["needsInput"], first["dependsOn"]) == (True, False, [])
    answer = ana.messages(thread)[-1]
    assert first["source"] == {"turnId": answer["turnId"], "messageId": answer["id"], "toolCallId": "call_1"}


def test_case_104_the_same_again_is_the_same(ana: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    automation = made(ana, thread, name="Sums")
    again = crystallize(ana, thread, name="Sums")
    assert (again.status_code, again.json) == (200, {"automationId": automation["id"]})
    assert made(ana, thread, name="Other")["id"] != automation["id"]
    assert ana.delete(f"{AUTOMATIONS}/{automation['id']}").status_code == 204
    assert made(ana, thread, name="Sums")["id"] != automation["id"]


def test_case_105_more_calls_make_another(ana: Client, thread: str) -> None:
    ana.ask(thread, f"{ADD}\n{ADD}")
    first = made(ana, thread, name="Sums")
    ana.ask(thread, TWICE)
    second = made(ana, thread, name="Sums")
    assert second["id"] != first["id"]
    assert [len(automation["config"]["steps"]) for automation in (first, second)] == [2, 3]


def test_case_106_what_is_not_deterministic_is_marked(ana: Client, thread: str) -> None:
    ana.ask(thread, f"{ADD}\n/tool current_time")
    config = made(ana, thread)["config"]
    assert [step["deterministic"] for step in config["steps"]] == [True, False]
    assert config["metadata"] == {"nonDeterministicSteps": ["step_2"]}


def test_case_107_what_was_allowed_has_a_gate(ana: Client, thread: str) -> None:
    allow(ana, ana.ask(thread, f"{ADD}\n{RENAME}"))
    first, gate, renaming = made(ana, thread)["config"]["steps"]
    assert (gate["kind"], gate["inputs"]) == ("approval_gate", {"prompt": "Allow rename_thread?", "forStep": "step_3"})
    assert (gate["dependsOn"], renaming["dependsOn"], gate["source"]) == (["step_1"], ["step_2"], None)
    assert renaming["inputs"] == {"title": "Moon base", "threadId": thread}


def test_case_108_an_active_turn(ana: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    reader = ana.open(thread, "/slow 1000").until("tick 1 ")
    assert ana.thread(thread)["crystallizeEligible"] is False
    refused = crystallize(ana, thread)
    assert (refused.status_code, refused.json["code"]) == (409, "turn_active")
    ana.cancel(thread)
    reader.rest()
    assert crystallize(ana, thread).status_code == 201


def test_case_109_calls_of_a_cancelled_turn_only(ana: Client, thread: str) -> None:
    reader = ana.open(thread, f"{ADD}\n/slow 1000").until("tick 1 ")
    ana.cancel(thread)
    reader.rest()
    assert ana.thread(thread)["crystallizeEligible"] is False
    assert crystallize(ana, thread).json["code"] == "not_crystallizable"


def test_case_110_a_run_does_it_again(app: Flask, ana: Client, thread: str) -> None:
    story = ana.ask(thread, f"{ADD}\n{TWICE}")
    automation = made(ana, thread)
    done = run(app, ana, automation)
    assert (done["status"], done["error"], done["versionNumber"]) == ("completed", None, 1)
    assert [step["status"] for step in done["steps"]] == ["completed", "completed"]
    in_chat = [event["output"] for event in story.events if event["type"] == "tool-output-available"]
    assert [step["output"] for step in done["steps"]] == in_chat
    assert done["durationSeconds"] >= 0
    latest = ana.get(f"{AUTOMATIONS}/{automation['id']}").json["latestRun"]
    assert (latest["id"], latest["status"]) == (done["id"], "completed")
    for path in (RUNS, f"{AUTOMATIONS}/{automation['id']}/runs", f"{RUNS}?status=completed"):
        assert [found["id"] for found in ana.get(path).json["items"]] == [done["id"]]
    assert ana.get(f"{RUNS}?status=failed").json == {"items": [], "total": 0}


def test_case_111_a_gate_is_decided(app: Flask, ana: Client, thread: str) -> None:
    allow(ana, ana.ask(thread, f"{RENAME}\n{ADD}"))
    ana.patch(f"{CHAT}/threads/{thread}", {"title": "Before"})
    automation = made(ana, thread)
    waiting = run(app, ana, automation)
    assert waiting["status"] == "awaiting_approval"
    assert [step["status"] for step in waiting["steps"]] == ["awaiting_approval", "pending", "pending"]
    assert ana.thread(thread)["title"] == "Before"
    approved = ana.post(f"{RUNS}/{waiting['id']}/approve", {"reason": "fine"})
    assert (approved.status_code, approved.json["status"]) == (200, "running")
    done = go_on(app, ana, waiting)
    assert done["status"] == "completed"
    assert done["steps"][0]["reason"] == "fine"
    assert done["steps"][0]["decidedBy"]
    assert ana.thread(thread)["title"] == "Moon base"
    again = ana.post(f"{RUNS}/{waiting['id']}/approve")
    assert (again.status_code, again.json["code"], again.json["status"]) == (409, "run_not_active", "completed")

    second = run(app, ana, automation)
    rejected = ana.post(f"{RUNS}/{second['id']}/reject", {}).json
    assert rejected["status"] == "rejected"
    assert [step["status"] for step in rejected["steps"]] == ["rejected", "skipped", "skipped"]
    assert go_on(app, ana, second)["status"] == "rejected"


def test_case_112_the_thread_may_go(ana: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    automation = made(ana, thread, name="Sums")
    assert ana.delete(f"{CHAT}/threads/{thread}").status_code == 204
    assert ana.get(f"{AUTOMATIONS}/{automation['id']}").json["sourceThreadId"] == thread
    assert crystallize(ana, thread).status_code == 404


def test_case_113_somebody_else_s_automation_does_not_exist(app: Flask, ana: Client, ben: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    automation = made(ana, thread)
    done = run(app, ana, automation)
    path = f"{AUTOMATIONS}/{automation['id']}"
    for response in (
        ben.get(path),
        ben.post(f"{path}/runs"),
        ben.delete(path),
        ben.patch(path, {}),
        ben.get(f"{path}/runs"),
    ):
        assert (response.status_code, response.json["code"]) == (404, "automation_not_found")
    for response in (ben.get(f"{RUNS}/{done['id']}"), ben.post(f"{RUNS}/{done['id']}/cancel")):
        assert (response.status_code, response.json["code"]) == (404, "automation_run_not_found")
    assert ben.get(f"{AUTOMATIONS}/{RANDOM_ID}").data == ben.get(path).data
    assert ben.get(RUNS).json["total"] == ben.get(AUTOMATIONS).json["total"] == 0
    assert crystallize(ben, thread).status_code == 404


def test_the_name_is_the_title_or_the_beginning_of_the_first_question(ana: Client) -> None:
    named = ana.new_thread(title="My sums")
    ana.ask(named, ADD)
    assert made(ana, named)["name"] == "My sums"
    assert problems(crystallize(ana, named, name="x" * 256)) == [(["body", "name"], "string_too_long")]
    assert problems(crystallize(ana, named, name="  ")) == [(["body", "name"], "string_too_short")]


def test_a_repeated_request_makes_one(ana: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    path, headers = f"{CHAT}/threads/{thread}/crystallize", {"Idempotency-Key": "k"}
    first, second = (ana.post(path, {"name": "Sums"}, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.json == second.json


def test_changes_of_an_automation(app: Flask, ana: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    automation = made(ana, thread)
    path = f"{AUTOMATIONS}/{automation['id']}"
    assert ana.patch(path, {}).json == automation
    changed = ana.patch(path, {"name": " Sums ", "description": "Adds", "status": "active"}).json
    assert (changed["name"], changed["description"], changed["status"]) == ("Sums", "Adds", "active")
    assert ana.patch(path, {"description": None}).json["description"] is None
    assert problems(ana.patch(path, {"name": None})) == [(["body", "name"], "string_type")]
    assert problems(ana.patch(path, {"status": "draft"})) == [(["body", "status"], "value_error")]
    assert ana.patch(path, {"status": "paused"}).status_code == 200
    refused = ana.post(f"{path}/runs")
    assert (refused.status_code, refused.json["code"], refused.json["status"]) == (
        409, "automation_not_runnable", "paused",
    )  # fmt: skip
    assert ana.get(f"{AUTOMATIONS}?status=paused").json["total"] == 1
    assert problems(ana.get(f"{AUTOMATIONS}?limit=1001&status=x")) == [
        (["query", "limit"], "less_than_equal"),
        (["query", "status"], "enum"),
    ]


def test_inputs_are_laid_over_the_frozen_ones(app: Flask, ana: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    automation = made(ana, thread)
    done = run(app, ana, automation, step_1={"expression": "10 + 1"})
    assert done["steps"][0]["output"]["data"] == {"result": 11}
    path = f"{AUTOMATIONS}/{automation['id']}/runs"
    assert problems(ana.post(path, {"inputs": {"step_1": {"expression": 7}}})) == [
        (["body", "inputs", "step_1", "expression"], "value_error")
    ]
    assert problems(ana.post(path, {"inputs": {"step_9": {}}})) == [(["body", "inputs", "step_9"], "value_error")]
    assert problems(ana.post(path, {"inputs": {"step_1": []}})) == [(["body", "inputs", "step_1"], "dict_type")]
    assert ana.get(RUNS).json["total"] == 1


def test_a_step_that_fails_ends_the_run(app: Flask, ana: Client, thread: str) -> None:
    ana.ask(thread, f"{ADD}\n{TWICE}")
    failed = run(app, ana, made(ana, thread), step_1={"expression": "1 / 0"})
    assert (failed["status"], failed["error"]["code"]) == ("failed", "tool_failed")
    assert [step["status"] for step in failed["steps"]] == ["failed", "skipped"]
    assert failed["steps"][0]["error"]["message"] == "Division by zero."


def test_a_run_is_cancelled(app: Flask, ana: Client, thread: str) -> None:
    allow(ana, ana.ask(thread, RENAME))
    waiting = run(app, ana, made(ana, thread))
    assert [ana.post(f"{RUNS}/{waiting['id']}/cancel").status_code for _ in range(2)] == [204, 204]
    ended = go_on(app, ana, waiting)
    assert (ended["status"], [step["status"] for step in ended["steps"]]) == ("cancelled", ["cancelled", "skipped"])


def test_nobody_decides_for_a_week(app: Flask, ana: Client, thread: str) -> None:
    allow(ana, ana.ask(thread, RENAME))
    waiting = run(app, ana, made(ana, thread))
    with transaction():
        session.query(AutomationRun).one().modified = now() - timedelta(days=8)
    assert go_on(app, ana, waiting)["status"] == "rejected"


def test_a_run_of_a_dead_worker_is_taken_up_again(app: Flask, ana: Client, thread: str) -> None:
    ana.ask(thread, ADD)
    automation = made(ana, thread)
    started = ana.post(f"{AUTOMATIONS}/{automation['id']}/runs").json
    with transaction():
        lost = session.query(AutomationRun).one()
        lost.status, lost.worker, lost.renewed_at = "running", "gone|1|1", now() - timedelta(hours=1)
    assert go_on(app, ana, started)["status"] == "completed"


def test_secrets_are_not_kept(app: Flask, ana: Client, thread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = schema({"user": {"type": "string"}, "pin": {"type": ["string", "null"], "writeOnly": True}})
    given: list[Any] = []

    def log_in(call: Call) -> ToolResult:
        given.append(call.arguments["pin"])
        return ToolResult.success("in")

    built_in = tools.built_in
    added = Tool("log_in", "", parameters, log_in, crystallizable=True)
    monkeypatch.setattr(tools, "built_in", lambda: [*built_in(), added])
    ana.ask(thread, '/tool log_in {"user": "ana", "pin": "four"}')
    automation = made(ana, thread)
    [step] = automation["config"]["steps"]
    assert (step["inputs"], step["needsInput"]) == ({"user": "ana", "pin": None}, True)
    assert run(app, ana, automation)["error"]["code"] == "input_required"
    assert run(app, ana, automation, step_1={"pin": "five"})["status"] == "completed"
    assert given == ["four", "five"]
