"""People, conversations and a cloud to look at, made by the real engine with the offline model."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from chatapp import config, demo_cloud
from chatapp.core import accounts, turns
from chatapp.errors import NotFound
from chatapp.models import User
from chatapp.stream.follow import follow
from chatapp.values import Question

PEOPLE = (
    ("ada", "Ada Administrator", True, False),
    ("sam", "Sam Support", False, True),
    ("alice", "Alice Adams", False, False),
    ("bob", "Bob Brown", False, False),
)
CONVERSATIONS = {
    "alice": (
        ("Write a Python function that adds two numbers", "Show me a table of prices"),
        ("Draw a diagram of a login flow",),
        ("Make a plan for a small office move", "Thank you"),
    ),
    "bob": (("Show me a formula",), ("What can you do?",)),
}


def fill() -> Iterator[str]:
    """Create what is not there yet; yields lines that tell what was made."""
    config.use(replace(config.current(), provider="offline", offline_pace=0.0))
    people: dict[str, User] = {}
    for username, full_name, staff, support in PEOPLE:
        user, password = _person(username, full_name, staff, support)
        people[username] = user
        yield f"{username}: password {password}" if password else f"{username}: was there before"
        if password:
            for questions in CONVERSATIONS.get(username, ()):
                _converse(user, questions)
                yield f"  a conversation: {questions[0]}"
    yield from demo_cloud.fill(people["ada"], people)


def _person(username: str, full_name: str, staff: bool, support: bool) -> tuple[User, str | None]:
    """The user, and the password if the user is new."""
    try:
        return accounts.find_user(username), None
    except NotFound:
        password = secrets.token_urlsafe(9)
        email = f"{username}@example.org"
        user = accounts.create_user(username, password, full_name=full_name, email=email, staff=staff, support=support)
        return user, password


def _converse(user: User, questions: tuple[str, ...]) -> None:
    thread_id: UUID | None = None
    for text in questions:
        started = turns.start(Question(user_id=user.id, text=text, thread_id=thread_id))
        thread_id = started.thread.id
        with follow(started.turn.id) as follower:
            while not follower.ended:
                follower.read(1.0)
