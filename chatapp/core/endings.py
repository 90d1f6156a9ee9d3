"""The end of a turn: one transaction for the answer, its cost and the closing events. The first to end it wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update

from chatapp import metrics, providers
from chatapp.core import model_history, quotas, threads, titles, traces
from chatapp.core.snapshots import turn_event, usage_json
from chatapp.core.transcripts import Transcript
from chatapp.db import after_commit, now, session
from chatapp.models import Message, Thread, ToolApproval, Turn, TurnLease
from chatapp.prepared import Prepared
from chatapp.rows import insert, save
from chatapp.stream import log as event_log
from chatapp.stream.hub import hub
from chatapp.values import Event, Failure, FinishReason, Json, Role, TurnStatus, Usage

CHARACTERS_PER_TOKEN = 4
TURN = [column for column in Turn.__table__.c if column.key != "trace"]  # which is written here, never read
LOCK_TURN = Prepared(select(*TURN).where(Turn.id == bindparam("turn")).with_for_update())
DENY_OPEN = (
    update(ToolApproval)
    .where(ToolApproval.turn_id == bindparam("turn"), ToolApproval.status == "pending")
    .values(status="denied", decided_at=bindparam("moment"))
    .execution_options(synchronize_session=False)
)
DROP_LEASE = Prepared(delete(TurnLease).where(TurnLease.turn_id == bindparam("turn")))


@dataclass(frozen=True, slots=True)
class Ending:
    status: TurnStatus
    failure: Failure | None = None
    finish_reason: FinishReason | None = None
    partial_text: str | None = None

    @classmethod
    def completed(cls, reason: FinishReason) -> Ending:
        return cls(TurnStatus.COMPLETED, finish_reason=reason)

    @classmethod
    def failed(cls, failure: Failure) -> Ending:
        return cls(TurnStatus.FAILED, failure=failure)

    @classmethod
    def cancelled(cls, partial_text: str | None = None) -> Ending:
        return cls(TurnStatus.CANCELLED, partial_text=partial_text)


@dataclass(frozen=True, slots=True)
class Output:
    """What a turn has produced. `unstored` are its newest events, which go into the log with the ending.

    `usage` is None when the provider reported nothing; `title` is an attempt to name the thread, made meanwhile.
    `trace` is what was noted meanwhile (core/traces.py).
    """

    transcript: Transcript
    last_seq: int
    unstored: Sequence[Event] = ()
    usage: Usage | None = None
    model: str | None = None
    title: titles.Attempt | None = None
    trace: Json | None = None


def salvage(turn_id: UUID) -> Output:
    """What the log and the lease tell of a turn that somebody else executes, or did.

    The turn is locked first: its worker adds nothing between this look and the end of the caller's transaction.
    """
    trace = session.scalar(select(Turn.trace).where(Turn.id == turn_id).with_for_update())
    events = event_log.current().read(turn_id)
    transcript = Transcript.of(event.data for event in events)
    lease = session.get(TurnLease, turn_id, populate_existing=True)
    usage = _estimate(transcript, lease) if lease else None
    return Output(transcript, events[-1].seq, (), usage, lease.model if lease else None, trace=trace)


def end(
    thread_id: UUID,
    turn_id: UUID,
    ending: Ending,
    output: Output,
    on_end: Callable[[UUID], None] | None = None,
) -> Turn | None:
    """End the turn within the caller's transaction; None when it is not active any more, or gone with its thread.

    After the commit the followers in this process get the closing events and `on_end` is called.
    """
    thread, turn = lock(thread_id, turn_id)
    if thread is None or turn is None:
        return None
    _close(turn, ending, output)
    content = _kept(turn, ending, output.transcript)
    closing = output.transcript.closing()
    if content is None:
        _withdraw_answer(thread, turn)
    else:
        _store_answer(thread, turn, content, _folded(output.transcript, closing))
    if any(tool.approval_id for tool in output.transcript.tools.values()):
        session.execute(DENY_OPEN, {"turn": turn_id, "moment": now()})
    if ending.status is not TurnStatus.CANCELLED:
        thread.unread_at = turn.completed_at
    threads.touch_session(thread.session_id)
    title = titles.apply(thread, output.title) if output.title else None
    threads.add_tokens(thread, turn.input_tokens, turn.output_tokens)
    attempt = output.title.usage.total_tokens if output.title else 0
    quotas.charge(turn.user_id, (turn.input_tokens or 0) + (turn.output_tokens or 0) + attempt)
    save(turn, thread)
    events = [*output.unstored, *_closing_events(turn, output.last_seq, closing, ending, title)]
    event_log.current().add(turn_id, events)
    drop_lease(turn_id)
    after_commit(lambda: hub.publish(turn_id, events))
    after_commit(lambda: _count(turn))
    if on_end:
        after_commit(lambda: on_end(turn_id))
    return turn


def _count(turn: Turn) -> None:
    metrics.turns.labels(turn.status, turn.error_code or "").inc()
    if turn.completed_at:
        metrics.durations.observe((turn.completed_at - turn.created).total_seconds())
    if turn.first_token_ms is not None:
        metrics.first_tokens.observe(turn.first_token_ms / 1000)
    for kind, amount in (("input", turn.input_tokens), ("output", turn.output_tokens)):
        metrics.tokens.labels(turn.model or "unknown", kind).inc(amount or 0)


def lock(thread_id: UUID, turn_id: UUID) -> tuple[Thread | None, Turn | None]:
    """An active turn and its thread, for writing; None for what is gone, and for a turn that has ended.

    The thread before the turn, as everywhere: two transactions never wait for each other.
    """
    thread = threads.locked(thread_id)
    turn = LOCK_TURN.load(Turn, turn=turn_id)
    return thread, turn if turn and TurnStatus(turn.status).is_active else None


def drop_lease(turn_id: UUID) -> None:
    """Within the caller's transaction: nobody executes the turn any more."""
    DROP_LEASE.run(turn=turn_id)


