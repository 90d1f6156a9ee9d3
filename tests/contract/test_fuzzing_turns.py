"""Requests made up from the description of the turns API: whatever is sent, the answer is one that is described."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis import DeserializationContext, Response

from tests.contract.test_fuzzing import fuzz
from tests.people import People
from tests.web.api_v1.client import THREADS, Client, Story

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
CALLERS = [("sqlite", "ana"), ("postgresql", "stan")]


@schemathesis.deserializer("text/event-stream")
def read_events(_: DeserializationContext, response: Response) -> Any:
    """All events of a complete stream."""
    story = Story(response.content)
    assert story.is_done
    return story.events


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("fuzzing")
@pytest.mark.parametrize(("database_url", "name"), CALLERS, indirect=["database_url"])
def test_every_answer_is_described(app: Flask, people: People, name: str) -> None:
    person = getattr(people, name)
    for found in schemathesis.openapi.from_wsgi("/api/v1/schema", app).get_all_operations():
        fuzz(found.ok(), person, known(Client(app, person)), EXAMPLES)


def known(client: Client) -> dict[str, str]:
    """Ids of things that the person has, by the names that parameters and fields have."""
    client.post(f"{THREADS}/bulk-delete", {"all": True})  # what still runs, or waits, ends
    thread = client.new_thread(title="Fuzzed")
    story = client.ask(thread, "Hello")
    waiting = client.ask(client.new_thread(), '/tool rename_thread {"title": "x"}')
    (approval,) = (event["approvalId"] for event in waiting.events if event["type"] == "tool-approval-request")
    summed = client.new_thread()
    client.ask(summed, '/tool calculate {"expression": "1 + 1"}')
    automation = client.post(f"{THREADS}/{summed}/crystallize", {}).json["automationId"]
    run = client.post(f"/api/v1/automations/{automation}/runs").json["id"]
    artifact = client.post("/api/v1/artifacts", {"kind": "text", "content": "Hello"}).json["id"]
    attachment = client.post(f"{THREADS}/{thread}/attachments?artifact_id={artifact}", {}).json["id"]
    token = client.post("/api/v1/access-tokens", {"name": "fuzzed"}).json["token"]["id"]
    return {
        "thread_id": thread,
        "turn_id": story.turn["id"],
        "token_id": token,
        "turnId": story.turn["id"],
        "messageId": story.start["messageId"],
        "approvalId": approval,
        "automation_id": automation,
        "run_id": run,
        "artifact_id": artifact,
        "attachment_id": attachment,
    }
