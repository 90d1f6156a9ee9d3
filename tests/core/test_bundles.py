"""A turn as a file for a bug report: nothing that anybody said is in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import orjson
import pytest

from chatapp import tools
from chatapp.core import bundles, inspections, retention
from chatapp.core.bundle_fields import EVENTS
from chatapp.core.inspections import Inspection, Timed
from chatapp.core.redaction import Redactor
from chatapp.db import new_id, now, session, transaction
from chatapp.models import ToolApproval, Turn
from chatapp.values import Event
from tests.people import People
from tests.reading import explained
from tests.stream.asking import ask, fresh, story_of

CANARY = "canary"


@pytest.fixture
def inspection(people: People) -> Inspection:
    """Of a turn with a tool, text and a title."""
    started = ask(people.ana, '/tool calculate {"expression": "1 + 1"}\nhello hello')
    story_of(started.turn)
    explained(people.stan, started.thread.id)
    return inspections.export(people.stan.user, started.turn.id)


def packed(inspection: Inspection) -> dict[str, str]:
    archive = zipfile.ZipFile(io.BytesIO(bundles.pack(inspection, tools.names(inspection.asker))))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def poisoned(value: Any, words: Iterator[str]) -> Any:
    """With a canary in place of every text, and in a further field of every object."""
    if isinstance(value, dict):
        return {key: poisoned(entry, words) for key, entry in value.items()} | {next(words): next(words)}
    if isinstance(value, list):
        return [poisoned(entry, words) for entry in value]
    return next(words) if isinstance(value, str) else value


def with_canaries(inspection: Inspection) -> Inspection:
    """Everywhere but in the name of the model, which nobody but the administrator has given."""
    words = (f"{CANARY}{number}" for number in count())
    turn, question, answer = inspection.turn, inspection.question, inspection.answer
    assert question and answer
    turn.prompt = turn.error_message = turn.concurrency_key = turn.idempotency_key = next(words)
    turn.error_code, turn.error_retryable, turn.total_cost, turn.finish_reason = (
        next(words),
        True,
        next(words),
        next(words),
    )
    turn.settings = poisoned(turn.settings | {"modelSettings": {"stop": "x"}, "targetMessageId": "x"}, words)
    for message in (question, answer):
        message.content, message.blocks = next(words), poisoned(message.blocks, words)
        message.severity = message.action_taken = next(words)
    call_id, tool, status, reason = (next(words) for _ in range(4))
    approval = ToolApproval(call_id=call_id, tool=tool, status=status, reason=reason, created=turn.created)
    every = [{"type": kind, **dict.fromkeys(EVENTS[kind], {"x": ["x", 1]})} for kind in EVENTS]
    told = [dict(timed.event.data) for timed in inspection.events] + every
    events = [poisoned(data, words) | {"type": data["type"]} for data in told] + [{"type": next(words)}]
    trace = poisoned(inspection.trace | {"stop": {"why": "stop", "worker": "x"}}, words)
    for call in trace["calls"]:
        call["model"] = turn.model
    timed = [Timed(Event.of(number, data), 0) for number, data in enumerate(events, 1)]
    return replace(inspection, title=next(words), events=timed, approvals=[approval], trace=trace)


def test_no_word_of_anybody_is_in_it(inspection: Inspection) -> None:
    for name, content in packed(with_canaries(inspection)).items():
        at = content.find(CANARY)
        assert at < 0, f"{name}: {content[max(0, at - 200) : at + 60]}"


def test_names_codes_numbers_and_times_are_kept(inspection: Inspection) -> None:
    files = packed(inspection)
    turn, events = orjson.loads(files["turn.json"]), [orjson.loads(line) for line in files["events.jsonl"].splitlines()]
    assert turn["turn"]["status"] == "completed"
    assert turn["turn"]["modelId"] == "offline"
    assert turn["turn"]["usage"]["inputTokens"] == inspection.turn.input_tokens
    assert [call["outcome"] for call in turn["trace"]["calls"]] == ["tool_use", "stop"]
    assert turn["trace"]["tools"].keys() == {"call-1"}
    assert turn["asker"] == {"role": "everybody"}
    assert [line["seq"] for line in events] == list(range(1, len(events) + 1))
    assert [line["event"]["type"] for line in events] == [timed.event.type for timed in inspection.events]
    assert all(line["ms"] >= 0 for line in events)
    [called] = [line["event"] for line in events if line["event"]["type"] == "tool-input-available"]
    assert (called["toolName"], called["toolCallId"]) == ("calculate", "call-1")
    assert not any("left_out" in str(line) for line in events)
    environment = orjson.loads(files["environment.json"])
    assert environment["database"]["kind"] in ("sqlite", "postgresql")
    assert environment["packages"]["flask"]


def test_a_tool_that_a_model_has_made_up_has_no_name(people: People) -> None:
    started = ask(people.ana, "/tool transfer_all_money_of_ana {}")
    story_of(started.turn)
    explained(people.stan, started.thread.id)
    inspection = inspections.export(people.stan.user, started.turn.id)
    assert "transfer_all_money" in str(inspection.events)
    assert not any("transfer_all_money" in content for content in packed(inspection).values())


def test_repetition_shows_within_a_turn_and_nowhere_else(inspection: Inspection) -> None:
    one, other = Redactor(inspection.turn.id, ()), Redactor(new_id(), ())
    assert one.text("hello") == one.text("hello") != one.text("hallo")
    assert one.text("hello").startswith("<5:")
    assert one.text("hello") != other.text("hello")


def test_a_turn_whose_events_are_gone_is_told_by_what_remains(people: People, inspection: Inspection) -> None:
    with transaction():
        fresh(Turn, inspection.turn.id).completed_at = now() - timedelta(days=30)
        session.flush()
    retention.prune_events()
    later = inspections.export(people.stan.user, inspection.turn.id)
    files = packed(later)
    assert orjson.loads(files["turn.json"])["is_retold"] is True
    assert all(orjson.loads(line)["ms"] is None for line in files["events.jsonl"].splitlines())
    assert "hello" not in "".join(files.values())
