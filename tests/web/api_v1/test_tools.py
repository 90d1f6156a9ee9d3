"""Calls of tools and their approval: cases 56, 57, 114 to 117, and the flags of 101, 102, 108, 109 of turns-api."""

from __future__ import annotations

from typing import Any

from tests.web.api_v1.client import CHAT, RANDOM_ID, Client, Story, problems

ADD = '/tool calculate {"expression": "2 + 3"}'
RENAME = '/tool rename_thread {"title": "Moon base"}'


def named(story: Story, kind: str) -> Any:
    """The only event of that type."""
    (found,) = (event for event in story.events if event["type"] == kind)
    return found


def decide(client: Client, story: Story, approved: bool, **fields: Any) -> Any:
    approval = named(story, "tool-approval-request")["approvalId"]
    body = {"approvalId": approval, "approved": approved, **fields}
    return client.post(f"{CHAT}/turns/{story.turn['id']}/approvals", body)


def test_case_056_a_call_and_its_output(ana: Client, thread: str) -> None:
    story = ana.ask(thread, ADD)

    called, came = named(story, "tool-input-available"), named(story, "tool-output-available")
    assert (called["toolName"], called["input"]) == ("calculate", {"expression": "2 + 3"})
    assert came["toolCallId"] == called["toolCallId"] and came["output"]["data"] == {"result": 5}
    kinds = story.types
    first = kinds.index("start-step")
    assert first < kinds.index("tool-input-available") < kinds.index("tool-output-available")
    assert kinds.index("tool-output-available") < kinds.index("finish-step")
    said, returned, _ = ana.messages(thread)[1]["rawData"]["messages"]
    assert said["parts"][0]["args"] == {"expression": "2 + 3"}
    assert (returned["parts"][0]["outcome"], returned["parts"][0]["content"]) == ("success", came["output"])


def test_case_057_a_tool_that_fails(ana: Client, thread: str) -> None:
    story = ana.ask(thread, '/tool calculate {"expression": "1/0"}')

    assert named(story, "tool-output-error")["errorText"]
    assert story.turn["status"] == "completed"
    assert ana.messages(thread)[1]["rawData"]["messages"][1]["parts"][0]["outcome"] == "failed"


def test_what_does_not_fit_the_schema_is_a_retry(ana: Client, thread: str) -> None:
    story = ana.ask(thread, '/tool calculate {"formula": "2"}')

    assert "tool-input-available" not in story.types
    assert ana.messages(thread)[1]["rawData"]["messages"][1]["parts"][0]["part_kind"] == "retry-prompt"


def test_case_101_102_108_109_what_can_be_crystallized(ana: Client, thread: str) -> None:
    def eligible() -> bool:
        assert ana.threads()["items"][0]["crystallizeEligible"] is ana.thread(thread)["crystallizeEligible"]
        return bool(ana.thread(thread)["crystallizeEligible"])

    ana.ask(thread, "hello")
    ana.ask(thread, '/tool calculate {"expression": "1/0"}')
    reader = ana.open(thread, f"{ADD}\n/slow 1000").until("tick 1 ")
    ana.cancel(thread)
    reader.rest()
    assert not eligible()  # one failed, one was in a cancelled answer

    ana.ask(thread, f"{ADD}\n{ADD}")
    assert eligible()
    reader = ana.open(thread, "/slow 1000").until("tick 1 ")
    assert not eligible()
    ana.cancel(thread)
    reader.rest()
    assert eligible()

    ana.stream(thread, {"mode": "edit", "messageId": ana.messages(thread)[-4]["id"], "content": "x"})
    last = ana.messages(thread)[-2]["id"]
    assert Story(ana.stream(thread, {"mode": "edit", "messageId": last, "content": "x"}).data).is_done
    assert eligible()


def test_case_114_a_call_that_a_person_must_allow(ana: Client, thread: str) -> None:
    story = ana.ask(thread, RENAME)

    assert story.types[-1] == "finish" and story.is_done
    assert story.events[-1]["messageMetadata"]["finishReason"] == "approval"
    request = named(story, "tool-approval-request")
    assert set(request) == {"type", "approvalId", "toolCallId"}
    assert ana.turn(story.turn["id"])["status"] == "awaiting_approval"
    refused = ana.stream(thread, {"content": "hello"})
    assert (refused.status_code, refused.json["code"]) == (409, "turn_active")
    assert ana.thread(thread)["lastTurnStatus"] == "awaiting_approval"
    assert Story(ana.get(f"{CHAT}/threads/{thread}/turns/stream").data).body == story.body


def test_case_115_allowed(ana: Client, thread: str) -> None:
    story = ana.ask(thread, RENAME)

    response = decide(ana, story, True)

    assert (response.status_code, response.json["status"]) == (200, "running")
    rest = ana.follow(story.turn["id"], story.ids[-1]).rest()
    assert rest.ids[0] == story.ids[-1] + 1
    assert rest.types.index("tool-output-available") < rest.types.index("text-delta")
    assert rest.turn["status"] == "completed" and rest.is_done
    assert ana.thread(thread)["title"] == "Moon base"
    whole = ana.follow(story.turn["id"]).rest()
    assert whole.events == story.events + rest.events


def test_case_116_denied(ana: Client, thread: str) -> None:
    story = ana.ask(thread, RENAME)

    assert decide(ana, story, False, reason="not now").status_code == 200

    rest = ana.follow(story.turn["id"], story.ids[-1]).rest()
    assert set(named(rest, "tool-output-denied")) == {"type", "toolCallId"}
    assert rest.turn["status"] == "completed"
    assert ana.thread(thread)["title"] != "Moon base"
    assert ana.messages(thread)[1]["rawData"]["messages"][1]["parts"][0]["outcome"] == "denied"


def test_case_117_decided_is_decided(ana: Client, ben: Client, thread: str) -> None:
    story = ana.ask(thread, RENAME)
    path = f"{CHAT}/turns/{story.turn['id']}/approvals"
    approval = named(story, "tool-approval-request")["approvalId"]
    assert problems(ana.post(path, {"approved": "yes", "reason": "x" * 501})) == [
        (["body", "approvalId"], "missing"),
        (["body", "approved"], "bool_type"),
        (["body", "reason"], "string_too_long"),
    ]
    assert ana.post(path, {"approvalId": RANDOM_ID, "approved": True}).json["code"] == "approval_not_found"
    assert ben.post(path, {"approvalId": approval, "approved": True}).json["code"] == "turn_not_found"
    assert decide(ana, story, True).status_code == 200
    ana.follow(story.turn["id"]).rest()

    again = decide(ana, story, False)

    assert (again.status_code, again.json["code"], again.json["status"]) == (409, "approval_not_pending", "approved")


def test_a_cancel_settles_what_waits(ana: Client, thread: str) -> None:
    story = ana.ask(thread, RENAME)

    assert ana.cancel(thread).status_code == 204

    assert ana.turn(story.turn["id"])["status"] == "cancelled"
    assert decide(ana, story, True).json["code"] == "approval_not_pending"
    assert ana.follow(story.turn["id"]).rest().types[-1] == "abort"
    assert ana.ask(thread, "hello").turn["status"] == "completed"
