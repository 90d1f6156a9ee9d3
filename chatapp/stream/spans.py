"""Spans for an OpenTelemetry collector, where one is configured: one a turn, and in it one a model and tool call.

Ids, codes, numbers and names of models and tools; never what anybody said. They are made from the trace of an answer
when it has ended (docs/adr/0028-spans.md). The id of an OpenTelemetry trace is that of its turn, without the dashes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING
from uuid import UUID

from chatapp import config
from chatapp.config import BadSetting, Settings
from chatapp.core.endings import Ending
from chatapp.core.traces import ModelCall, Trace
from chatapp.providers import StopReason
from chatapp.version import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, Tracer

NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
NANOSECONDS = 1_000_000  # of a millisecond
Attributes = Mapping[str, str | int]

_provider: TracerProvider | None = None
_turn = threading.local()


def check(settings: Settings) -> None:
    """Raises BadSetting where spans are wished for and what sends them is not installed."""
    if settings.otel_exporter_otlp_endpoint and not all(map(_is_installed, NEEDED)):
        raise BadSetting("OTEL_EXPORTER_OTLP_ENDPOINT needs: pip install -r requirements-otel.txt")


def warm_up() -> None:
    """Begin to send spans from this process, if that is configured."""
    endpoint = config.current().otel_exporter_otlp_endpoint
    if endpoint and _provider is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        use(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))


def use(processor: SpanProcessor) -> None:
    """Give the spans of this process to `processor`. The provider is our own: nothing else that knows it uses it."""
    global _provider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class TurnIds(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return int(_turn.id.int)

    resource = Resource.create({"service.name": "chatapp", "service.version": __version__})
    _provider = TracerProvider(id_generator=TurnIds(), resource=resource, shutdown_on_exit=False)
    _provider.add_span_processor(processor)


def close() -> None:
    """Send what is not sent yet, and nothing any more."""
    global _provider
    if _provider:
        _provider.shutdown()
        _provider = None


def tell(turn_id: UUID, thread_id: UUID, trace: Trace, ending: Ending | None) -> None:
    """What this process did for a turn. `ending` is None when somebody else has ended it."""
    if _provider is None:
        return
    _turn.id = turn_id
    tracer = _provider.get_tracer("chatapp", __version__)
    status = str(ending.status) if ending else "ended from outside"
    attributes = {"chatapp.turn.id": str(turn_id), "chatapp.thread.id": str(thread_id), "chatapp.turn.status": status}
    turn = tracer.start_span("turn", attributes=attributes, start_time=trace.began * NANOSECONDS)
    for call in trace.calls:
        _model_call(tracer, turn, call)
    for call_id, (began, ended) in trace.tools.items():
        if began and ended:
            _within(tracer, turn, "tool", {"gen_ai.tool.call.id": call_id}, began).end(ended * NANOSECONDS)
    if ending and ending.failure:
        _fail(turn, ending.failure.code)
    turn.end()


def _model_call(tracer: Tracer, turn: Span, call: ModelCall) -> None:
    attributes: dict[str, str | int] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": call.model}
    if call.usage:
        attributes["gen_ai.usage.input_tokens"] = call.usage.input_tokens
        attributes["gen_ai.usage.output_tokens"] = call.usage.output_tokens
    span = _within(tracer, turn, f"chat {call.model}".strip(), attributes, call.asked)
    if call.first:
        span.add_event("first token", timestamp=call.first * NANOSECONDS)
    if call.outcome in list(StopReason):
        span.set_attribute("gen_ai.response.finish_reasons", [call.outcome])
    elif call.outcome:
        _fail(span, call.outcome)
    span.end((call.ended or call.closed or call.asked) * NANOSECONDS)


def _within(tracer: Tracer, parent: Span, name: str, attributes: Attributes, began: int) -> Span:
    from opentelemetry.trace import set_span_in_context

    context = set_span_in_context(parent)
    return tracer.start_span(name, context, attributes=attributes, start_time=began * NANOSECONDS)


def _fail(span: Span, code: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR))


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
