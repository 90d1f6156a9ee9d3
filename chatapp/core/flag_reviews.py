"""What people decide about flagged messages. Whoever decides anew adds to the history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select, update

from chatapp import guards
from chatapp.core import allowlist, audit, messages, readings
from chatapp.db import session, transaction
from chatapp.errors import Conflict, Invalid, NotFound
from chatapp.guards import GuardFailed, Injection
from chatapp.models import Flag, FlagDecision, FlagRule, Message, Thread, User
from chatapp.values import Decision

NOTE_LENGTH = 2_000
DECISIONS = (Decision.CONFIRMED, Decision.FALSE_ALARM, Decision.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class Case:
    """A flag with what there is to decide on; thread and message are None once the conversation is erased."""

    flag: Flag
    thread: Thread | None
    message: Message | None
    decisions: Sequence[FlagDecision]


def read(reader: User, flag_id: UUID) -> Case:
    """A flag to be shown with its conversation, as readings.open_thread opens it. Raises NotFound, ReasonNeeded."""
    flag = _found(session.get(Flag, flag_id, populate_existing=True))
    thread = readings.open_thread(reader, flag.thread_id) if flag.thread_id else None
    message = messages.get(flag_id) if thread else None
    return Case(flag, thread, message, session.scalars(_newest_first(flag_id)).all())


def judged_now(message: Message) -> Injection | None:
    """What the guards as they are now make of the stored text as an attack; None if they fail."""
    try:
        return guards.check(message.content, allowlist.phrases()).injection
    except GuardFailed:
        return None


def decide(
    reviewer: User, flag_id: UUID, decision: str, note: str = "", wrong: Collection[str] = (), seen: UUID | None = None
) -> None:
    """Decide, or decide anew: what was decided before stays in the history.

    `wrong` are the rules that had no reason to speak of a message that was flagged rightly; `seen` is the newest
    decision that the reviewer knows of. Raises NotFound, Invalid, Conflict if there is another by now.
    """
    if decision not in DECISIONS:
        raise Invalid("Choose what it is.", "decision")
    if len(note) > NOTE_LENGTH:
        raise Invalid(f"A note has at most {NOTE_LENGTH:,} characters.", "note")
    with transaction():
        locked = select(Flag).where(Flag.id == flag_id).with_for_update()
        flag = _found(session.scalar(locked.execution_options(populate_existing=True)))
        newest = session.scalar(_newest_first(flag_id).limit(1))
        if seen != (newest.id if newest else None):
            raise Conflict("decided", "Somebody else has decided meanwhile. Have a look, and decide again if need be.")
        wrong_rules = _wrong(flag, Decision(decision), wrong)
        flag.decision = decision
        _judge_rules(flag_id, Decision(decision), wrong_rules)
        session.add(
            FlagDecision(
                flag_id=flag_id,
                reviewer_id=reviewer.id,
                decision=decision,
                wrong_rules=wrong_rules,
                note=note.strip(),
            )
        )
        audit.record(
            "flag_decided",
            reviewer,
            object_id=flag_id,
            target_user_id=flag.user_id,
            decision=decision,
            wrong_rules=wrong_rules,
        )


def _wrong(flag: Flag, decision: Decision, wrong: Collection[str]) -> list[str]:
    """Those of the flag's rules; all of them cannot be wrong when the flag is right."""
    if decision is not Decision.CONFIRMED:
        return []
    rules = [rule.rule for rule in flag.rules]
    found = [rule for rule in rules if rule in wrong]
    if found and len(found) == len(rules):
        raise Invalid("If every reason was wrong, it is a false alarm.", "decision")
    return found


def _judge_rules(flag_id: UUID, decision: Decision, wrong: Collection[str]) -> None:
    is_right = {Decision.CONFIRMED: True, Decision.FALSE_ALARM: False}.get(decision)
    of_flag = update(FlagRule).where(FlagRule.flag_id == flag_id)
    session.execute(of_flag.values(is_right=is_right))
    if wrong:
        session.execute(of_flag.where(FlagRule.rule.in_(wrong)).values(is_right=False))


def _newest_first(flag_id: UUID) -> Select[FlagDecision]:
    return select(FlagDecision).where(FlagDecision.flag_id == flag_id).order_by(FlagDecision.id.desc())


def _found(flag: Flag | None) -> Flag:
    if flag is None:
        raise NotFound("message")
    return flag
