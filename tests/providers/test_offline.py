from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from chatapp.providers import (
    ModelEvent,
    ModelMessage,
    ModelRequest,
    Part,
    Provider,
    ProviderError,
    Stopped,
    StopReason,
    Text,
    TextPart,
    ToolCall,
    ToolCallBegun,
    ToolCallInput,
    ToolCallPart,
    ToolResultPart,
    UsageSoFar,
)
from chatapp.providers.offline import FAILURE_BY_CODE, OfflineProvider
from chatapp.values import Role, Usage

PROVIDER: Provider = OfflineProvider(tick=0.001)
FOREVER = 3600


def user(*parts: Part) -> ModelMessage:
    return ModelMessage(Role.USER, parts)


def assistant(*parts: Part) -> ModelMessage:
    return ModelMessage(Role.ASSISTANT, parts)


def request(*messages: ModelMessage) -> ModelRequest:
    return ModelRequest(system="Be kind and brief.", messages=messages)


def answer(text: str) -> list[ModelEvent]:
    return list(PROVIDER.stream(request(user(TextPart(text)))))


def deltas(events: list[ModelEvent]) -> list[str]:
    return [event.delta for event in events if isinstance(event, Text)]


def blocks(events: list[ModelEvent]) -> list[str]:
    texts: dict[int, str] = {}
    for event in events:
        if isinstance(event, Text):
            texts[event.block] = texts.get(event.block, "") + event.delta
    return list(texts.values())


def usages(events: list[ModelEvent]) -> list[Usage]:
    return [event.usage for event in events if isinstance(event, UsageSoFar)]


def failing(text: str) -> tuple[list[ModelEvent], ProviderError]:
    """The events before the failure, and the failure."""
    stream = iter(PROVIDER.stream(request(user(TextPart(text)))))
    events: list[ModelEvent] = []
    with pytest.raises(ProviderError) as raised:
        while True:
            events.append(next(stream))
    return events, raised.value


def tool_rounds(text: str, rounds: int, **result: Any) -> list[list[ModelEvent]]:
    """Plays the runner: each round's tool call is answered, and the model is called again."""
    messages = [user(TextPart(text))]
    steps = []
    for _ in range(rounds):
        events = list(PROVIDER.stream(request(*messages)))
        steps.append(events)
        for call in [event for event in events if isinstance(event, ToolCall)]:
            messages.append(assistant(ToolCallPart(call.call_id, call.name, call.arguments or {})))
            messages.append(user(ToolResultPart(call.call_id, call.name, **({"content": "4"} | result))))
    return steps


class TestOrdinaryText:
    @pytest.mark.parametrize("text", ["hello", "hello world", "What is the weather?", "/foo bar", "/", " /slow 3"])
    def test_is_repeated_in_one_block(self, text: str) -> None:
        assert blocks(answer(text)) == [f"You said: {text}"]

    def test_comes_as_one_delta_per_word_with_the_white_space_behind_it(self) -> None:
        assert deltas(answer("a  b\tc ")) == ["You ", "said: ", "a  ", "b\t", "c "]

    def test_ends_with_stop(self) -> None:
        assert answer("hello")[-1] == Stopped(StopReason.STOP)

    def test_gets_one_block_per_line_and_none_for_empty_lines(self) -> None:
        assert blocks(answer("one\n\n  \r\ntwo")) == ["You said: one", "You said: two"]

    def test_is_taken_from_the_latest_user_message(self) -> None:
        history = request(user(TextPart("first")), assistant(TextPart("You said: first")), user(TextPart("second")))
        assert blocks(list(PROVIDER.stream(history))) == ["You said: second"]

    def test_is_the_same_every_time(self) -> None:
        text = "hello\n/slow 2\nshow me a table"
        assert answer(text) == answer(text)

    def test_is_paced_when_a_pace_is_given(self) -> None:
        begun = time.monotonic()
        list(OfflineProvider(pace=0.02).stream(request(user(TextPart("one two three")))))
        assert time.monotonic() - begun >= 4 * 0.02


