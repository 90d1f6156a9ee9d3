"""What our client of the SDK sends is what the SDK itself would send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest

from chatapp.providers.sdk import MESSAGES, TITLE_TIMEOUT, Client

QUESTION = '{"messages": "Mis kell on? 🌍"}'.encode()


class Recorder(httpx2.BaseTransport):
    """Answers everything, with a cookie, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.answer: tuple[int, Any] = 200, {"data": []}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.requests.append(request)
        status, body = self.answer
        return httpx2.Response(status, headers={"Set-Cookie": "a=b"}, json=body)

    @property
    def last(self) -> dict[str, Any]:
        """As it goes over the wire, where the order of fields and the case of their names mean nothing."""
        request = self.requests[-1]
        return {
            "line": (request.method, str(request.url)),
            "fields": dict(request.headers.multi_items()),
            "content": request.content,
            "timeout": request.extensions["timeout"],
        }


@pytest.fixture
def sent() -> Recorder:
    return Recorder()


def settings(sent: Recorder) -> dict[str, Any]:
    return {
        "api_key": "sk-ant-secret",
        "base_url": "http://127.0.0.1:9/models",
        "timeout": httpx2.Timeout(60.0, connect=5.0),
        "max_retries": 0,
        "open_telemetry": False,
        "http_client": anthropic.DefaultHttpxClient(transport=sent),
    }


@pytest.fixture
def client(sent: Recorder) -> Iterator[Client]:
    with Client(**settings(sent)) as client:
        yield client


@pytest.fixture
def original(sent: Recorder) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(**settings(sent)) as original:
        yield original


@pytest.mark.parametrize("kind", ["answer", "title"])
@pytest.mark.parametrize("content", [QUESTION, b"{}" * 70_000], ids=["short", "long"])
def test_each_request_is_the_one_that_the_sdk_would_send(
    sent: Recorder, client: Client, original: anthropic.Anthropic, kind: str, content: bytes
) -> None:
    if kind == "title":
        client, original = client.for_titles, original.with_options(timeout=TITLE_TIMEOUT)
    original.post(MESSAGES, cast_to=httpx2.Response, content=content)
    usual = sent.last

    client.ask(b"another question", stream=kind == "answer")
    client.ask(content, stream=kind == "answer")

    assert sent.last == usual


def test_other_addresses_are_asked_as_before(sent: Recorder, client: Client, original: anthropic.Anthropic) -> None:
    original.models.list(limit=1)
    usual = sent.last

    client.models.list(limit=1)

    assert sent.last == usual


def test_what_the_service_wants_to_be_remembered_goes_into_no_question(sent: Recorder, client: Client) -> None:
    client.models.list(limit=1)

    client.ask(QUESTION, stream=False)

    assert "cookie" not in sent.last["fields"]


def test_an_error_is_the_sdks(client: Client, sent: Recorder) -> None:
    sent.answer = 529, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}

    with pytest.raises(anthropic.APIStatusError) as caught:
        client.ask(QUESTION, stream=True)

    assert (caught.value.status_code, caught.value.type) == (529, "overloaded_error")
