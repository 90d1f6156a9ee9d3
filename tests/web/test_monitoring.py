"""What monitors ask: is it alive, can it answer, what has it counted."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.people import PASSWORD, People
from tests.servers import AppServer, wait_until
from tests.stream.asking import ask, story_of

CANARY = "zanzibar-4711"


def figure(text: str, name: str, **labels: str) -> float:
    samples = [sample for family in parsed(text) for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_it_is_ready_until_it_is_told_to_stop(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").json == {"ready": True, "problems": {}}
    app.extensions["runner"].accepts = False
    response = client.get("/readyz")
    assert (response.status_code, response.json) == (503, {"ready": False, "problems": {"server": "is being stopped"}})
    assert client.get("/healthz").status_code == 200


def test_a_store_that_is_away_makes_it_unready(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatapp.core.readiness.text", lambda _: __import__("sqlalchemy").text("select * from nothing"))
    response = app.test_client().get("/readyz")
    assert response.status_code == 503 and list(response.json["problems"]) == ["database"]


def test_answers_tokens_and_refusals_are_counted_and_nothing_is_named(app: Flask, people: People) -> None:
    client = app.test_client()
    before = client.get("/metrics").text
    assert story_of(ask(people.ana, CANARY).turn).status == "completed"
    assert story_of(ask(people.ana, "/fail provider_unavailable").turn).status == "failed"
    client.get("/api/chat-threads/")
    after = client.get("/metrics").text

    def grown(name: str, **labels: str) -> float:
        return figure(after, name, **labels) - figure(before, name, **labels)

    assert grown("chatapp_turns_total", status="completed", error="") == 1
    assert grown("chatapp_turns_total", status="failed", error="provider_unavailable") == 1
    assert grown("chatapp_tokens_total", kind="output") > 0
    assert grown("chatapp_guard_verdicts_total", action="allow") == 2
    assert grown("chatapp_turn_seconds_count") == 2
    assert grown("chatapp_first_token_seconds_count") == 2
    assert grown("chatapp_requests_total", status="401") == 1
    wait_until(lambda: figure(client.get("/metrics").text, "chatapp_turns_running") == 0)
    assert CANARY not in after
    assert "ana" not in {value for f in parsed(after) for s in f.samples for value in s.labels.values()}


def test_counters_are_for_this_machine_or_the_holder_of_the_token(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.1"}).status_code == 404
    client = make_app(metrics_token="secret").test_client()
    assert client.get("/metrics").status_code == 404
    headers = {"Authorization": "Bearer secret", "X-Forwarded-For": "10.0.0.1"}
    assert client.get("/metrics", headers=headers).status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_one_worker_answers_for_all(make_app: Callable[..., Flask], database_url: str, tmp_path: str) -> None:
    make_app()
    environ = {"DATABASE_URL": database_url, "INSTANCE_PATH": str(tmp_path), "WORKERS": "2", "OFFLINE_PACE": "0"}
    server = AppServer(environ)
    server.flask("user", "create", "zoe", "--password", PASSWORD)
    token = server.flask("token", "create", "zoe").split()[-1]
    server.start()
    try:
        headers = {"Authorization": f"Token {token}"}
        for _ in range(6):
            httpx.post(f"{server.url}/api/chat/stream/", json={"input": "hi"}, headers=headers)
        texts = [httpx.get(f"{server.url}/metrics").text for _ in range(4)]
        assert {figure(text, "chatapp_turns_total", status="completed") for text in texts} == {6.0}
    finally:
        server.kill()