class TestExamples:
    @pytest.mark.parametrize(
        ("wish", "sign"),
        [
            ("write a python function that adds", "```python\n"),
            ("Please write me some code.", "```python\n"),
            ("can you create a short script for backups?", "```python\n"),
            ("show me a table", "|---|"),
            ("compare Python and JavaScript", "|---|"),
            ("draw a diagram of a login", "```mermaid\n"),
            ("Generate a flow chart", "```mermaid\n"),
            ("make a plan for my week", "- [ ] "),
            ("plan my week", "- [ ] "),
            ("give me the steps to bake bread", "- [ ] "),
            ("write a formula", "$$\n"),
            ("explain how to solve an equation", "$$\n"),
            ("help", "draw a diagram"),
            ("What can you do?", "draw a diagram"),
        ],
    )
    def test_follow_an_explicit_request_as_a_second_block(self, wish: str, sign: str) -> None:
        said, example = blocks(answer(wish))
        assert said == f"You said: {wish}"
        assert sign in example
        assert "canned example of the offline model" in example
        assert "set `ANTHROPIC_API_KEY` and restart" in example

    def test_are_streamed_word_by_word_without_loss(self) -> None:
        events = answer("write a python function that adds")
        assert "".join(deltas(events)).count("    return first + second\n\n\nprint(add(2, 3))") == 1

    @pytest.mark.parametrize(
        "text",
        [
            "hello, can you help me?",
            "The table is made of wood",
            "Is there a plan?",
            "Show my resources",
            "plan a VM with 4 cores",
            "writes code",
            "write an encoder",
            "make me a sandwich and put it on the kitchen table",
            "show me a table " + "please " * 40,
            "show me a table\nand a chart",
            "show me a table\n/slow 1",
        ],
    )
    def test_are_not_given_for_anything_else(self, text: str) -> None:
        assert "canned" not in "".join(deltas(answer(text)))


class TestSlow:
    def test_ticks_in_a_block_of_its_own(self) -> None:
        events = answer("a\n/slow 3\nb")
        assert blocks(events) == ["You said: a", "tick 1 tick 2 tick 3 ", "You said: b"]
        assert deltas(events)[3:6] == ["tick 1 ", "tick 2 ", "tick 3 "]

    def test_keeps_the_interval_between_ticks(self) -> None:
        begun = time.monotonic()
        list(OfflineProvider(tick=0.02).stream(request(user(TextPart("/slow 3")))))
        assert time.monotonic() - begun >= 2 * 0.02

    def test_of_zero_says_nothing(self) -> None:
        assert blocks(answer("/slow 0")) == []


class TestSilent:
    def test_waits_without_output_and_continues(self) -> None:
        begun = time.monotonic()
        events = answer("/silent 0.03\nhello")
        assert time.monotonic() - begun >= 0.03
        assert blocks(events) == ["You said: hello"]


class TestMalformedCommands:
    @pytest.mark.parametrize("line", ["/slow", "/slow many", "/slow -1", "/slow 1.5"])
    def test_slow_without_a_whole_number_says_so(self, line: str) -> None:
        assert blocks(answer(line)) == ["`/slow` needs a whole number of ticks, for example `/slow 5`."]

    @pytest.mark.parametrize("line", ["/silent", "/silent long", "/silent -1", "/silent nan", "/silent inf"])
    def test_silent_without_a_number_says_so(self, line: str) -> None:
        assert blocks(answer(line))[0].startswith("`/silent` needs a number of seconds from 0 to 3600")

    @pytest.mark.parametrize(
        "arguments",
        ["", "t {", "t [1]", "t 5", 't {"a": NaN}', 't {"a": "\\ud800"}', "t " + "[" * 100_000, 't {"a": 1} x'],
    )
    def test_tool_without_a_json_object_says_so(self, arguments: str) -> None:
        events = answer(f"/tool {arguments}")
        assert blocks(events)[0].startswith("`/tool` needs a name and a JSON object")
        assert events[-1] == Stopped(StopReason.STOP)

    def test_do_not_count_as_tool_calls(self) -> None:
        first, second = tool_rounds("/tool t {\n/tool t {}\nbye", 2)
        assert first[-1] == Stopped(StopReason.TOOL_USE)
        assert blocks(second) == ["Tool t returned 4", "You said: bye"]


