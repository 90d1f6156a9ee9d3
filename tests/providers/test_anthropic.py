"""The real SDK against a real server that speaks the Messages protocol."""

from __future__ import annotations

import contextlib
import gc
import json
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer
from chatapp.providers import (
    FAILURES,
    FilePart,
    ImagePart,
    ModelEvent,
    ModelMessage,
    ModelRequest,
    ModelStream,
    Part,
    ProviderError,
    Reasoning,
    Stopped,
    StopReason,
    Text,
    TextPart,
    ToolCall,
    ToolCallBegun,
    ToolCallInput,
    ToolCallPart,
    ToolResultPart,
    ToolSpec,
    Trouble,
    UsageSoFar,
)
from chatapp.providers.anthropic import AnthropicProvider
from chatapp.providers.connections import Call
from chatapp.values import Role, Usage
from tests.servers import free_port

QUICK = 8.0  # seconds, far less than any wait it could be: the machine may do other things as well
PATIENCE = 60.0
KEY = "sk-ant-very-secret"
MODEL = "claude-local"
PRICES = {MODEL: {"input": "3", "output": "15", "cache_read": "0.3", "cache_write": "3.75"}}
MakeProvider = Callable[..., AnthropicProvider]


def user(text: str) -> ModelMessage:
    return ModelMessage(Role.USER, (TextPart(text),))


def says(*parts: Part) -> ModelMessage:
    return ModelMessage(Role.ASSISTANT, parts)


HELLO = ModelRequest("", (user("a private question"),))


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


@pytest.fixture
def make(server: MessagesServer) -> MakeProvider:
    def provider(**settings: Any) -> AnthropicProvider:
        defaults: dict[str, Any] = {"api_key": KEY, "base_url": server.url, "model": MODEL, "prices": PRICES}
        return AnthropicProvider(**{**defaults, "max_retries": 0, **settings})

    return provider


@pytest.fixture
def provider(make: MakeProvider) -> AnthropicProvider:
    return make()


def answer(provider: AnthropicProvider, request: ModelRequest = HELLO) -> list[ModelEvent]:
    return list(provider.stream(request))


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Text))


def failure_of(provider: AnthropicProvider) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        answer(provider)
    return caught.value


class Reader(threading.Thread):
    """Follows a stream in a thread of its own, as a turn does."""

    def __init__(self, stream: ModelStream) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.events: list[ModelEvent] = []
        self.error: BaseException | None = None
        self._grew = threading.Condition()

    def run(self) -> None:
        try:
            for event in self.stream:
                with self._grew:
                    self.events.append(event)
                    self._grew.notify_all()
        except ProviderError as error:
            self.error = error

    def wait_for_text(self, text: str) -> None:
        with self._grew:
            assert self._grew.wait_for(lambda: text in text_of(self.events), PATIENCE)

    def close_and_join(self) -> float:
        """Seconds from closing the stream to the end of the iteration."""
        begun = time.monotonic()
        self.stream.close()
        self.join(PATIENCE)
        assert not self.is_alive()
        return time.monotonic() - begun


