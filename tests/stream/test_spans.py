"""Spans tell what happened in an answer, by ids and numbers, and only where somebody wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer
from chatapp import config
from chatapp.config import BadSetting, Settings
from chatapp.core import turns
from chatapp.stream import spans
from tests import people as folk
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import ask, story_of, wait_for_text


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    spans.use(SimpleSpanProcessor(exporter))
    yield exporter
    spans.close()


def of_turn(exporter: InMemorySpanExporter, turn_id: UUID) -> list[ReadableSpan]:
    """Those of a turn, once it has ended: the turn's own is the last."""
    return wait_until(lambda: (found := exporter.get_finished_spans()) and found[-1].name == "turn" and list(found))


def test_a_turn_has_a_span_for_every_call(make_app: Callable[..., Flask], exported: InMemorySpanExporter) -> None:
    call = Block("tool_use", '{"expression": "6 * 7"}', "toolu_1", "calculate")
    with MessagesServer() as server:
        server.scripts = [Script(blocks=(call,), stop_reason="tool_use"), Script(text="It is 42.", input_tokens=99)]
        make_app(anthropic_api_key="key", anthropic_base_url=server.url)
        turn_id = ask(folk.settle().ana, "What is six times seven, my dear?").turn.id
        assert story_of(turn_id).status == "completed"
        first, second, tool, turn = of_turn(exported, turn_id)
    assert {span.context.trace_id for span in (first, second, tool, turn)} == {turn_id.int}
    assert all(span.parent == turn.context for span in (first, second, tool)) and turn.parent is None
    assert turn.attributes["chatapp.turn.status"] == "completed"
    model = config.current().anthropic_model
    assert [span.name for span in (first, second, tool)] == [f"chat {model}", f"chat {model}", "tool"]
    assert first.attributes["gen_ai.response.finish_reasons"] == ("tool_use",)
    assert second.attributes["gen_ai.usage.input_tokens"] == 99
    assert [event.name for event in second.events] == ["first token"]
    moments = [turn.start_time, first.start_time, first.end_time, tool.start_time, tool.end_time, second.start_time]
    assert moments == sorted(moments) and second.start_time <= second.end_time <= turn.end_time
    told = repr([(span.name, dict(span.attributes)) for span in (first, second, tool, turn)])
    assert not any(word in told for word in ("dear", "expression", "6 * 7", "It is", "scripted", "ana"))


def test_what_goes_wrong_is_a_code(app: Flask, people: People, exported: InMemorySpanExporter) -> None:
    turn_id = ask(people.ana, "/fail provider_unavailable").turn.id
    story_of(turn_id)
    call, turn = of_turn(exported, turn_id)
    assert call.attributes["error.type"] == turn.attributes["error.type"] == "provider_unavailable"
    assert not call.status.is_ok and not turn.status.is_ok


def test_a_turn_that_somebody_else_ended_says_so(app: Flask, people: People, exported: InMemorySpanExporter) -> None:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 1 ")
    turns.cancel(people.ana.user, started.thread.id)
    *_, turn = of_turn(exported, started.turn.id)
    assert turn.attributes["chatapp.turn.status"] == "ended from outside"


def test_nothing_is_made_where_nobody_wants_it(app: Flask, people: People) -> None:
    spans.warm_up()
    assert spans._provider is None
    story_of(ask(people.ana, "hello").turn)


def test_a_wish_that_cannot_be_met_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "NEEDED", ("no_such_package.at_all",))
    spans.check(Settings())
    with pytest.raises(BadSetting, match="requirements-otel.txt"):
        spans.check(Settings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318"))
