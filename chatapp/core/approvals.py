"""Calls that a person allows or denies before they run (turns-api 4.9).

A turn that waits holds no lease and no thread: all that is needed to go on is in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from chatapp import config
from chatapp.core import context, endings, executors, quotas, threads, titles, traces
from chatapp.core.endings import Ending, Output
from chatapp.core.executors import Assignment, Executor
from chatapp.core.snapshots import turn_event
from chatapp.db import after_commit, new_id, now, session, transaction
from chatapp.errors import ApprovalNotPending, NotFound, ShuttingDown
from chatapp.models import Message, Thread, ToolApproval, Turn, TurnLease, User
from chatapp.providers import ModelRequest
from chatapp.rows import insert
from chatapp.stream import log as event_log
from chatapp.stream.hub import hub
from chatapp.values import Event, Failure, FinishReason, TurnStatus, Usage

EXPIRED = Failure("approval_expired", "Nobody approved the action in time.", False)
REASON_LENGTH = 500


def ask(turn_id: UUID, call_id: str, tool: str) -> UUID:
    """A person shall decide on this call. Raises IntegrityError when they have been asked before."""
    approval = ToolApproval(id=new_id(), turn_id=turn_id, call_id=call_id, tool=tool)
    with transaction():
        insert(approval)
    return approval.id


def of_turn(turn_id: UUID) -> dict[str, ToolApproval]:
    """All approvals of a turn, by the id of the call."""
    found = session.scalars(select(ToolApproval).where(ToolApproval.turn_id == turn_id))
    return {approval.call_id: approval for approval in found}


def pause(thread_id: UUID, turn_id: UUID, output: Output) -> bool:
    """Let the turn wait until everything is decided. False when it has been ended by somebody else.

    Whoever decided while other calls were still running is not asked again: then the turn goes on at once.
    """
    executor = executors.require()
    with transaction():
        thread, turn = endings.lock(thread_id, turn_id)
        if thread is None or turn is None:
            return False
        turn.status = TurnStatus.AWAITING_APPROVAL
        turn.modified = thread.unread_at = now()
        threads.note_change(thread.session_id)
        endings.note_cost(turn, output)
        traces.note(turn, output.trace)
        if output.title:
            titles.apply(thread, output.title)
            quotas.charge(turn.user_id, output.title.usage.total_tokens)
        closing = (turn_event(turn), endings.finish_event(turn, FinishReason.APPROVAL))
        events = [
            *output.unstored,
            *(Event.of(output.last_seq + number, event) for number, event in enumerate(closing, 1)),
        ]
        event_log.current().add(turn_id, events)
        endings.drop_lease(turn_id)
        after_commit(lambda: hub.publish(turn_id, events))
        _continue_if_decided(turn, executor)
    return True


def decide(user: User, turn_id: UUID, approval_id: UUID, approved: bool, reason: str = "") -> Turn:
    """Allow or deny a call; with the last open one the turn goes on.

    Raises NotFound (turn, approval), ApprovalNotPending, ShuttingDown.
    """
    executor = executors.require()
    with transaction():
        turn = session.get(Turn, turn_id)
        if turn is None or turn.user_id != user.id:
            raise NotFound("turn")
        approval = session.get(ToolApproval, approval_id)
        if approval is None or approval.turn_id != turn_id:
            raise NotFound("approval")
        thread, active = endings.lock(turn.thread_id, turn_id)
        session.refresh(approval)
        if thread is None or active is None or approval.status != "pending":
            raise ApprovalNotPending("denied" if approval.status == "pending" else approval.status)
        approval.status = "approved" if approved else "denied"
        approval.reason = reason[:REASON_LENGTH]
        approval.decided_at = now()
        session.flush()
        threads.note_change(thread.session_id)
        _continue_if_decided(active, executor)
    return turn


def expire() -> int:
    """Fail the turns that have waited too long (turns-api 2.3.1). Returns how many."""
    deadline = now() - timedelta(seconds=config.current().approval_wait)
    waiting = (Turn.status == TurnStatus.AWAITING_APPROVAL) & (Turn.modified < deadline)
    return sum(_expire(turn) for turn in session.scalars(select(Turn).where(waiting)).all())


def _expire(turn: Turn) -> bool:
    with transaction():
        _, waiting = endings.lock(turn.thread_id, turn.id)
        if waiting is None or waiting.status != TurnStatus.AWAITING_APPROVAL:
            return False
        output = endings.salvage(turn.id)
        return endings.end(turn.thread_id, turn.id, Ending.failed(EXPIRED), output) is not None


def _continue_if_decided(turn: Turn, executor: Executor) -> None:
    if turn.status != TurnStatus.AWAITING_APPROVAL or "pending" in {a.status for a in of_turn(turn.id).values()}:
        return
    if not executor.accepts:
        raise ShuttingDown("The server is being restarted. Please try again in a moment.")
    turn.status = TurnStatus.RUNNING
    turn.modified = now()
    session.add(TurnLease(turn_id=turn.id, worker=executor.worker))
    session.flush()
    known = event_log.current().read(turn.id)
    resumed = Event.of(known[-1].seq + 1, turn_event(turn))
    event_log.current().add(turn.id, [resumed])
    assignment = _assignment(turn, [*known, resumed])
    after_commit(lambda: executor.submit(assignment))


def _assignment(turn: Turn, events: Sequence[Event]) -> Assignment:
    turn_id, thread_id, message_id = turn.id, turn.thread_id, turn.input_message_id
    asker = session.get_one(User, turn.user_id)

    def request() -> ModelRequest:
        return context.build(
            asker,
            session.get_one(Thread, thread_id),
            session.get_one(Turn, turn_id),
            session.get_one(Message, message_id),
        )

    return Assignment(
        turn_id,
        thread_id,
        asker,
        events,
        request,
        timezone=turn.settings["timezone"],
        usage=_usage(turn),
        trace=turn.trace or {},
    )


def _usage(turn: Turn) -> Usage | None:
    if turn.input_tokens is None:
        return None
    return Usage(turn.input_tokens, turn.output_tokens or 0, turn.cached_input_tokens or 0, exact=turn.usage_exact)


def settle_expired(turn: Turn) -> None:
    """End the turn if it has waited too long: at the latest when somebody looks."""
    if turn.status == TurnStatus.AWAITING_APPROVAL and turn.modified < now() - timedelta(
        seconds=config.current().approval_wait
    ):
        _expire(turn)
