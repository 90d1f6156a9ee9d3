"""What tests do with the engine: ask, follow, look at what is stored."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from chatapp.core import context, messages, turns
from chatapp.core.starting import Started
from chatapp.db import release, session
from chatapp.models import Message, Thread, Turn, User
from chatapp.providers import ModelRequest, TextPart
from chatapp.stream.follow import Follower, follow
from chatapp.values import Event, Question
from tests.people import Person
from tests.stream import grammar
from tests.stream.grammar import Story

PATIENCE = 60.0  # seconds, for machines that do other things as well
Row = TypeVar("Row")


def ask(person: Person, text: str = "", thread: Thread | UUID | None = None, **wish: Any) -> Started:
    thread_id = thread.id if isinstance(thread, Thread) else thread
    release()
    return turns.start(Question(person.id, text, thread_id, **wish))


def read_on(follower: Follower, until: Callable[[list[Event]], bool] = lambda events: False) -> list[Event]:
    """The follower's events up to the end of the turn, or until `until` is true of them."""
    events: list[Event] = []
    deadline = monotonic() + PATIENCE
    while not follower.ended and not until(events):
        assert monotonic() < deadline, f"the turn goes on after {len(events)} events: {events[-3:]}"
        events += follower.read(timeout=0.5)
    return events


def events_of(turn: Turn | UUID, after: int = 0) -> list[Event]:
    """What a reader of the turn is given, to its end."""
    release()
    with follow(turn.id if isinstance(turn, Turn) else turn, after) as follower:
        return read_on(follower)


def wait_for_text(turn: Turn | UUID, text: str) -> None:
    """Wait until a reader has been shown `text`."""
    release()
    with follow(turn.id if isinstance(turn, Turn) else turn) as follower:
        events = read_on(follower, lambda events: text in shown(events))
    assert text in shown(events), f"the turn ended without {text!r}: {shown(events)!r}"


def shown(events: Sequence[Event]) -> str:
    return "".join(event.data["delta"] for event in events if event.type == "text-delta")


def story_of(turn: Turn | UUID) -> Story:
    """The turn's whole stream, checked: its grammar, and against what is stored."""
    story = grammar.check(events_of(turn))
    stored = fresh(Turn, UUID(story.turn["id"]))
    assert stored.status == story.status
    assert story.turn["usage"] is not None
    message = session.get(Message, stored.answer_id)
    assert story.start["messageId"] == str(stored.answer_id)
    assert story.turn["outputMessageId"] == (str(message.id) if message else None)
    if message:
        assert message.interrupted == (story.status != "completed")
        assert story.content.startswith(message.content)
        if story.status != "cancelled":
            assert story.content == message.content
    else:
        assert story.status == "cancelled" or not story.content.strip()
    return story


def request_of(started: Started) -> ModelRequest:
    """The turn's first model call."""
    release()
    turn = session.get_one(Turn, started.turn.id)
    asker, thread = session.get_one(User, turn.user_id), session.get_one(Thread, turn.thread_id)
    return context.build(asker, thread, turn, session.get_one(Message, turn.input_message_id))


def shown_to_model(started: Started) -> list[str]:
    """The texts of the turn's first model call, the instructions left out."""
    return [
        part.text for message in request_of(started).messages for part in message.parts if isinstance(part, TextPart)
    ]


def fresh(model: type[Row], key: UUID) -> Row:
    release()
    return session.get_one(model, key)


def trace_of(turn_id: UUID) -> dict[str, Any]:
    """What has been noted of the turn beside its log."""
    release()
    return session.scalar(select(Turn.trace).where(Turn.id == turn_id)) or {}


def visible(thread: Thread, *, with_history: bool = False) -> Sequence[Message]:
    release()
    return messages.of_thread(thread.id, with_history=with_history)


def texts(thread: Thread) -> list[str]:
    return [message.content for message in visible(thread)]


def at_once(app: Flask, *calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in as many threads, begun together. Their results in order; exceptions are results too."""
    results: list[Any] = [None] * len(calls)
    ready = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], Any]) -> None:
        with app.app_context(), contextlib.ExitStack() as stack:
            stack.callback(release)
            ready.wait(PATIENCE)
            try:
                results[number] = call()
            except Exception as error:  # noqa: BLE001 - the caller looks at it
                results[number] = error

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread hangs"
    return results
