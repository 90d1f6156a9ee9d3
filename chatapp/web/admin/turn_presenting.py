"""What the templates of the turn inspector are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from chatapp.core.inspections import DELTAS, Inspection, Timed
from chatapp.core.timelines import Clock, Entry, Kind, entries
from chatapp.values import Json
from chatapp.web.admin.receipts import REASONS
from chatapp.web.render import LiveAnswer
from chatapp.web.render.durations import duration, since

WIDTH = 1_000  # of the timeline's bars
NARROWEST = 4
EXCERPT = 200
# Frames of a replay: as often as a page is shown news of a running answer, of a long one half as often.
BEAT, SLOW_BEAT, LONG = 80, 160, 250

LABELS = {
    Kind.ARRIVAL: "Question arrived",
    Kind.GUARDS: "Guards looked at it",
    Kind.STORED: "Question stored, answer begun",
    Kind.MODEL: "Model",
    Kind.TEXT: "Text shown",
    Kind.TOOL: "Tool",
    Kind.APPROVAL: "Decision on",
    Kind.TITLE: "Conversation named",
    Kind.STOP: "Stop asked for",
    Kind.CLOSED: "Connection to the model closed",
    Kind.END: "Ended:",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """In thousandths of the turn's time. `mark` is a moment within it."""

    begin: int
    width: int
    mark: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline. `ms` is where it stands in the replay; None: nobody knows when it was."""

    kind: str
    label: str
    name: str
    ms: int | None
    begin: str
    took: str
    bar: Bar | None
    facts: Sequence[str]


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event, or several that follow each other and are pieces of one text."""

    numbers: str
    begin: str
    type: str
    pieces: int
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    ms: int
    seq: int
    ops: list[Json]


def timeline(inspection: Inspection) -> list[Row]:
    clock, found = Clock(inspection), entries(inspection)
    moments = [moment for entry in found for moment in (entry.begin, entry.end) if moment is not None]
    total = max(1, max(map(clock.at, moments), default=1))
    return [_row(entry, clock, total) for entry in found]


def event_rows(inspection: Inspection) -> list[EventRow]:
    """Every event of the turn, a text in one line where the inspection has it in short."""
    clock = Clock(inspection)
    return [_event_row(timed, clock) for timed in inspection.events]


def frames(inspection: Inspection) -> list[Frame]:
    """The answer as it was shown, moment by moment. Needs an application context."""
    clock, shown = Clock(inspection), LiveAnswer()
    beat = BEAT if len(inspection.events) < LONG else SLOW_BEAT
    found = []
    for batch in _beats(inspection.events, beat):
        event, at, *_ = batch[-1]
        ops = shown.feed([timed.event for timed in batch])
        if ops:
            found.append(Frame(0 if at is None else clock.at(at), event.seq, ops))
    return found


def _row(entry: Entry, clock: Clock, total: int) -> Row:
    label = LABELS[entry.kind]
    if entry.begin is None:
        return Row(entry.kind, label, _name(entry), None, "", "", None, _facts(entry))
    begin = clock.at(entry.begin)
    lasted = None if entry.end is None else max(0, entry.end - entry.begin)
    end = begin if entry.end is None else clock.at(entry.end)
    mark = None if entry.mark is None else _share(clock.at(entry.mark), total)
    bar = Bar(min(_share(begin, total), WIDTH - NARROWEST), max(NARROWEST, _share(end - begin, total)), mark)
    took = "" if lasted is None else duration(lasted)
    return Row(entry.kind, label, _name(entry), begin, since(begin), took, bar, _facts(entry))


def _share(milliseconds: int, total: int) -> int:
    return round(milliseconds * WIDTH / total)


def _name(entry: Entry) -> str:
    if entry.kind in (Kind.ARRIVAL, Kind.CLOSED, Kind.STOP):
        return ""
    return entry.name.replace("_", " ") if entry.kind is Kind.END else entry.name


def _facts(entry: Entry) -> list[str]:
    return [fact for fact in _FACTS.get(entry.kind, lambda entry: ())(entry) if fact]


def _arrival_facts(entry: Entry) -> Iterator[str]:
    yield {"reload": "to be answered again", "edit": "edited"}.get(entry.name, "")


def _guard_facts(entry: Entry) -> Iterator[str]:
    facts = entry.facts
    if not facts["flagged"]:
        yield "nothing found"
        return
    yield f"severity {facts['severity']}, action {facts['action']}"
    yield f"score {facts['score']:.2f}" if facts["score"] else ""
    yield ", ".join(facts["categories"])


def _model_facts(entry: Entry) -> Iterator[str]:
    facts = entry.facts
    if facts.get("from_log"):
        yield "nothing noted; times from the log"
        return
    if entry.mark is not None and entry.begin is not None:
        yield f"first token after {duration(entry.mark - entry.begin)}"
    usage = facts["usage"]
    if usage:
        yield f"{usage['input']:,} tokens in" + (f", {usage['cached']:,} of them cached" if usage["cached"] else "")
        yield f"{usage['cache_written']:,} written to the cache" if usage["cache_written"] else ""
        yield f"{usage['output']:,} tokens out ({'exact' if usage['exact'] else 'estimated'})"
    else:
        yield "no tokens reported"
    yield facts["outcome"].replace("_", " ")
    yield "cut off" if facts["closed"] else ""


def _tool_facts(entry: Entry) -> Iterator[str]:
    facts = entry.facts
    yield facts["outcome"]
    arguments = facts["arguments"]
    yield "arguments refused" if arguments is None else f"arguments {arguments:,} bytes"
    yield f"result {facts['result']:,} bytes" if facts["result"] else ""
    yield "quarantined by the guards" if facts["quarantined"] else ""
    yield "needed approval" if facts["approval"] else ""


def _text_facts(entry: Entry) -> Iterator[str]:
    facts = entry.facts
    yield f"{facts['characters']:,} characters"
    yield f"{facts['pieces']:,} pieces" if facts["pieces"] else ""


def _end_facts(entry: Entry) -> Iterator[str]:
    yield (entry.facts["finish_reason"] or "").replace("_", " ")
    yield entry.facts["error"] or ""


_FACTS = {
    Kind.ARRIVAL: _arrival_facts,
    Kind.GUARDS: _guard_facts,
    Kind.MODEL: _model_facts,
    Kind.TOOL: _tool_facts,
    Kind.APPROVAL: lambda entry: iter([entry.facts["outcome"]]),
    Kind.TEXT: _text_facts,
    Kind.STOP: lambda entry: iter([REASONS.get(entry.name, "")]),
    Kind.END: _end_facts,
}


def _event_row(timed: Timed, clock: Clock) -> EventRow:
    event, at, pieces, _ = timed
    numbers = str(event.seq) if pieces == 1 else f"{event.seq}–{event.seq + pieces - 1}"
    if field := DELTAS.get(event.type):
        text = event.data[field]
    else:
        content = {name: value for name, value in event.data.items() if name != "type"}
        text = orjson.dumps(content).decode() if content else ""
    shown = text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"
    return EventRow(numbers, "" if at is None else since(clock.at(at)), event.type, pieces, shown)


def _beats(events: Sequence[Timed], beat: int) -> Iterator[list[Timed]]:
    """The events that a page would be shown at once."""
    batch: list[Timed] = []
    begun: int | None = None
    for timed in events:
        if batch and timed.at is not None and begun is not None and timed.at - begun >= beat:
            yield batch
            batch = []
        if not batch:
            begun = timed.at
        batch.append(timed)
    if batch:
        yield batch
