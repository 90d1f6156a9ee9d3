"""What the log of an answer does not tell: when models were called and tools ran, and how it was stopped.

Kept in memory while the answer is written and stored with its end, in the statement that stores that anyway
(docs/adr/0023-traces.md). Moments are milliseconds since the epoch. Nothing of what anybody said is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import time_ns
from uuid import UUID

from sqlalchemy.orm import undefer

from chatapp.db import session, transaction
from chatapp.models import Turn
from chatapp.values import Json, Usage

NOTHING: Mapping[str, object] = {}


def moment() -> int:
    return time_ns() // 1_000_000


def milliseconds(moment: datetime) -> int:
    """Since the epoch."""
    return round(moment.timestamp() * 1_000)


@dataclass(slots=True)
class ModelCall:
    """One call of a model. `first` is its first word or tool call, `closed` when its connection was cut from outside.

    `outcome` is why the model stopped, or the code of what went wrong; empty when it was cut.
    """

    asked: int = field(default_factory=moment)
    model: str = ""
    first: int | None = None
    closed: int | None = None
    ended: int | None = None
    usage: Usage | None = None
    outcome: str = ""

    def as_json(self) -> Json:
        usage = self.usage or Usage()
        counted = {
            "input": usage.input_tokens,
            "cached": usage.cached_input_tokens,
            "cache_written": usage.cache_write_tokens,
            "output": usage.output_tokens,
            "exact": usage.exact,
        }
        moments = {"asked": self.asked, "first": self.first, "closed": self.closed, "ended": self.ended}
        return {"model": self.model, "outcome": self.outcome, **moments, "usage": counted if self.usage else None}


class Trace:
    """What one process notes of an answer that it writes. `earlier` is what was noted before."""

    def __init__(self, worker: str = "", earlier: Mapping[str, object] = NOTHING) -> None:
        self.began = moment()
        self.calls: list[ModelCall] = []
        self.tools: dict[str, list[int | None]] = {}  # by call: when it began and ended
        self._worker = worker
        self._earlier = earlier
        self._first_text: int | None = None

    def call(self) -> ModelCall:
        """A model is being called."""
        self.calls.append(ModelCall())
        return self.calls[-1]

    def cut(self) -> None:
        """The connection of the call that is being made has been closed. Called from any thread."""
        for call in self.calls[-1:]:
            if call.ended is None and call.closed is None:
                call.closed = moment()

    def text(self) -> None:
        """The first text can be shown."""
        self._first_text = moment()

    def as_json(self) -> Json:
        earlier: Json = dict(self._earlier)
        return {
            **earlier,
            "worker": self._worker,
            "calls": [*earlier.get("calls", ()), *(call.as_json() for call in self.calls)],
            "tools": {**earlier.get("tools", {}), **self.tools},
            "first_text": earlier.get("first_text") or self._first_text,
        }


def arrival(received: int) -> Json:
    """What is noted of a question that has passed the guards."""
    return {"received": received, "checked": moment()}


def stop(asked: int, why: str, worker: str) -> Json:
    """What is noted of an answer that somebody ended: when and where that was asked, and by what."""
    return {"stop": {"asked": asked, "why": why, "worker": worker}}


def note(turn: Turn, trace: Json | None) -> None:
    """Put it on the turn, within the caller's transaction and statement."""
    if trace is None:
        return
    turn.trace = trace
    if trace.get("first_text"):
        turn.first_token_ms = max(0, trace["first_text"] - milliseconds(turn.created))


def hand_in(turn_id: UUID, trace: Json) -> None:
    """Add what the executor knows of a turn that somebody else has ended; nothing if it is gone."""
    with transaction():
        found = session.get(Turn, turn_id, options=[undefer(Turn.trace)], populate_existing=True, with_for_update=True)
        if found:
            note(found, (found.trace or {}) | trace)
