"""Beginning a turn: what must hold, what is stored, in one transaction (waldur 2.6, turns-api 2.3.5 and 4.6)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import orjson
from sqlalchemy import bindparam, func, select

from chatapp import providers
from chatapp.core import (
    attachments,
    context,
    flags,
    prompt_choice,
    quotas,
    refusals,
    screening,
    takeovers,
    threads,
    timezones,
)
from chatapp.core.endings import TURN
from chatapp.core.executors import Assignment, Executor
from chatapp.core.placing import Place, check_target, place, supersede
from chatapp.core.screening import Screened
from chatapp.core.snapshots import start_json, turn_event
from chatapp.db import after_commit, new_id, now, session
from chatapp.errors import KeyReused, ModelUnavailable, NotFound, ShuttingDown, TooManyTurns, TurnActive
from chatapp.models import ACTIVE_SQL, Message, Thread, Turn, TurnLease, User
from chatapp.prepared import Prepared
from chatapp.providers import ModelRequest
from chatapp.rows import insert, save
from chatapp.stream import log as event_log
from chatapp.values import Action, Event, Json, OnActive, Question, TurnStatus

FIRST_ANSWER = 2  # its place in a conversation
REMEMBERED = timedelta(days=1)
# The words of the indexes of active turns, which SQLite uses for nothing else.
IN_THREAD = Prepared(select(*TURN).where(ACTIVE_SQL, Turn.thread_id == bindparam("thread")))
IN_SLOT = Prepared(
    select(*TURN).where(ACTIVE_SQL, Turn.user_id == bindparam("user"), Turn.concurrency_key == bindparam("slot"))
)
RUNNING_OF = Prepared(
    select(func.count())
    .select_from(Turn)
    # Every turn has a key: said for the planner's sake, which takes the index of all of a person's turns otherwise.
    .where(ACTIVE_SQL, Turn.user_id == bindparam("user"), Turn.concurrency_key > "")
)
LOCK_ASKER = Prepared(select(User.id).where(User.id == bindparam("user")).with_for_update(key_share=True))


@dataclass(frozen=True, slots=True)
class Started:
    """`replayed`: nothing was created, the turn is the one that the same key made before.

    `warning` is what the guards have to tell the asker, or empty.
    """

    turn: Turn
    thread: Thread
    message: Message | None
    is_new_thread: bool = False
    replayed: bool = False
    warning: str = ""

    @property
    def stored_message_id(self) -> UUID | None:
        """The question, unless the turn answers one that was there before."""
        return self.message.id if self.message and self.message.turn_id == self.turn.id else None


def begin(question: Question, screened: Screened, executor: Executor, arrival: Json) -> Started:
    """Within the caller's transaction; after its commit `executor` gets the turn.

    Of the text of `question` nothing is used but what `screened` lets through. `arrival` is noted (core/traces.py).
    """
    question = replace(question, text=screened.text)
    # One after the other for one person: what is looked up about other turns holds until this one is stored.
    LOCK_ASKER.run(user=question.user_id)
    asker = session.get_one(User, question.user_id)
    if replay := _replayed(question):
        return replay
    if not question.capacity_last:
        _admit(asker)
    thread = _thread(question)
    if thread:
        check_target(thread, question)
    files = attachments.chosen(asker, thread, question)
    _make_room(question, thread)
    if question.capacity_last:
        _admit(asker)
    is_new = thread is None
    thread = thread or threads.new(asker)
    turn_id = new_id()
    version_id = prompt_choice.for_question(thread)
    placed = place(thread, question, turn_id)
    turn = _new_turn(turn_id, thread, question, placed, version_id)
    turn.settings |= screened.settings | {"attachmentIds": [str(file.id) for file in files]}
    turn.trace = arrival
    _mark(asker, thread, placed, screened)
    _store(turn, thread, is_new, placed, executor.worker)
    attachments.bind(files, placed.message)
    threads.touch_session(thread.session_id)
    events = _first_events(turn, screened.event)
    event_log.current().add(turn.id, events)
    if not executor.accepts:
        raise ShuttingDown("The server is being restarted. Please try again in a moment.")
    assignment = _assignment(asker, thread, turn, placed, screened, events, is_new)
    after_commit(lambda: executor.submit(assignment))
    return Started(turn, thread, placed.message, is_new_thread=is_new, warning=screened.warning)


def _admit(asker: User) -> None:
    """Raises ModelUnavailable, QuotaExceeded, QuotaMisconfigured, CapacityExceeded."""
    if providers.choose() is None:
        raise ModelUnavailable("No language model is configured.")
    quotas.check(asker)
    quotas.admit()


def _thread(question: Question) -> Thread | None:
    """Where to ask, locked; None is a new thread. Raises NotFound."""
    if question.thread_id is None:
        return None
    thread = threads.lock(question.user_id, question.thread_id)
    if thread.is_archived and not question.in_archive:
        raise NotFound("thread")
    return thread


def _assignment(
    asker: User,
    thread: Thread,
    turn: Turn,
    placed: Place,
    screened: Screened,
    events: list[Event],
    is_new: bool,
) -> Assignment:
    message = placed.message
    untitled = None
    if thread.title is None and not thread.title_tried:
        untitled = screened.subject if placed.is_new else message.content
    # A question that was refused before is refused again when it is to be answered again.
    refused = screened.is_refused or (turn.prompt is None and message.action_taken == Action.BLOCK)
    asked = screened.asked or None
    # Looked up here, where the transaction is there already.
    has_files = bool(turn.settings["attachmentIds"]) or not is_new and attachments.has_any(thread.id)
    subject = [(asker, thread, turn, message)]  # not kept for as long as the answer takes

    def request() -> ModelRequest | None:
        about = subject.pop()
        if refused:
            return refusals.request(*about)
        return context.build(*about, asked, has_files=has_files)

    timezone = str(turn.settings["timezone"])
    return Assignment(
        turn.id,
        thread.id,
        asker,
        events,
        request,
        untitled,
        refused,
        screened.withheld,
        timezone,
        trace=turn.trace or {},
    )


def _mark(asker: User, thread: Thread, placed: Place, screened: Screened) -> None:
    """Note what the guards have found."""
    if placed.is_new:
        screening.mark(placed.message, thread, screened.verdict)
    screening.audit(screened.verdict, asker.id, placed.message.id)


def _store(turn: Turn, thread: Thread, is_new: bool, placed: Place, worker: str) -> None:
    if placed.replaces:
        supersede(placed.replaces, turn.answer_id)
    if not is_new:
        save(thread)
    insert(
        *([thread] if is_new else []),
        *([placed.message] if placed.is_new else []),
        turn,
        TurnLease(turn_id=turn.id, worker=worker),
    )
    if placed.is_new and placed.message.is_flagged:
        flags.add(placed.message)


def _new_turn(turn_id: UUID, thread: Thread, question: Question, placed: Place, version_id: UUID | None) -> Turn:
    moment = now()
    thread.last_index = max(thread.last_index, placed.answer_index)
    thread.modified = thread.active_at = moment
    thread.unread_at = None
    return Turn(
        id=turn_id,
        thread_id=thread.id,
        user_id=question.user_id,
        status=TurnStatus.RUNNING,
        mode=question.mode,
        input_message_id=placed.message.id,
        answer_id=new_id(),
        answer_index=placed.answer_index,
        answer_replaces_id=placed.replaces.id if placed.replaces else None,
        prompt=question.text if question.text and not placed.is_new else None,
        prompt_version_id=version_id,
        settings=_settings(question, thread),
        concurrency_key=question.concurrency_key or f"thread:{thread.id}",
        idempotency_key=question.idempotency_key,
        fingerprint=_fingerprint(question),
        created=moment,
        started_at=moment,
        modified=moment,
    )


def _settings(question: Question, thread: Thread) -> dict[str, object]:
    settings: dict[str, object] = {
        "mode": question.mode,
        "timezone": question.timezone if question.timezone in timezones.names() else "UTC",
        "agentSpecId": str(thread.agent_spec_id) if thread.agent_spec_id else None,
        "attachmentIds": [str(attachment_id) for attachment_id in question.attachment_ids],
        "onActive": question.on_active,
        "modelSettings": dict(question.model_settings),
    }
    return settings | ({"targetMessageId": str(question.message_id)} if question.message_id else {})


def _first_events(turn: Turn, notice: Json | None) -> list[Event]:
    data = [start_json(turn), turn_event(turn), *([notice] if notice else [])]
    return [Event.of(number, event) for number, event in enumerate(data, 1)]


def _make_room(question: Question, thread: Thread | None) -> None:
    """Deal with the turns in the way (turns-api 2.3.5)."""
    may_conflict = thread is not None or question.concurrency_key is not None
    while may_conflict and (
        conflict := _conflicting(question.user_id, thread.id if thread else None, question.concurrency_key)
    ):
        if conflict.status != TurnStatus.AWAITING_APPROVAL and takeovers.lease_is_void(conflict.id):
            takeovers.reap_if_lost(conflict)
        elif question.on_active is OnActive.INTERRUPT:
            takeovers.cancel(conflict)
        else:
            raise TurnActive(conflict.id)
    if question.active_limit is None:
        return
    if RUNNING_OF.scalar(user=question.user_id) >= question.active_limit:
        raise TooManyTurns("Too many answers are being written for you at once.")


def _conflicting(user_id: UUID, thread_id: UUID | None, slot: str | None) -> Turn | None:
    found = IN_THREAD.load(Turn, thread=thread_id) if thread_id else None
    return found or (IN_SLOT.load(Turn, user=user_id, slot=slot) if slot else None)


def _replayed(question: Question) -> Started | None:
    """What this idempotency key has made before: it costs nothing again (turns-api 4.6). Raises NotFound, KeyReused."""
    if question.idempotency_key is None:
        return None
    thread = _thread(question) if question.thread_id else _begun(question)
    if thread is None:
        return None
    turn = session.scalar(
        select(Turn).where(Turn.thread_id == thread.id, Turn.idempotency_key == question.idempotency_key)
    )
    if turn is None:
        return None
    if turn.fingerprint != _fingerprint(question):
        raise KeyReused("This idempotency key was used before with other content.")
    return Started(turn, thread, None, replayed=True)


def _begun(question: Question) -> Thread | None:
    """The conversation that this key has begun; a key for a new one is remembered for a while."""
    recent = (Thread.user_id == question.user_id) & (Thread.created > now() - REMEMBERED) & Thread.deleted_at.is_(None)
    by_key = (Turn.idempotency_key == question.idempotency_key) & (Turn.answer_index == FIRST_ANSWER)
    found = session.scalar(select(Turn.thread_id).join(Thread, Thread.id == Turn.thread_id).where(recent, by_key))
    return threads.lock(question.user_id, found) if found else None


def _fingerprint(question: Question) -> str | None:
    if question.idempotency_key is None:
        return None
    content = [
        question.text,
        question.mode,
        str(question.message_id),
        question.concurrency_key,
        dict(question.model_settings),
        [str(file_id) for file_id in question.attachment_ids + question.artifact_ids],
    ]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
