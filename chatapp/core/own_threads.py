"""One's own threads as the turns API lists, makes and changes them (turns-api 2.1, 3.1, 3.2, 3.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, literal_column, select, tuple_

from chatapp.core import agents, takeovers, threads
from chatapp.db import now, session, transaction
from chatapp.errors import NotFound
from chatapp.models import Message, Thread, Turn, User
from chatapp.rows import insert
from chatapp.values import TurnStatus

PREVIEW = 140  # characters
# Read for a preview, whose white space counts little: enough for all but the oddest beginnings.
PREVIEW_SOURCE = 2_000
CALLED = (
    select(Message.thread_id, Message.successful_tools)
    .where(
        Message.thread_id.in_(bindparam("threads", expanding=True)),
        Message.successful_tools != literal_column("''"),
        Message.superseded_by.is_(None),
        Message.interrupted.is_(False),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Summary:
    """A thread with what its newest message and its newest turn tell.

    `tools` are those whose calls have succeeded in its completed answers; nothing while another one is written.
    """

    thread: Thread
    preview: str | None
    turn: Turn | None
    tools: frozenset[str]


def page(user: User, after: tuple[datetime, UUID] | None, limit: int) -> tuple[Sequence[Thread], bool]:
    """Threads that are not archived, by latest activity, after a position; and whether there are more."""
    query = select(Thread).where(Thread.user_id == user.id, Thread.archived_at.is_(None))
    if after:
        query = query.where(tuple_(Thread.last_activity_at, Thread.id) < after)
    ordered = query.order_by(Thread.last_activity_at.desc(), Thread.id.desc())
    found = session.scalars(ordered.limit(limit + 1)).all()
    return found[:limit], len(found) > limit


def summaries(found: Sequence[Thread]) -> list[Summary]:
    """Three queries for all of them, none where nothing was asked yet. A turn whose worker is gone is ended first."""
    ids = [thread.id for thread in found if thread.last_index]
    if not ids:
        return [Summary(thread, None, None, frozenset()) for thread in found]
    latest = _latest_turns(ids)
    for turn in latest.values():
        takeovers.reap_if_lost(turn)
    previews, tools = _previews(ids), called_tools(ids)
    answering = {thread_id for thread_id, turn in latest.items() if TurnStatus(turn.status).is_active}
    return [
        Summary(
            thread,
            previews.get(thread.id),
            latest.get(thread.id),
            frozenset() if thread.id in answering else tools.get(thread.id, frozenset()),
        )
        for thread in found
    ]


def create(user: User, values: Mapping[str, Any]) -> Thread:
    """An empty thread with the given columns. Raises Invalid."""
    agents.check_selectable(values.get("agent_spec_id"))
    with transaction():
        thread = threads.new(user)
        for name, value in values.items():
            setattr(thread, name, value)
        insert(thread)
        threads.note_change(thread.session_id)
    return thread


def change(user: User, thread_id: UUID, values: Mapping[str, Any]) -> Thread:
    """Set columns of a thread that is not archived; one that has them already stays as it is. Raises Invalid, NotFound.

    A running answer goes on with what it began with.
    """
    agents.check_selectable(values.get("agent_spec_id"))
    with transaction():
        thread = threads.lock(user.id, thread_id)
        if thread.is_archived:
            raise NotFound("thread")
        changes = {name: value for name, value in values.items() if getattr(thread, name) != value}
        for name, value in changes.items():
            setattr(thread, name, value)
        if changes:
            thread.modified = now()
            threads.note_change(thread.session_id)
    return thread


def _latest_turns(thread_ids: Sequence[UUID]) -> dict[UUID, Turn]:
    of_thread = select(Turn.id).where(Turn.thread_id == Thread.id).order_by(Turn.created.desc(), Turn.id.desc())
    newest = of_thread.limit(1).correlate(Thread).scalar_subquery()
    query = select(Turn).join(Thread, Turn.id == newest).where(Thread.id.in_(thread_ids))
    found = session.scalars(query.execution_options(populate_existing=True))
    return {turn.thread_id: turn for turn in found}


def _previews(thread_ids: Sequence[UUID]) -> dict[UUID, str]:
    of_thread = select(Message.id).where(Message.thread_id == Thread.id, Message.superseded_by.is_(None))
    newest = of_thread.order_by(Message.sequence_index.desc()).limit(1).correlate(Thread).scalar_subquery()
    beginning = func.substr(Message.content, 1, PREVIEW_SOURCE)
    query = select(Message.thread_id, beginning).join(Thread, Message.id == newest).where(Thread.id.in_(thread_ids))
    return {thread_id: preview(text) for thread_id, text in session.execute(query)}


def called_tools(thread_ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """By thread, the tools whose calls have succeeded in its completed answers; only threads that have some."""
    found: dict[UUID, frozenset[str]] = {}
    for thread_id, names in session.connection().execute(CALLED, {"threads": thread_ids}):
        found[thread_id] = found.get(thread_id, frozenset()) | set(names.split(","))
    return found


def preview(text: str) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= PREVIEW else line[:PREVIEW] + "…"
