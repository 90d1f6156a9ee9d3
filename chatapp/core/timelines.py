"""A turn as what happened in it, with the time that it took: from its events and from what was noted beside them.

Moments are milliseconds since the epoch. Pure: an inspection in, plain values out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from chatapp.core.endings import CHARACTERS_PER_TOKEN
from chatapp.core.inspections import Inspection, Timed
from chatapp.core.traces import milliseconds
from chatapp.core.transcripts import ToolUse, Transcript
from chatapp.values import Json, TurnStatus

LONGEST_PAUSE = 1_000  # milliseconds that are shown of the time in which a turn waits for a person


class Kind(StrEnum):
    ARRIVAL = "arrival"
    GUARDS = "guards"
    STORED = "stored"
    MODEL = "model"
    TEXT = "text"
    TOOL = "tool"
    APPROVAL = "approval"
    TITLE = "title"
    STOP = "stop"
    CLOSED = "closed"
    END = "end"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened at `begin`, or lasted from there to `end`; without `begin` nobody knows when.

    `name` is that of a model or tool, or a state. `mark` is a moment in between: a model's first token. `facts` are
    numbers, codes and flags.
    """

    kind: Kind
    begin: int | None
    end: int | None = None
    name: str = ""
    mark: int | None = None
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a turn was stopped, and what it came to. Where a moment is None, nobody has told it.

    `is_reported`: the process that wrote the answer has said what it knows. `delivered` is how many characters readers
    were shown, `kept` how many are stored; `received` what the model had written when it was cut off.
    """

    why: str
    asked: int | None
    asked_by: str
    ended: int
    closed: int | None
    closed_by: str
    is_reported: bool
    delivered: int
    kept: int
    received: Json | None

    @property
    def delivered_tokens(self) -> int:
        """An estimate."""
        return self.delivered // CHARACTERS_PER_TOKEN


class Clock:
    """The time of a turn, from the arrival of its question on, in which it did not wait for a person."""

    def __init__(self, inspection: Inspection) -> None:
        self.origin = origin(inspection)
        self._pauses = list(_pauses(inspection.events))

    def at(self, moment: int) -> int:
        """Milliseconds on this clock."""
        cut = sum(max(0, min(moment, end) - begin - LONGEST_PAUSE) for begin, end in self._pauses)
        return max(0, moment - self.origin - cut)


def origin(inspection: Inspection) -> int:
    """When the question arrived."""
    received: int | None = inspection.trace.get("received")
    return received or milliseconds(inspection.turn.created)


def entries(inspection: Inspection) -> list[Entry]:
    """In the order in which they began; what has no time comes last."""
    found = [
        *_beginning(inspection),
        *_models(inspection),
        *_tools(inspection),
        *_approvals(inspection),
        *_texts(inspection),
        *_titles(inspection.events),
        *_ending(inspection),
    ]
    return sorted(found, key=lambda entry: (entry.begin is None, entry.begin or 0))


def receipt(inspection: Inspection) -> Receipt | None:
    """None for a turn that nobody has stopped."""
    turn, trace = inspection.turn, inspection.trace
    if turn.status != TurnStatus.CANCELLED or turn.completed_at is None:
        return None
    stop, calls = trace.get("stop", {}), trace.get("calls", [])
    return Receipt(
        why=stop.get("why", ""),
        asked=stop.get("asked"),
        asked_by=stop.get("worker", ""),
        ended=milliseconds(turn.completed_at),
        closed=calls[-1]["closed"] if calls else None,
        closed_by=trace.get("worker", ""),
        is_reported="calls" in trace,
        delivered=len(Transcript.of(timed.event.data for timed in inspection.events).content),
        kept=len(inspection.answer.content) if inspection.answer else 0,
        received=calls[-1]["usage"] if calls else None,
    )


def _pauses(events: Sequence[Timed]) -> Iterator[tuple[int, int]]:
    for timed, after in zip(events, events[1:], strict=False):
        begin, end = timed.at, after.at
        if timed.event.waits_for_person and begin is not None and end is not None and end - begin > LONGEST_PAUSE:
            yield begin, end


def _beginning(inspection: Inspection) -> Iterator[Entry]:
    turn, trace, question = inspection.turn, inspection.trace, inspection.question
    yield Entry(Kind.ARRIVAL, origin(inspection), name=turn.mode)
    if "received" in trace:
        verdict: Json = {"flagged": False}
        if question and question.is_flagged:
            verdict = {
                "flagged": True,
                "severity": question.severity,
                "action": question.action_taken,
                "categories": [*question.injection_categories, *question.pii_categories],
                "score": question.injection_score,
            }
        yield Entry(Kind.GUARDS, trace["received"], trace["checked"], facts=verdict)
    yield Entry(Kind.STORED, milliseconds(turn.created))


def _models(inspection: Inspection) -> Iterator[Entry]:
    for call in inspection.trace.get("calls", ()):
        facts = {"outcome": call["outcome"], "usage": call["usage"], "closed": call["closed"]}
        yield Entry(Kind.MODEL, call["asked"], call["ended"], call["model"], call["first"], facts)
    if "calls" in inspection.trace:
        return
    begin: int | None = None  # nobody has noted anything: the log tells at least when a step began and ended
    for event, at, *_ in inspection.events:
        if event.type == "start-step":
            begin = at
        elif event.type == "finish-step":
            yield Entry(Kind.MODEL, begin, at, inspection.turn.model or "", facts={"from_log": True})


def _tools(inspection: Inspection) -> Iterator[Entry]:
    transcript = Transcript.of(timed.event.data for timed in inspection.events)
    begun: dict[str, int | None] = {}
    ended: dict[str, int | None] = {}
    for event, at, *_ in inspection.events:
        if event.type.startswith("tool-input-"):
            begun[event.data["toolCallId"]] = at
        elif event.type.startswith("tool-output-"):
            ended[event.data["toolCallId"]] = at
    times = inspection.trace.get("tools", {})
    for use in transcript.tools.values():
        begin, end = times.get(use.call_id) or (begun.get(use.call_id), ended.get(use.call_id))
        yield Entry(Kind.TOOL, begin, end, use.name, facts=_tool_facts(use))


def _tool_facts(use: ToolUse) -> Json:
    return {
        "call": use.call_id,
        "outcome": use.outcome or "running",
        "arguments": None if use.input is None else len(orjson.dumps(use.input)),
        "result": len(orjson.dumps(use.result.as_json())) if use.result else len(use.error.encode()),
        "quarantined": bool(use.result and use.result.quarantined),
        "approval": use.approval_id is not None,
    }


def _approvals(inspection: Inspection) -> Iterator[Entry]:
    for asked in inspection.approvals:
        decided = milliseconds(asked.decided_at) if asked.decided_at else None
        yield Entry(Kind.APPROVAL, milliseconds(asked.created), decided, asked.tool, facts={"outcome": asked.status})


def _texts(inspection: Inspection) -> Iterator[Entry]:
    """The text as readers got it: from its first piece to its last."""
    texts = [timed for timed in inspection.events if timed.event.type == "text-delta"]
    if texts:
        characters = sum(len(timed.event.data["delta"]) for timed in texts)
        pieces = sum(timed.pieces for timed in texts)
        facts = {"pieces": None if inspection.is_retold else pieces, "characters": characters}
        begin = inspection.trace.get("first_text") or texts[0].at
        yield Entry(Kind.TEXT, begin, texts[-1].until or texts[-1].at, facts=facts)


def _titles(events: Sequence[Timed]) -> Iterator[Entry]:
    return (Entry(Kind.TITLE, timed.at) for timed in events if timed.event.type == "data-thread")


def _ending(inspection: Inspection) -> Iterator[Entry]:
    turn, trace = inspection.turn, inspection.trace
    if stop := trace.get("stop"):
        yield Entry(Kind.STOP, stop["asked"], name=stop["why"])
    for call in trace.get("calls", ()):
        if call["closed"]:
            yield Entry(Kind.CLOSED, call["closed"], name=call["model"])
    if turn.completed_at:
        facts = {"finish_reason": turn.finish_reason, "error": turn.error_code}
        yield Entry(Kind.END, milliseconds(turn.completed_at), name=turn.status, facts=facts)
