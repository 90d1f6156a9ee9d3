"""The `ai` package's chat, unmodified, against a running server: tools, approval, a cut, stop, reload."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.contract import packages
from tests.people import PASSWORD
from tests.servers import AppServer

NAMES = ("talk", "regenerate", "stop", "resume", "approve", "fail")
THREADS = "/api/v1/chat/threads"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Ana's way to a server of her own."""
    packages.installed()
    environ = {
        "INSTANCE_PATH": str(tmp_path_factory.mktemp("instance")),
        "SECRET_KEY": "tests",
        "OFFLINE_PACE": "0",
        "OFFLINE_TICK": "0.02",
    }
    server = AppServer(environ)
    server.flask("db", "upgrade")
    server.flask("user", "create", "ana", "--password", PASSWORD)
    secret = server.flask("token", "create", "ana").split()[-1]
    server.start()
    try:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
            yield client
    finally:
        server.kill()


@pytest.fixture(scope="module")
def threads(api: httpx.Client) -> dict[str, str]:
    return {name: api.post(THREADS, json={}).json()["id"] for name in NAMES}


@pytest.fixture(scope="module")
def told(api: httpx.Client, threads: dict[str, str]) -> Any:
    """What the conversations came to."""
    secret = api.headers["Authorization"].split()[-1]
    script = Path(__file__).parent / "ai_sdk" / "conversation.mjs"
    arguments = [str(packages.installed()), str(api.base_url), secret, orjson.dumps(threads).decode()]
    done = subprocess.run(["node", str(script), *arguments], capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr.decode()
    return orjson.loads(done.stdout)


def stored(api: httpx.Client, thread: str) -> list[dict[str, Any]]:
    return list(api.get(f"{THREADS}/{thread}/messages").json()["items"])


def test_a_conversation_with_a_tool(api: httpx.Client, threads: dict[str, str], told: Any) -> None:
    first, second = told["talk"]["first"], told["talk"]["second"]

    assert (first["errors"], first["status"]) == ([], "ready")
    (call,) = first["tools"]
    assert (call["type"], call["state"]) == ("tool-calculate", "output-available")
    assert call["output"]["data"] == {"result": 5}
    assert first["turns"] == ["completed"]
    assert (second["errors"], second["messages"][3]["text"]) == ([], "You said: and again")
    messages = stored(api, threads["talk"])
    assert [m["content"] for m in messages] == [m["text"] for m in second["messages"]]
    assert [messages[n]["id"] for n in (1, 3)] == [second["messages"][n]["id"] for n in (1, 3)]


def test_an_answer_written_again(api: httpx.Client, threads: dict[str, str], told: Any) -> None:
    again = told["regenerate"]

    assert again["errors"] == []
    question, answer = stored(api, threads["regenerate"])
    assert again["messages"][-1]["id"] == answer["id"] != again["first"]
    assert question["content"] == "hello"


def test_stop(api: httpx.Client, threads: dict[str, str], told: Any) -> None:
    stopped = told["stop"]

    assert (stopped["errors"], stopped["cancelled"], stopped["status"]) == ([], 204, "ready")
    assert stored(api, threads["stop"])[1]["content"] == stopped["partialText"]


def test_resuming_after_a_cut(api: httpx.Client, threads: dict[str, str], told: Any) -> None:
    resumed, after = told["resume"]["resumed"], told["resume"]["after"]

    assert (resumed["errors"], resumed["status"], resumed["turns"]) == ([], "ready", ["completed"])
    assert resumed["messages"][1]["text"].endswith("tick 20 ")
    answer = stored(api, threads["resume"])[1]
    assert (answer["id"], answer["content"]) == (resumed["messages"][1]["id"], resumed["messages"][1]["text"])
    assert after == resumed


def test_an_approval(told: Any) -> None:
    approved = told["approve"]

    assert approved["asked"]["errors"] == []
    assert [call["state"] for call in approved["asked"]["tools"]] == ["approval-requested"]
    assert approved["asked"]["turns"] == ["awaiting_approval"]
    assert (approved["decided"], approved["tools"]) == (200, ["output-available"])
    assert approved["text"].startswith("Tool rename_thread returned")


def test_a_failure(told: Any) -> None:
    failed = told["fail"]

    assert failed["status"] == "error" and len(failed["errors"]) == 1
    assert failed["messages"][1]["text"] == "partial"
