"""The tool calls of an answer that is being written, as long as they have no block: they run, wait or have failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import current_app
from markupsafe import Markup

from chatapp.core.transcripts import ToolUse, Transcript
from chatapp.values import Event, Json
from chatapp.web.render.cards import facts_of

TOOL = "tool-"
NOTHING: Mapping[str, str] = {}


class OpenCalls:
    """Folds a turn's events. Needs an application context in `html`."""

    def __init__(self) -> None:
        self._transcript = Transcript()
        self._turn_id: UUID | None = None
        self._approvals: dict[str, str] = {}  # by call: what a person is asked to decide

    def feed(self, events: Iterable[Event]) -> bool:
        """Whether any of the events is about a call."""
        about_calls = [self._add(event.data) for event in events]
        return any(about_calls)

    def html(self, decided: Mapping[str, str] = NOTHING) -> Markup:
        """A card each. `decided` tells by call what a person has said while the turn still waits for more."""
        shown = [self._shown(use, decided) for use in self._transcript.tools.values() if not use.is_shown]
        if not shown:
            return Markup()
        partial = current_app.jinja_env.get_template("blocks/_calls.html")
        return Markup(partial.render(calls=shown, turn_id=self._turn_id))  # noqa: S704  # the partial escapes

    def _add(self, event: Mapping[str, Any]) -> bool:
        kind = str(event["type"])
        if kind.startswith(TOOL):
            self._transcript.add(event)
            if kind == "tool-approval-request":
                self._approvals[event["toolCallId"]] = event["approvalId"]
            return True
        if kind == "data-turn":
            self._turn_id = UUID(event["id"])
            if self._approvals and event["data"]["status"] == "running":
                self._approvals.clear()  # everything is decided
                return True
        return False

    def _shown(self, use: ToolUse, decided: Mapping[str, str]) -> Json:
        approval_id = self._approvals.get(use.call_id)
        state = "running"
        if use.outcome:
            state = "failed"
        elif approval_id:
            state = decided.get(use.call_id, "pending")
        return {
            "id": use.call_id,
            "name": use.name,
            "state": state,
            "approval_id": approval_id,
            "facts": facts_of(use.input or {}),
            "error": use.error,
        }
