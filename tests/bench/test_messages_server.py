"""The local Messages server, seen by a plain HTTP client."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer

KEY_HEADERS = {"authorization": "Bearer sk-secret", "x-api-key": "sk-secret", "x-color": "green"}


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


def call(port: int, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, json.dumps(body) if body else None, KEY_HEADERS)
    with connection.getresponse() as response:
        answer = response.status, response.read().decode()
    connection.close()
    return answer


def ask(port: int, text: str = "hello", *, stream: bool = True) -> tuple[int, str]:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    return call(port, "POST", "/v1/messages", {"model": "claude-local", "stream": stream, "messages": messages})


def spoken(answer: str) -> str:
    events = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: ")]
    return "".join(event["delta"].get("text", "") for event in events if event["type"] == "content_block_delta")


def test_scripts_are_played_in_order_and_the_last_forever(server: MessagesServer) -> None:
    server.scripts = [Script(text="one"), Script(text="two")]

    assert [spoken(ask(server.port)[1]) for _ in range(3)] == ["one", "two", "two"]


def test_a_function_can_choose_the_script(server: MessagesServer) -> None:
    server.scripts = lambda body: Script(text=body["messages"][-1]["content"][0]["text"].upper())

    assert spoken(ask(server.port, "louder")[1]) == "LOUDER"


def test_a_message_can_choose_the_script(server: MessagesServer) -> None:
    script = {"blocks": [{"text": "from afar"}], "error_headers": [["retry-after", 1]], "status": 529, "times": 1}
    wish = f"please {json.dumps({'script': script})} thank you"

    assert ask(server.port, wish)[0] == 529
    status, answer = ask(server.port, wish)
    assert (status, spoken(answer)) == (200, "from afar")


@pytest.mark.parametrize("wish", ['{"script": {"colour": 1}}', '{"script": {"tokens":'])
def test_an_impossible_script_is_an_invalid_request(server: MessagesServer, wish: str) -> None:
    status, answer = ask(server.port, wish)

    assert (status, json.loads(answer)["error"]["type"]) == (400, "invalid_request_error")


def test_a_request_that_does_not_stream_leaves_the_scripts_alone(server: MessagesServer) -> None:
    server.title = Script(blocks=(Block("tool_use", '{"a": 1}', id="call_1", name="add"),))

    message = json.loads(ask(server.port, '{"script": {"text": "no"}}', stream=False)[1])
    assert message["content"] == [{"type": "tool_use", "id": "call_1", "name": "add", "input": {"a": 1}}]


def test_tokens_keep_the_rate(server: MessagesServer) -> None:
    server.scripts = [Script(tokens=6, first=0.1, rate=50)]
    begun = time.monotonic()
    ask(server.port)

    assert time.monotonic() - begun >= 0.2


def test_requests_are_told_without_keys_and_forgotten(server: MessagesServer) -> None:
    ask(server.port)
    told = call(server.port, "GET", "/_requests")[1]
    (request,) = json.loads(told)["requests"]
    call(server.port, "DELETE", "/_requests")

    assert "sk-secret" not in told
    assert request["headers"]["x-color"] == "green"
    assert request["body"]["model"] == "claude-local"
    assert request["closed_early"] is False
    assert server.requests == []


def test_a_client_that_leaves_is_noticed(server: MessagesServer) -> None:
    server.scripts = [Script(trouble="stall")]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("POST", "/v1/messages", '{"stream": true}')
    server.wait_for(1)
    connection.close()

    assert server.requests[0].wait_closed(5)
    assert server.requests[0].closed_at is not None


def test_models_are_listed_and_described(server: MessagesServer) -> None:
    assert [model["id"] for model in json.loads(call(server.port, "GET", "/v1/models")[1])["data"]] == server.models
    assert json.loads(call(server.port, "GET", "/v1/models/claude-local")[1])["id"] == "claude-local"
    assert call(server.port, "GET", "/v1/models/nobody")[0] == 404


def test_runs_as_a_command() -> None:
    command = [sys.executable, "-m", "bench.messages_server", "--port", "0", "--tokens", "3", "--first", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        answer = ask(port)[1]
        process.terminate()

    assert spoken(answer) == "the quick brown"