def note_cost(turn: Turn, output: Output) -> None:
    """What the turn has consumed so far, whose model wrote it and how soon; nothing when nothing was reported."""
    turn.model = output.model or turn.model
    if output.usage is None:
        return
    turn.input_tokens = output.usage.input_tokens
    turn.cached_input_tokens = output.usage.cached_input_tokens
    turn.output_tokens = output.usage.output_tokens
    turn.usage_exact = output.usage.exact
    provider = providers.choose()
    if provider and output.model:
        turn.total_cost = provider.cost(output.model, output.usage)


def _close(turn: Turn, ending: Ending, output: Output) -> None:
    turn.status = ending.status
    turn.finish_reason = ending.finish_reason
    note_cost(turn, output)
    traces.note(turn, output.trace)
    if ending.failure:
        turn.error_code = ending.failure.code
        turn.error_message = ending.failure.message
        turn.error_retryable = ending.failure.retryable
    turn.completed_at = turn.modified = now()


def _kept(turn: Turn, ending: Ending, transcript: Transcript) -> str | None:
    """The text that is stored; None when there is nothing worth a message."""
    content = transcript.content
    if ending.status is TurnStatus.CANCELLED:
        applied = ending.partial_text is not None and content.startswith(ending.partial_text)
        turn.settings = turn.settings | {"partialTextApplied": applied}
        if applied and ending.partial_text is not None:
            content = ending.partial_text
    tools_finished = any(tool.outcome for tool in transcript.tools.values())
    return content if content.strip() or tools_finished else None


def _folded(transcript: Transcript, closing: Sequence[Json]) -> Transcript:
    for event in closing:
        transcript.add(event)
    return transcript


def _store_answer(thread: Thread, turn: Turn, content: str, transcript: Transcript) -> None:
    moment = now()
    insert(
        Message(
            id=turn.answer_id,
            thread_id=thread.id,
            user_id=thread.user_id,
            turn_id=turn.id,
            role=Role.ASSISTANT,
            sequence_index=turn.answer_index,
            replaces_id=turn.answer_replaces_id,
            content=content,
            blocks=transcript.blocks(len(content)),
            successful_tools=",".join(transcript.successful_tools),
            raw_data=model_history.of_answer(transcript, content, turn, moment),
            warning=transcript.warning,
            interrupted=turn.status != TurnStatus.COMPLETED,
            model=turn.model,
            input_tokens=turn.input_tokens,
            output_tokens=turn.output_tokens,
            created=moment,
            modified=moment,
        )
    )
    turn.output_message_id = turn.answer_id
    thread.message_count += 1
    thread.last_message_at = thread.last_activity_at = moment
    thread.modified = moment
    if turn.model and turn.model not in thread.models_used.split(", "):
        thread.models_used = ", ".join(filter(None, [thread.models_used, turn.model]))


def _withdraw_answer(thread: Thread, turn: Turn) -> None:
    """Give the reserved place back: an answer that was to be replaced is the current one again (waldur 3.6)."""
    thread.modified = now()
    if turn.answer_replaces_id:
        former = session.get_one(Message, turn.answer_replaces_id, populate_existing=True)
        former.superseded_by = None
        former.modified = now()
    elif thread.last_index == turn.answer_index:
        thread.last_index -= 1


def _closing_events(
    turn: Turn, last_seq: int, closing: Sequence[Json], ending: Ending, title: str | None
) -> list[Event]:
    data: list[Json] = [
        *closing,
        turn_event(turn),
    ]
    if ending.status is TurnStatus.COMPLETED and title:
        named = {"type": "data-thread", "id": str(turn.thread_id), "data": {"title": title}, "transient": True}
        data.append(named)
    data.append(last_event(turn))
    return [Event.of(last_seq + number, event) for number, event in enumerate(data, 1)]


def last_event(turn: Turn) -> Json:
    """The event that ends the stream of a turn in a final state."""
    if turn.status == TurnStatus.FAILED:
        return {"type": "error", "errorText": turn.error_message}
    if turn.status == TurnStatus.CANCELLED:
        return {"type": "abort"}
    return finish_event(turn, turn.finish_reason)


def finish_event(turn: Turn, reason: str | None) -> Json:
    """The last event of a stream that ends well: of a turn, or up to where it waits for a person."""
    metadata = {
        "turnId": str(turn.id),
        "status": str(turn.status),
        "finishReason": str(reason),
        "usage": usage_json(turn),
    }
    return {"type": "finish", "messageMetadata": metadata}


def _estimate(transcript: Transcript, lease: TurnLease) -> Usage | None:
    """The provider's last report; what was written since then is estimated from the text."""
    if lease.input_tokens is None:
        return None
    written = max(lease.output_tokens or 0, len(transcript.content) // CHARACTERS_PER_TOKEN)
    return Usage(lease.input_tokens, written, lease.cached_input_tokens or 0, exact=False)
