"""The client against the official SDK's server: every revision, both ways of answering, and what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

import orjson
import pytest

from chatapp import config
from chatapp.mcp import Refusal, ServerTrouble, answers, wire
from chatapp.mcp.client import Client, _header_value, _mirrored
from chatapp.values import ResultType
from tests.mcp.conftest import Running
from tests.mcp.server import TOKEN

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_current", replace(config.Settings(), mcp_allowed_hosts="127.0.0.1"))


@pytest.fixture(params=["sse", "json"])
def either(request: pytest.FixtureRequest, started: dict[str, Running]) -> Running:
    return started[request.param].start()


def connected(server: Running, protocol: str = "", seconds: float = 20) -> Client:
    return Client(server.url, TOKEN, seconds, protocol)


def offering_only(revision: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes clients offer this revision; what they are told to speak."""
    if revision != "2026-07-28":
        monkeypatch.setattr("chatapp.mcp.client.OFFERED", revision)
    return revision


@pytest.mark.parametrize("revision", REVISIONS)
def test_tools_are_listed_and_called_in_every_revision(
    either: Running, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(either, offering_only(revision, monkeypatch)) as client:
        names = {tool["name"] for tool in client.tools()}
        result = client.call("add", {"a": 1, "b": 2}, {})
        counted = client.call("count", {"to": 3}, {})
    assert client.protocol == revision
    assert {"add", "nap", "with dots.and spaces"} <= names
    assert (result["content"][0]["text"], result["structuredContent"]) == ("3", {"result": 3})
    assert counted["content"][0]["text"] == "counted to 3"


def test_the_newest_revision_is_found_out_and_needs_one_request_a_call(either: Running) -> None:
    with connected(either) as client:
        assert client.protocol == "2026-07-28"
    before = len(either.seen)
    with connected(either, client.protocol) as client:
        client.call("add", {"a": 1, "b": 2}, {})
    [request] = either.seen[before:]
    assert (request["mcp-method"], request["mcp-name"]) == ("tools/call", "add")


def test_a_handshake_opens_a_session_that_is_ended(either: Running) -> None:
    before = len(either.seen)
    with connected(either, "2025-11-25") as client:
        client.call("add", {"a": 1, "b": 2}, {})
    initialize, initialized, call, end = either.seen[before:]
    assert "mcp-session-id" not in initialize and "mcp-protocol-version" not in initialize
    assert initialized["mcp-session-id"] == call["mcp-session-id"] == end["mcp-session-id"]
    assert call["mcp-protocol-version"] == "2025-11-25"
    assert end["verb"] == "DELETE"


def test_a_wrong_token_is_told(either: Running) -> None:
    with pytest.raises(ServerTrouble, match="does not accept the token"), Client(either.url, "wrong", 10):
        pass


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_a_huge_answer_and_a_slow_one_are_given_up(either: Running, revision: str) -> None:
    with connected(either, revision) as client, pytest.raises(ServerTrouble, match="too large"):
        client.call("flood", {"size": wire.MOST_BYTES}, {})
    began = monotonic()
    with connected(either, revision, seconds=0.5) as client, pytest.raises(ServerTrouble, match="too long"):
        client.call("nap", {"seconds": 30}, {})
    assert monotonic() - began < 10


def test_an_error_of_the_tool_is_for_the_model(running: Running) -> None:
    with connected(running, "2026-07-28") as client:
        found = answers.result_of(client.call("fail", {"reason": "because"}, {}))
    assert found.type is ResultType.VALIDATION_ERROR
    assert found.summary.startswith("The tool failed")


def test_content_that_is_no_text_is_named_and_not_passed_on(running: Running) -> None:
    with connected(running, "2026-07-28") as client:
        found = answers.result_of(client.call("gallery", {}, {}))
    assert found.summary.splitlines() == [
        "A picture:",
        "[image image/png, not passed on]",
        "[audio audio/wav, not passed on]",
        "[resource file:///notes.txt text/plain, not passed on]",
    ]
    assert "private" not in str(found.as_json()) and "aGVsbG8" not in str(found.as_json())


def test_a_server_that_says_the_token_again_does_not_tell_it(running: Running) -> None:
    with connected(running, "2026-07-28") as client:
        assert TOKEN not in str(client.call("echo", {"text": f"it is {TOKEN}\x00"}, {}))


@contextmanager
def saying(status: int = 200, kind: str = "application/json", body: bytes = b"", **headers: str) -> Iterator[str]:
    """The address of a server that answers everything with the same; `$id` is the request's own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = body.replace(b"$id", str(message.get("id", 0)).encode())
            self.send_response(status)
            for name, value in ({"Content-Type": kind, "Content-Length": str(len(text))} | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


RESULT = b'{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}'


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": 500, "kind": "text/html", "body": b"<h1>oops</h1>"}, "HTTP status 500"),
        ({"status": 404}, "HTTP status 404"),
        ({"status": 302, "Location": "http://127.0.0.1/"}, "redirect"),
        ({"status": 403}, "does not allow"),
        ({"body": b"{"}, "cannot be understood"),
        ({"body": b"null"}, "cannot be understood"),
        ({"body": b'{"jsonrpc":"2.0","id":77,"result":{}}'}, "cannot be understood"),
        ({"body": b'{"jsonrpc":"2.0","id":$id,"result":7}'}, "cannot be understood"),
        ({"body": b'{"id":$id,"result":{"x":' + b"[" * 100 + b"]" * 100 + b"}}"}, "cannot be understood"),
        ({"kind": "text/html", "body": b"hello"}, "cannot be understood"),
        ({"kind": "text/event-stream", "body": b"data: {\n\n"}, "cannot be understood"),
        ({"kind": "text/event-stream", "body": b": nothing\n\n"}, "cannot be understood"),
        ({"Content_Length": "999999", "body": RESULT}, "cannot be"),
        ({"body": b'{"id":$id,"error":{"code":-32603,"message":"secret words"}}'}, "code -32603"),
        ({"Content_Encoding": "gzip", "body": b"\x1f\x8b\x08garbage"}, "cannot be understood"),
    ],
)
def test_what_servers_do_wrong_is_told_in_plain_words(answer: dict[str, Any], told: str) -> None:
    with (
        saying(**answer) as url,
        Client(url, "", 5, "2026-07-28") as client,
        pytest.raises(ServerTrouble, match=told) as raised,
    ):
        client.call("x", {}, {})
    assert "secret words" not in str(raised.value)


@pytest.mark.parametrize(
    "stream",
    [
        b"event: message\r\ndata: " + RESULT + b"\r\n\r\n",
        b"\xef\xbb\xbfdata: x\n\n"[3:].replace(b"x", b'{"method":"ping","id":9}') + b"data: " + RESULT + b"\n\n",
        b"id: 1\ndata:\n\nretry: 5\n: comment\ndata: " + RESULT.replace(b',"result"', b',\ndata: "result"') + b"\n\n",
        b"event: other\ndata: nonsense\n\ndata:" + RESULT + b"\r\r",
    ],
)
def test_streams_of_events_are_read_as_they_are_written(stream: bytes) -> None:
    with saying(kind="text/event-stream", body=stream) as url, Client(url, "", 5, "2026-07-28") as client:
        assert client.call("x", {}, {}) == {"content": []}


def test_a_server_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(ServerTrouble, match="cannot be reached"), Client("http://127.0.0.1:9/mcp", "", 5):
        pass


def test_a_server_of_an_unknown_revision_is_not_used() -> None:
    body = b'{"jsonrpc":"2.0","id":$id,"result":{"protocolVersion":"2099-01-01"}}'
    with saying(body=body) as url, pytest.raises(ServerTrouble, match="no revision"), Client(url, "", 5):
        pass


def test_a_list_that_never_ends_is_cut() -> None:
    tools = b",".join(b'{"name":"t%d"}' % number for number in range(60))
    body = b'{"jsonrpc":"2.0","id":$id,"result":{"tools":[' + tools + b'],"nextCursor":"c$id"}}'
    with saying(body=body) as url, Client(url, "", 20, "2026-07-28") as client:
        assert len(client.tools()) == 200


def test_arguments_that_the_schema_wants_in_headers_are_mirrored() -> None:
    parameters = {
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "plain": {"type": "string"},
            "deep": {"type": "object", "properties": {"on": {"type": "boolean", "x-mcp-header": "On"}}},
        }
    }
    given = {"region": "Tõstamaa", "plain": "x", "deep": {"on": True}}
    assert dict(_mirrored(parameters, given)) == {
        "Mcp-Param-Region": "=?base64?VMO1c3RhbWFh?=",
        "Mcp-Param-On": "true",
    }
    assert _header_value("a\r\nX-Evil: 1").startswith("=?base64?")


def test_a_refusal_keeps_its_code_and_words_apart() -> None:
    body = b'{"id":$id,"error":{"code":-32602,"message":"b is missing"}}'
    with (
        saying(status=400, body=body) as url,
        Client(url, "", 5, "2026-07-28") as client,
        pytest.raises(Refusal) as raised,
    ):
        client.call("x", {}, {})
    assert (raised.value.code, raised.value.said) == (-32602, "b is missing")
