"""An answer as operations for static/js/live.js, from its events."""

from __future__ import annotations

from collections.abc import Sequence

from chatapp.core.answer_parser import AnswerParser
from chatapp.values import Event, Json
from chatapp.web.render.calls import OpenCalls
from chatapp.web.render.live import LiveRenderer


class LiveAnswer:
    """Its blocks, and the cards of calls that have no block yet. Needs an application context."""

    def __init__(self) -> None:
        self._parser = AnswerParser()
        self._renderer = LiveRenderer()
        self._calls = OpenCalls()

    def feed(self, events: Sequence[Event]) -> list[Json]:
        """The operations that show what the events added."""
        ops = self._renderer.feed(self._parser.feed(events))
        return [*ops, {"calls": str(self._calls.html())}] if self._calls.feed(events) else ops

    def resume(self) -> list[Json]:
        """As `LiveRenderer.resume`."""
        return self._renderer.resume()