class TestFail:
    def test_emits_partial_and_then_fails(self) -> None:
        events, error = failing("hello\n/fail provider_rate_limited\nnever")
        assert blocks(events) == ["You said: hello", "partial"]
        assert error.failure == FAILURE_BY_CODE["provider_rate_limited"]
        assert usages(events)[-1].output_tokens == 4

    def test_early_fails_without_output(self) -> None:
        events, error = failing("/fail-early provider_auth")
        assert [type(event) for event in events] == [UsageSoFar, UsageSoFar]
        assert error.failure.code == "provider_auth"

    def test_early_on_a_later_line_keeps_the_output_before_it(self) -> None:
        events, _ = failing("hello\n/fail-early provider_auth")
        assert blocks(events) == ["You said: hello"]

    @pytest.mark.parametrize(
        ("code", "retryable"),
        [
            ("provider_unavailable", True),
            ("provider_rate_limited", True),
            ("provider_auth", False),
            ("provider_rejected", False),
            ("provider_timeout", True),
            ("context_too_long", False),
            ("content_filtered", False),
            ("tool_timeout", True),
            ("turn_timeout", True),
            ("queue_timeout", True),
            ("worker_lost", True),
            ("approval_expired", False),
            ("internal", True),
        ],
    )
    def test_knows_every_code_of_a_turn(self, code: str, retryable: bool) -> None:
        _, error = failing(f"/fail {code}")
        assert (error.failure.code, error.failure.retryable) == (code, retryable)
        assert error.failure.message.endswith(".")

    @pytest.mark.parametrize("line", ["/fail", "/fail nonsense", "/fail-early nonsense"])
    def test_with_an_unknown_code_is_internal(self, line: str) -> None:
        _, error = failing(line)
        assert error.failure.code == "internal"


class TestTool:
    def test_ends_the_step_with_one_call(self) -> None:
        assert answer('/tool calculate {"expression": "2 + 2", "unit": "õ"}\nnot yet') == [
            UsageSoFar(Usage(input_tokens=10)),
            ToolCallBegun("call_1", "calculate"),
            ToolCallInput("call_1", '{"expression":"2 + 2","unit":"õ"}'),
            ToolCall("call_1", "calculate", {"expression": "2 + 2", "unit": "õ"}),
            UsageSoFar(Usage(input_tokens=10)),
            Stopped(StopReason.TOOL_USE),
        ]

    def test_without_arguments_calls_with_none(self) -> None:
        assert ToolCall("call_1", "current_time", {}) in answer("/tool current_time")

    def test_next_step_begins_with_the_result_and_goes_on_with_the_next_line(self) -> None:
        first, second, third = tool_rounds("a\n/tool x {}\nb\n/tool y {}\nc", 3)
        assert blocks(first) == ["You said: a"]
        assert blocks(second) == ["Tool x returned 4", "You said: b"]
        assert blocks(third) == ["Tool y returned 4", "You said: c"]
        assert [event for event in second if isinstance(event, ToolCall)] == [ToolCall("call_2", "y", {})]
        assert [event.block for event in second if isinstance(event, Text)][0] == 0

    @pytest.mark.parametrize(
        ("content", "shown"),
        [
            ('{ "result": 4,\n "unit": "õ" }', '{"result":4,"unit":"õ"}'),
            ("1267650600228229401496703205376", "1267650600228229401496703205376"),
            ("It is four.", '"It is four."'),
            ("NaN", '"NaN"'),
            ("", '""'),
        ],
    )
    def test_result_is_shown_as_compact_json(self, content: str, shown: str) -> None:
        assert blocks(tool_rounds("/tool x {}", 2, content=content)[1]) == [f"Tool x returned {shown}"]

    @pytest.mark.parametrize(
        ("result", "report"),
        [
            ({"is_error": True}, "Tool x failed"),
            ({"outcome": "failed"}, "Tool x failed"),
            ({"outcome": "denied"}, "Tool x was denied"),
            ({"outcome": "denied", "is_error": True}, "Tool x was denied"),
        ],
    )
    def test_failure_and_denial_are_reported(self, result: dict[str, Any], report: str) -> None:
        assert blocks(tool_rounds("/tool x {}\nbye", 2, **result)[1]) == [report, "You said: bye"]

    def test_is_honoured_five_times_in_a_message(self) -> None:
        steps = tool_rounds("/tool x {}\n" * 7 + "bye", 6)
        assert [step[-1] for step in steps] == [Stopped(StopReason.TOOL_USE)] * 5 + [Stopped(StopReason.STOP)]
        assert blocks(steps[-1]) == ["Tool x returned 4", "You said: bye"]

    def test_starts_afresh_in_the_next_message_with_ids_that_differ(self) -> None:
        earlier = (
            user(TextPart("/tool x {}")),
            assistant(ToolCallPart("call_1", "x", {})),
            user(ToolResultPart("call_1", "x", "4")),
            assistant(TextPart("Tool x returned 4")),
        )
        events = list(PROVIDER.stream(request(*earlier, user(TextPart("/tool y {}")))))
        assert [event for event in events if isinstance(event, ToolCall)] == [ToolCall("call_2", "y", {})]