class TestRequest:
    def sent(self, server: MessagesServer) -> dict[str, Any]:
        return server.requests[-1].body

    def test_system_prompt_and_last_block_are_cached(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        answer(provider, ModelRequest("Be brief.", (user("one"), says(TextPart("1")), user("two"))))

        body = self.sent(server)
        cached = {"cache_control": {"type": "ephemeral"}}
        assert body["system"] == [{"type": "text", "text": "Be brief.", **cached}]
        assert body["messages"] == [
            {"role": "user", "content": [{"type": "text", "text": "one"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "1"}]},
            {"role": "user", "content": [{"type": "text", "text": "two", **cached}]},
        ]

    def test_only_what_the_service_knows_is_sent(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        answer(provider, ModelRequest("", HELLO.messages, max_tokens=77, temperature=0.5))

        assert set(self.sent(server)) == {"model", "max_tokens", "messages", "stream"}
        assert self.sent(server)["max_tokens"] == 77

    def test_default_of_max_tokens_is_the_providers(self, server: MessagesServer, make: MakeProvider) -> None:
        answer(make(max_tokens=4321))

        assert self.sent(server)["max_tokens"] == 4321

    def test_tool_calls_and_results_keep_their_places(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        call = ToolCallPart("call_1", "weather", {"city": "Tartu"})
        result = ToolResultPart("call_1", "weather", "no such city", is_error=True)
        spec = ToolSpec("weather", "Tells the weather", {"type": "object", "properties": {}})
        messages = (user("weather?"), says(TextPart("Looking."), call), ModelMessage(Role.USER, (result,)))
        answer(provider, ModelRequest("", messages, tools=(spec,)))

        body = self.sent(server)
        assert body["tools"] == [
            {"name": "weather", "description": "Tells the weather", "input_schema": dict(spec.parameters)}
        ]
        assert body["messages"][1]["content"] == [
            {"type": "text", "text": "Looking."},
            {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Tartu"}},
        ]
        assert body["messages"][2]["content"] == [
            {
                "type": "tool_result",
                "tool_use_id": "call_1",
                "content": "no such city",
                "is_error": True,
                "cache_control": {"type": "ephemeral"},
            }
        ]

    def test_neighbours_of_the_same_role_are_merged_with_results_first(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        result = ModelMessage(Role.USER, (ToolResultPart("call_1", "weather", "sunny"),))
        messages = (user("weather?"), says(ToolCallPart("call_1", "weather", {})), user("and now?"), result)
        answer(provider, ModelRequest("", messages))

        sent = self.sent(server)["messages"]
        assert [message["role"] for message in sent] == ["user", "assistant", "user"]
        assert [block["type"] for block in sent[2]["content"]] == ["tool_result", "text"]

    def test_blank_texts_are_left_out(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        answer(provider, ModelRequest("", (user("one"), says(TextPart(" \n")), user("two"))))

        (message,) = self.sent(server)["messages"]
        assert [block["text"] for block in message["content"]] == ["one", "two"]

    def test_files_are_text_and_images_are_seen(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        file = FilePart("7", "plan.md", "text/markdown", "The plan.", "all of it")
        image = FilePart("8", "photo.png", "image/png", note="the image below")
        parts = (file, image, ImagePart("image/png", b"pixels"), TextPart("What is it?"))
        answer(provider, ModelRequest("", (ModelMessage(Role.USER, parts),)))

        first, second, third, last = self.sent(server)["messages"][0]["content"]
        tag = '<attachment id="7" name="plan.md" type="text/markdown" note="all of it">'
        assert first == {"type": "text", "text": f"{tag}\nThe plan.\n</attachment>"}
        assert 'note="the image below"' in second["text"]
        assert third == {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "cGl4ZWxz"},
        }
        assert last["text"] == "What is it?"

    def test_key_is_sent_as_the_sdk_does(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        answer(provider)

        provider.title("How is the weather?")

        for request in server.requests:
            assert request.path == "/v1/messages"
            assert request.headers["authorization"] == f"Bearer {KEY}"
            assert request.headers["anthropic-version"]
            assert request.headers["content-type"] == "application/json"


class TestAnswer:
    def test_text_arrives_whole(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(text="Tere, maailm! 🌍")]

        assert text_of(answer(provider)) == "Tere, maailm! 🌍"

    def test_every_text_block_has_its_own_number(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(blocks=(Block(text="one two"), Block(text="three")))]

        texts = [event for event in answer(provider) if isinstance(event, Text)]
        assert texts == [Text("one two", 0), Text("three", 1)]

    def test_thinking_is_reasoning_and_not_text(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(blocks=(Block("thinking", "hmm well"), Block(text="Yes")))]

        events = answer(provider)
        assert [event for event in events if isinstance(event, Reasoning)] == [Reasoning("hmm "), Reasoning("well")]
        assert text_of(events) == "Yes"

    def test_tool_call_is_announced_streamed_and_completed(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        call = Block("tool_use", '{"city": "Tartu"}', id="call_1", name="weather")
        server.scripts = [Script(blocks=(Block(text="Looking."), call), stop_reason="tool_use")]

        events = [event for event in answer(provider) if not isinstance(event, Text | UsageSoFar)]
        assert events[0] == ToolCallBegun("call_1", "weather")
        pieces = [event.delta for event in events if isinstance(event, ToolCallInput)]
        assert "".join(pieces) == call.text
        assert events[-2:] == [ToolCall("call_1", "weather", {"city": "Tartu"}), Stopped(StopReason.TOOL_USE)]

    @pytest.mark.parametrize(
        ("sent", "arguments"), [("", {}), ("{}", {}), ('{"city": "Tar', None), ("[1]", None), ("null", None)]
    )
    def test_arguments_are_an_object_or_none(
        self, server: MessagesServer, provider: AnthropicProvider, sent: str, arguments: dict[str, Any] | None
    ) -> None:
        server.scripts = [Script(blocks=(Block("tool_use", sent, id="call_1", name="weather"),))]

        assert ToolCall("call_1", "weather", arguments) in answer(provider)

    @pytest.mark.parametrize(
        ("sent", "meant"),
        [
            ("end_turn", StopReason.STOP),
            ("stop_sequence", StopReason.STOP),
            ("max_tokens", StopReason.LENGTH),
            ("tool_use", StopReason.TOOL_USE),
            ("pause_turn", StopReason.PAUSE),
            ("refusal", StopReason.CONTENT_FILTER),
            ("model_context_window_exceeded", StopReason.CONTEXT_FULL),
            ("reason_of_the_future", StopReason.STOP),
        ],
    )
    def test_stop_reason(
        self, server: MessagesServer, provider: AnthropicProvider, sent: str, meant: StopReason
    ) -> None:
        server.scripts = [Script(stop_reason=sent)]

        assert answer(provider)[-1] == Stopped(meant)

    def test_usage_counts_the_cache_in_and_grows_exact(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        server.scripts = [Script(input_tokens=10, cache_read=200, cache_creation=30, output_tokens=7)]

        assert [event.usage for event in answer(provider) if isinstance(event, UsageSoFar)] == [
            Usage(240, 1, cached_input_tokens=200, cache_write_tokens=30, exact=False),
            Usage(240, 7, cached_input_tokens=200, cache_write_tokens=30, exact=True),
        ]

    def test_what_the_client_does_not_know_is_passed_over(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        server.scripts = [Script(text="calm and quiet"), Script(text="calm and quiet", noise=True)]

        assert answer(provider) == answer(provider)
        assert len(server.requests) == 2

    def test_a_call_leaves_nothing_for_the_collector(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        def alive() -> int:
            return sum(type(thing) is Call for thing in gc.get_objects())

        gc.collect()
        gc.disable()
        try:
            before = alive()
            provider.title("How is the weather?")
            answer(provider)
            assert alive() == before
        finally:
            gc.enable()

    def test_requests_of_many_threads_share_one_client(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        server.scripts = [Script(tokens=5, rate=50)]
        readers = [Reader(provider.stream(HELLO)) for _ in range(20)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(10)

        assert {text_of(reader.events) for reader in readers} == {"the quick brown fox jumps"}


class TestTrouble:
    @pytest.mark.parametrize(
        ("script", "trouble"),
        [
            (Script(status=401), Trouble.AUTH),
            (Script(status=403), Trouble.AUTH),
            (Script(status=404), Trouble.MODEL_NOT_FOUND),
            (Script(status=400), Trouble.REJECTED),
            (Script(status=422, error_type="invalid_request_error"), Trouble.REJECTED),
            (Script(status=400, error_message="prompt is too long: 9 tokens > 8 maximum"), Trouble.TOO_LONG),
            (Script(status=400, error_message="input length exceeds context limit"), Trouble.TOO_LONG),
            (Script(status=413), Trouble.TOO_LONG),
            (Script(status=429), Trouble.RATE_LIMIT),
            (Script(status=529), Trouble.RATE_LIMIT),
            (Script(status=500), Trouble.SERVER),
            (Script(status=503), Trouble.SERVER),
            (Script(trouble="error", after=2), Trouble.RATE_LIMIT),
            (Script(trouble="error", error_type="api_error"), Trouble.SERVER),
            (Script(trouble="error", error_type="error_of_the_future"), Trouble.SERVER),
            (Script(trouble="cut", after=2), Trouble.CONNECT),
            (Script(trouble="end", after=2), Trouble.CONNECT),
            (Script(trouble="malformed", after=2), Trouble.OTHER),
        ],
    )
    def test_kind(self, server: MessagesServer, provider: AnthropicProvider, script: Script, trouble: Trouble) -> None:
        server.scripts = [script]

        assert failure_of(provider).failure == FAILURES[trouble]

    @pytest.mark.parametrize("script", [Script(trouble="stall", after=1), Script(headers_after=30)])
    def test_silence_is_a_timeout(self, server: MessagesServer, make: MakeProvider, script: Script) -> None:
        server.scripts = [script]

        assert failure_of(make(timeout=0.2)).failure == FAILURES[Trouble.TIMEOUT]
        assert server.requests[0].wait_closed(5)

    def test_nobody_listening_is_a_connection_trouble(self, make: MakeProvider) -> None:
        with MessagesServer() as gone:
            url = gone.url

        assert failure_of(make(base_url=url)).failure == FAILURES[Trouble.CONNECT]

    def test_text_before_the_trouble_is_kept(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(text="one two three", trouble="error", after=2)]
        reader = Reader(provider.stream(HELLO))
        reader.run()

        assert text_of(reader.events) == "one two "
        assert isinstance(reader.error, ProviderError)

    def test_detail_names_status_type_and_request(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(status=403)]

        assert failure_of(provider).detail == "status=403 type=permission_error request_id=req_1"

    @pytest.mark.parametrize(
        "script",
        [
            Script(status=401, error_message=f"invalid key {KEY}, a private question"),
            Script(status=400, error_message=f"bad: {KEY}, a private question"),
            Script(trouble="error", error_message=f"{KEY}, a private question"),
            Script(trouble="cut"),
        ],
    )
    def test_neither_key_nor_question_reach_the_log(
        self, server: MessagesServer, provider: AnthropicProvider, script: Script
    ) -> None:
        server.scripts = [script]

        error = failure_of(provider)
        logged = f"{error} {error!r} {error.detail} {''.join(traceback.format_exception(error))}"
        assert KEY not in logged
        assert "private question" not in logged


class TestRetries:
    SOON = (("retry-after", "0"),)

    @pytest.mark.parametrize("status", [429, 500, 529])
    def test_passing_trouble_before_the_stream_is_overcome(
        self, server: MessagesServer, make: MakeProvider, status: int
    ) -> None:
        server.scripts = [Script(text="at last", status=status, times=2, error_headers=self.SOON)]

        assert text_of(answer(make(max_retries=2))) == "at last"
        assert len(server.requests) == 3

    def test_they_end(self, server: MessagesServer, make: MakeProvider) -> None:
        server.scripts = [Script(status=529, error_headers=self.SOON)]

        assert failure_of(make(max_retries=2)).failure == FAILURES[Trouble.RATE_LIMIT]
        assert len(server.requests) == 3

    @pytest.mark.parametrize(
        "script",
        [
            Script(status=400),
            Script(status=401),
            Script(status=429, error_headers=(("retry-after", "3600"),)),
            Script(status=529, error_headers=(("x-should-retry", "false"),)),
            Script(trouble="error"),
            Script(trouble="cut", after=1),
            Script(trouble="end"),
        ],
    )
    def test_are_not_tried_in_vain_nor_after_the_stream_began(
        self, server: MessagesServer, make: MakeProvider, script: Script
    ) -> None:
        server.scripts = [script]

        failure_of(make(max_retries=2))
        assert len(server.requests) == 1

    def test_closing_ends_the_wait_for_the_next(self, server: MessagesServer, make: MakeProvider) -> None:
        server.scripts = [Script(status=429, error_headers=(("retry-after", "8"),))]
        reader = Reader(make(max_retries=2).stream(HELLO))
        reader.start()
        server.wait_for(1)

        assert reader.close_and_join() < QUICK
        assert reader.error is None
        assert len(server.requests) == 1


class TestClose:
    @pytest.mark.parametrize(
        "script", [Script(text="one two", trouble="stall", after=1), Script(text="one two three", rate=1)]
    )
    def test_ends_a_blocked_read_and_drops_the_connection(
        self, server: MessagesServer, provider: AnthropicProvider, script: Script
    ) -> None:
        server.scripts = [script]
        reader = Reader(provider.stream(HELLO))
        reader.start()
        reader.wait_for_text("one")

        assert reader.close_and_join() < QUICK
        assert reader.error is None
        assert not any(isinstance(event, Stopped) for event in reader.events)
        assert server.requests[0].wait_closed(QUICK)

    def test_ends_the_wait_for_the_response(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(headers_after=30)]
        reader = Reader(provider.stream(HELLO))
        reader.start()
        server.wait_for(1)

        assert reader.close_and_join() < QUICK
        assert (reader.events, reader.error) == ([], None)
        assert server.requests[0].wait_closed(QUICK)

    def test_ends_that_wait_after_a_call_that_could_leave_its_connection(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        server.scripts = [Script(headers_after=30)]
        provider.title("How is the weather?")

        reader = Reader(provider.stream(HELLO))
        reader.start()
        server.wait_for(2)
        assert reader.close_and_join() < QUICK

    def test_before_the_first_iteration_asks_nothing(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        stream = provider.stream(HELLO)
        stream.close()
        stream.close()

        assert list(stream) == []
        assert server.requests == []

    def test_leaves_other_streams_alone(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(text="one two three", rate=20)]
        closed, other = Reader(provider.stream(HELLO)), Reader(provider.stream(HELLO))
        closed.start()
        other.start()
        closed.wait_for_text("one")
        closed.close_and_join()
        other.join(PATIENCE)

        assert text_of(other.events) == "one two three"

    def test_after_the_end_does_nothing(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        stream = provider.stream(HELLO)
        events = list(stream)
        stream.close()

        assert isinstance(events[-1], Stopped)
        assert not server.requests[0].wait_closed(5)

    def test_leaving_the_loop_drops_the_connection(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        server.scripts = [Script(text="one two three", rate=1)]
        events = iter(provider.stream(HELLO))
        next(events)
        events.close()  # type: ignore[attr-defined]

        assert server.requests[0].wait_closed(QUICK)

    def test_of_some_spoils_nothing_for_the_others(self, server: MessagesServer, provider: AnthropicProvider) -> None:
        """They use one connection after another, and are cut at every moment of their lives."""
        server.scripts = lambda body: Script(text=body["messages"][0]["content"][0]["text"] * 20)

        def call(number: int, cut_after: float | None) -> None:
            word = f"{number} "
            stream = provider.stream(ModelRequest("", (user(word),)))
            cutter = threading.Timer(cut_after or 0.0, stream.close)
            if cut_after is not None:
                cutter.start()
            events = list(stream)
            assert (word * 20).startswith(text_of(events))
            assert cut_after is not None or text_of(events) == word * 20

        with ThreadPoolExecutor(8) as threads:
            calls = [threads.submit(call, number, number % 40 / 1_000 if number % 3 else None) for number in range(120)]
            for done in calls:
                done.result(PATIENCE)

    def test_works_under_gevent(self, server: MessagesServer) -> None:
        server.scripts = [Script(text="one two", trouble="stall", after=1), Script(headers_after=30)]
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", UNDER_GEVENT, server.url],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert [reader["error"] for reader in report] == [None, None]
        assert max(reader["seconds"] for reader in report) < QUICK
        assert [request.wait_closed(QUICK) for request in server.requests] == [False, True, True]


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import json, sys, threading, time
from urllib.request import urlopen
from chatapp.providers import ModelMessage, ModelRequest, ProviderError, Text, TextPart
from chatapp.providers.anthropic import AnthropicProvider

provider = AnthropicProvider(api_key="k", base_url=sys.argv[1], model="m", prices={})
hello = ModelRequest("", (ModelMessage("user", (TextPart("hi"),)),))
report = []
provider.title("leaves its connection")

def read(stream, began, seen):
    try:
        for event in stream:
            if isinstance(event, Text):
                began.set()
    except ProviderError as error:
        seen["error"] = repr(error)

def arrived():
    return len(json.load(urlopen(sys.argv[1] + "/_requests"))["requests"])

for number in (1, 2):
    stream, began, seen = provider.stream(hello), threading.Event(), {"error": None}
    reader = threading.Thread(target=read, args=[stream, began, seen])
    reader.start()
    while arrived() < 1 + number:
        time.sleep(0.01)
    if number == 1:
        began.wait(10)
    start = time.monotonic()
    stream.close()
    reader.join(10)
    report.append({**seen, "seconds": time.monotonic() - start})
print(json.dumps(report))
"""


class TestTitle:
    def test_is_one_small_call_to_the_title_model(self, server: MessagesServer, make: MakeProvider) -> None:
        server.title = Script(text="Weather in Tartu", input_tokens=9, cache_read=1)

        assert make(title_model="claude-local-small").title("How is the weather?") == (
            "Weather in Tartu",
            Usage(10, 3, cached_input_tokens=1),
        )
        (request,) = server.requests
        assert request.body["model"] == "claude-local-small"
        assert request.body["max_tokens"] < 100
        assert "stream" not in request.body

    def test_uses_the_chat_model_when_there_is_no_other(
        self, server: MessagesServer, provider: AnthropicProvider
    ) -> None:
        provider.title("How is the weather?")

        assert server.requests[0].body["model"] == MODEL

    def test_is_not_tried_again(self, server: MessagesServer, make: MakeProvider) -> None:
        server.title = Script(status=529, error_headers=(("retry-after", "0"),))
        with pytest.raises(ProviderError) as caught:
            make(max_retries=2).title("How is the weather?")

        assert caught.value.failure == FAILURES[Trouble.RATE_LIMIT]
        assert len(server.requests) == 1


class TestCost:
    @pytest.mark.parametrize(
        ("usage", "dollars"),
        [
            (Usage(), "0"),
            (Usage(input_tokens=1_000_000), "3"),
            (Usage(output_tokens=1), "0.000015"),
            (Usage(input_tokens=1, cached_input_tokens=1), "0.0000003"),
            (Usage(input_tokens=1, cache_write_tokens=1), "0.00000375"),
            (Usage(1000, 100, cached_input_tokens=600, cache_write_tokens=300), "0.003105"),
        ],
    )
    def test_is_a_plain_decimal(self, provider: AnthropicProvider, usage: Usage, dollars: str) -> None:
        assert provider.cost(MODEL, usage) == dollars

    def test_is_rounded_to_eight_digits(self, make: MakeProvider) -> None:
        provider = make(prices={MODEL: {"input": "0.125", "output": "1"}})

        assert provider.cost(MODEL, Usage(input_tokens=1)) == "0.00000013"

    def test_is_unknown_without_the_price(self, make: MakeProvider) -> None:
        provider = make(prices={MODEL: {"input": "1", "output": "1"}})

        assert provider.cost("another-model", Usage(1, 1)) is None
        assert provider.cost(MODEL, Usage(2, 1, cached_input_tokens=1)) is None
        assert provider.cost(MODEL, Usage(2, 1)) == "0.000003"


def test_a_probe_is_content_with_a_service_that_is_there(make: MakeProvider, server: MessagesServer) -> None:
    make().probe(2.0)
    [request] = server.requests
    assert (request.method, request.path.partition("?")[0]) == ("GET", "/v1/models")


def test_a_probe_of_a_service_that_is_away_fails_within_its_time(make: MakeProvider) -> None:
    with pytest.raises(ProviderError) as error:
        make(base_url=f"http://127.0.0.1:{free_port()}").probe(2.0)
    assert error.value.failure == FAILURES[Trouble.CONNECT]


@pytest.mark.parametrize(("status", "trouble"), [(401, Trouble.AUTH), (503, Trouble.SERVER), (404, None)])
def test_a_probe_tells_what_a_service_says(status: int, trouble: Trouble | None) -> None:
    with refusing(status) as url:
        provider = AnthropicProvider(api_key=KEY, base_url=url, model=MODEL, prices={})
        if trouble is None:
            provider.probe(2.0)
        else:
            with pytest.raises(ProviderError) as error:
                provider.probe(2.0)
            assert error.value.failure == FAILURES[trouble]


@contextlib.contextmanager
def refusing(status: int) -> Iterator[str]:
    """A service that has nothing to say but this."""

    class Refusal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the console."""

    with HTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
