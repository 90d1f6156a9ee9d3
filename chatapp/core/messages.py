"""Reading the messages of threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_

from chatapp import prepared
from chatapp.core import threads
from chatapp.db import session
from chatapp.errors import NotFound
from chatapp.models import Message, Thread, Turn, User
from chatapp.prepared import Prepared
from chatapp.values import Role

VERSIONS = Prepared(
    select(Message.sequence_index, Message.id)
    .where(
        Message.thread_id == bindparam("thread"),
        Message.sequence_index.between(bindparam("first"), bindparam("last")),
    )
    .order_by(Message.sequence_index, Message.created, Message.id)
)


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive messages of a thread as they are now. It begins with a question."""

    messages: Sequence[Message]
    has_earlier: bool


def of_thread(thread_id: UUID, *, with_history: bool = False) -> Sequence[Message]:
    """In order of the conversation; versions of one message oldest first."""
    query = select(Message).where(Message.thread_id == thread_id)
    if not with_history:
        query = query.where(Message.superseded_by.is_(None))
    return session.scalars(query.order_by(Message.sequence_index, Message.created, Message.id)).all()


def page(thread_id: UUID, *, before: int | None = None, limit: int = 50) -> Page:
    """The last messages of a thread; those before a place in it, where that is given."""
    query = select(Message).where(Message.thread_id == thread_id, Message.superseded_by.is_(None))
    if before is not None:
        query = query.where(Message.sequence_index < before)
    found = session.scalars(query.order_by(Message.sequence_index.desc()).limit(limit + 1)).all()
    shown = list(reversed(found[:limit]))
    has_earlier = len(found) > limit
    while has_earlier and len(shown) > 1 and shown[0].role == Role.ASSISTANT:
        del shown[0]  # an answer stands below its question
    return Page(shown, has_earlier)


def listed(
    thread_id: UUID,
    after: tuple[int, datetime, UUID] | None,
    limit: int,
    *,
    newest_first: bool = False,
    with_history: bool = False,
) -> tuple[Sequence[Message], bool]:
    """Messages as `of_thread` orders them, or the other way round, after a position; and whether there are more."""
    key = tuple_(Message.sequence_index, Message.created, Message.id)
    query = select(Message).where(Message.thread_id == thread_id)
    if not with_history:
        query = query.where(Message.superseded_by.is_(None))
    if after:
        query = query.where(key < after if newest_first else key > after)
    columns = (Message.sequence_index, Message.created, Message.id)
    query = query.order_by(*(column.desc() for column in columns) if newest_first else columns)
    found = session.scalars(query.limit(limit + 1)).all()
    return found[:limit], len(found) > limit


def between(thread_id: UUID, first: int, last: int, *, with_history: bool = False) -> Sequence[Message]:
    """The messages of some places in a thread, as `of_thread` orders them."""
    query = select(Message).where(Message.thread_id == thread_id, Message.sequence_index.between(first, last))
    if not with_history:
        query = query.where(Message.superseded_by.is_(None))
    return session.scalars(query.order_by(Message.sequence_index, Message.created, Message.id)).all()


def versions(thread_id: UUID, first: int, last: int) -> dict[int, list[UUID]]:
    """By place, oldest first, the versions of the messages between two places that have more than one."""
    found: dict[int, list[UUID]] = {}
    for index, message_id in VERSIONS.rows(thread=thread_id, first=first, last=last):
        found.setdefault(index, []).append(message_id)
    return {index: ids for index, ids in found.items() if len(ids) > 1}


def get_own(user: User, message_id: UUID) -> Message:
    """A message of one's own thread, whatever its version. Raises NotFound."""
    message = get(message_id)
    if message is None or message.user_id != user.id:
        raise NotFound("message")
    threads.get_own(user, message.thread_id)
    return message


def exchange(message: Message) -> list[Message]:
    """The message with the one it belongs to: the question that was answered, the newest answer to that question."""
    if message.role == Role.ASSISTANT:
        turn = session.get(Turn, message.turn_id) if message.turn_id else None
        question = get(turn.input_message_id) if turn else None
        return [question, message] if question else [message]
    answer = session.scalar(
        select(Message)
        .join(Turn, Turn.id == Message.turn_id)
        .where(Turn.thread_id == message.thread_id, Turn.input_message_id == message.id, Message.role == Role.ASSISTANT)
        .order_by(Message.created.desc(), Message.id.desc())
        .limit(1)
    )
    return [message, answer] if answer else [message]


def list_visible(
    user: User,
    *,
    thread_id: UUID | None = None,
    with_history: bool = False,
    is_flagged: bool | None = None,
    feedback_score: bool | None = None,
) -> Sequence[Message]:
    """Messages of one's own threads; for staff and support of everybody's. An unknown thread gives none."""
    query = select(Message)
    if not (user.is_staff or user.is_support):
        query = query.where(Message.thread_id.in_(select(Thread.id).where(Thread.user_id == user.id)))
    if thread_id is not None:
        query = query.where(Message.thread_id == thread_id)
    if not with_history:
        query = query.where(Message.superseded_by.is_(None))
    if is_flagged is not None:
        query = query.where(Message.is_flagged.is_(is_flagged))
    if feedback_score is not None:
        query = query.where(Message.feedback_score.is_(feedback_score))
    return session.scalars(query.order_by(Message.sequence_index, Message.created, Message.id)).all()


def get(message_id: UUID) -> Message | None:
    return prepared.get(Message, message_id)


def current(thread_id: UUID, role: Role) -> Message | None:
    """The latest message of that role that nothing has replaced."""
    return session.scalar(
        select(Message)
        .where(Message.thread_id == thread_id, Message.role == role, Message.superseded_by.is_(None))
        .order_by(Message.sequence_index.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