class TestUsage:
    def test_counts_words_of_the_history_and_text_deltas(self) -> None:
        history = (
            user(TextPart("one two")),
            assistant(TextPart("You said: one two")),
            user(TextPart("three  four\n5")),
        )
        first, last = usages(list(PROVIDER.stream(request(*history))))
        assert first == Usage(input_tokens=9, output_tokens=0, exact=True)
        assert last == Usage(input_tokens=9, output_tokens=7, exact=True)

    def test_is_reported_first_and_just_before_the_end(self) -> None:
        events = answer("hello")
        assert isinstance(events[0], UsageSoFar)
        assert isinstance(events[-2], UsageSoFar)

    def test_costs_nothing(self) -> None:
        assert PROVIDER.cost("offline", Usage(1000, 1000)) == "0"

    def test_model_is_called_offline(self) -> None:
        assert PROVIDER.name == PROVIDER.stream(request(user(TextPart("hello")))).model == "offline"


class TestClose:
    @pytest.mark.parametrize("text", [f"/silent {FOREVER}", "/slow 5", "one two", f"/silent {FOREVER}\n/fail internal"])
    def test_ends_a_waiting_iteration_at_once_and_quietly(self, text: str) -> None:
        stream = OfflineProvider(tick=FOREVER, pace=FOREVER).stream(request(user(TextPart(text))))
        events: list[ModelEvent] = []
        begun = threading.Event()
        ended = threading.Event()

        def read() -> None:
            for event in stream:
                events.append(event)
                begun.set()
            ended.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        assert begun.wait(5)
        stream.close()
        reader.join(5)
        assert ended.is_set()
        assert not any(isinstance(event, Stopped) for event in events)

    def test_before_the_first_event_leaves_nothing_to_read(self) -> None:
        stream = PROVIDER.stream(request(user(TextPart("hello"))))
        stream.close()
        stream.close()
        assert list(stream) == []

    def test_between_two_events_ends_the_stream(self) -> None:
        stream = PROVIDER.stream(request(user(TextPart("/fail internal"))))
        events = iter(stream)
        while not isinstance(next(events), Text):
            pass
        stream.close()
        assert list(events) == []


class TestTitle:
    @pytest.mark.parametrize(
        ("text", "title"),
        [
            ("hello", "hello"),
            ("  How do\nI grow tomatoes ", "How do I grow tomatoes"),
            ("one two three four five six seven eight", "one two three four five six"),
            ("x" * 400, "x" * 150),
            ("", ""),
        ],
    )
    def test_is_made_of_the_first_words_for_free(self, text: str, title: str) -> None:
        assert PROVIDER.title(text) == (title, Usage())
