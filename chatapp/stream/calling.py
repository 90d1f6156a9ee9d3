"""The tool calls of one answer: which may be made, which a person has to allow, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from chatapp.core import approvals
from chatapp.core.transcripts import Transcript
from chatapp.db import release
from chatapp.errors import ToolRefused
from chatapp.providers import ModelMessage, ToolCall
from chatapp.tools.toolbox import Batch, Prepared, Toolbox
from chatapp.values import Json, ResultType, ToolResult

WITHHELD = "The tool failed. What it said is withheld, because it reads like instructions."


class Calling:
    """`emit` writes an event of the turn; `transcript` is the turn so far, those events included.

    In `times` it is noted by call when it began and when it ended.
    """

    def __init__(
        self,
        turn_id: UUID,
        toolbox: Toolbox,
        transcript: Transcript,
        emit: Callable[[Json], None],
        context: Callable[[], AbstractContextManager[Any]],
        times: dict[str, list[int | None]],
    ) -> None:
        self.waits_for_approval = False
        self._turn_id, self._toolbox, self._transcript = turn_id, toolbox, transcript
        self._emit, self._context, self._times = emit, context, times
        self._batch: Batch | None = None
        self._closed = False

    @property
    def awaits_person(self) -> bool:
        """The person has to act on what a call has shown."""
        return any(tool.result and tool.result.awaits_person for tool in self._transcript.tools.values())

    def close(self) -> None:
        """Wait for no call any more. Called from any thread."""
        self._closed = True
        if self._batch:
            self._batch.close()

    def let_go(self) -> None:
        """Emit nothing any more, and keep nobody who would have."""
        self._emit = lambda event: None

    def make(self, calls: Sequence[ToolCall], conversation: Sequence[ModelMessage]) -> None:
        """Make the calls that may be made, and ask for those that a person has to allow."""
        allowed: list[Prepared] = []
        for call in calls:
            prepared = self._prepare(call, conversation)
            if prepared and prepared.needs_approval:
                self._ask(prepared)
            elif prepared:
                allowed.append(prepared)
        release()
        self._run(allowed)

    def go_on(self) -> None:
        """Make the calls that have been allowed since the answer had to wait."""
        waiting = [tool for tool in self._transcript.tools.values() if tool.approval_id and tool.outcome is None]
        if not waiting:
            return
        decisions = approvals.of_turn(self._turn_id)
        denied = [tool for tool in waiting if decisions[tool.call_id].status != "approved"]
        allowed = [self._toolbox.allowed(tool) for tool in waiting if tool not in denied]
        for tool in denied:
            self._emit({"type": "tool-output-denied", "toolCallId": tool.call_id})
        for call_id, decision in decisions.items():
            self._transcript.tools[call_id].error = decision.reason
        release()
        self._run(allowed)

    def _prepare(self, call: ToolCall, conversation: Sequence[ModelMessage]) -> Prepared | None:
        tainted = any(tool.result and tool.result.quarantined for tool in self._transcript.tools.values())
        try:
            prepared = self._toolbox.prepare(call.call_id, call.name, call.arguments, conversation, tainted=tainted)
        except ToolRefused as refusal:
            self._fail(call.call_id, str(refusal))
            return None
        available = {"toolCallId": call.call_id, "toolName": call.name, "input": prepared.arguments}
        self._emit({"type": "tool-input-available", **available})
        return prepared

    def _ask(self, prepared: Prepared) -> None:
        approval_id = approvals.ask(self._turn_id, prepared.call_id, prepared.tool.name)
        self._emit({"type": "tool-approval-request", "approvalId": str(approval_id), "toolCallId": prepared.call_id})
        self.waits_for_approval = True

    def _run(self, calls: Sequence[Prepared]) -> None:
        if not calls:
            return
        self._batch = batch = Batch(self._toolbox, calls, self._context, self._times)
        if self._closed:
            return
        for call_id, result in batch.results():
            if not self._closed:
                self._conclude(call_id, result)

    def _conclude(self, call_id: str, result: ToolResult) -> None:
        if result.type is ResultType.ERROR:
            # An error is words alone: there is no place in its event for the mark of a quarantine.
            self._fail(call_id, WITHHELD if result.quarantined else result.summary)
        else:
            self._emit({"type": "tool-output-available", "toolCallId": call_id, "output": result.as_json()})

    def _fail(self, call_id: str, words: str) -> None:
        self._emit({"type": "tool-output-error", "toolCallId": call_id, "errorText": words})
