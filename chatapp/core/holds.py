"""Legal holds: threads, and people with all of theirs, that are not erased until the hold is lifted.

Deleting still hides a conversation and closes an account; what is held goes when the hold does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError

from chatapp.core import accounts, audit
from chatapp.db import session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import LegalHold, Thread, User

LONGEST_REASON = 1000
THREADS = select(LegalHold.thread_id).where(LegalHold.thread_id.is_not(None))
PEOPLE = select(LegalHold.user_id).where(LegalHold.user_id.is_not(None))
IS_HELD: ColumnElement[bool] = or_(Thread.id.in_(THREADS), Thread.user_id.in_(PEOPLE))


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold with whose it is and who placed it; None when that account is gone."""

    hold: LegalHold
    owner: User
    placed_by: User | None


def on_person(actor: User, username: str, reason: str) -> LegalHold:
    """Hold everything of a person. Raises Invalid."""
    try:
        person = accounts.find_user(username)
    except NotFound as error:
        raise Invalid("Nobody has this user name.", "object") from error
    return _place(actor, LegalHold(user_id=person.id, reason=_reason(reason), placed_by=actor.id), person.id)


def on_thread(actor: User, thread_id: UUID, reason: str) -> LegalHold:
    """Hold one thread, deleted ones too as long as they are there. Raises Invalid."""
    thread = session.get(Thread, thread_id, populate_existing=True)
    if thread is None:
        raise Invalid("There is no such conversation.", "object")
    return _place(actor, LegalHold(thread_id=thread_id, reason=_reason(reason), placed_by=actor.id), thread.user_id)


def lift(actor: User, hold_id: UUID) -> None:
    """What was to be erased meanwhile goes with the next daily work. Raises NotFound."""
    with transaction():
        hold = session.get(LegalHold, hold_id, with_for_update=True, populate_existing=True)
        if hold is None:
            raise NotFound("hold")
        owner = hold.user_id or session.scalar(select(Thread.user_id).where(Thread.id == hold.thread_id))
        session.delete(hold)
        audit.record("legal_hold_lifted", actor, object_id=_held(hold), target_user_id=owner)


def every() -> Sequence[Placed]:
    """The newest first."""
    owner_id = func.coalesce(LegalHold.user_id, Thread.user_id)
    query = select(LegalHold, owner_id).outerjoin(Thread, Thread.id == LegalHold.thread_id)
    rows = session.execute(query.order_by(LegalHold.created.desc(), LegalHold.id.desc())).all()
    ids = {person for hold, owner in rows for person in (owner, hold.placed_by)}
    people = {user.id: user for user in session.scalars(select(User).where(User.id.in_(ids)))}
    return [Placed(hold, people[owner], people.get(hold.placed_by)) for hold, owner in rows]


def holds_person(user_id: UUID) -> bool:
    return bool(session.scalar(select(exists().where(LegalHold.user_id == user_id))))


def held_threads(user_id: UUID) -> int:
    """How many of a person's threads are held, by themselves or with the person."""
    return session.scalar(select(func.count()).select_from(Thread).where(Thread.user_id == user_id, IS_HELD)) or 0


def keeps(user_id: UUID) -> bool:
    """Whether anything of a person is held."""
    own = and_(LegalHold.thread_id == Thread.id, Thread.user_id == user_id)
    return holds_person(user_id) or bool(session.scalar(select(exists().where(own))))


def _place(actor: User, hold: LegalHold, owner_id: UUID) -> LegalHold:
    try:
        with transaction():
            session.add(hold)
            session.flush()
            kind = "thread" if hold.thread_id else "person"
            audit.record("legal_hold_placed", actor, object_id=_held(hold), target_user_id=owner_id, kind=kind)
    except IntegrityError as error:
        raise Invalid("There is a hold on it already, or it is gone.", "object") from error
    return hold


def _held(hold: LegalHold) -> UUID:
    """The thread or the person: there is exactly one."""
    return next(filter(None, (hold.thread_id, hold.user_id)))


def _reason(text: str) -> str:
    text = text.replace("\x00", "").strip()
    if not text:
        raise Invalid("Say why it must be kept.", "reason")
    if len(text) > LONGEST_REASON:
        raise Invalid(f"A reason has at most {LONGEST_REASON:,} characters.", "reason")
    return text
