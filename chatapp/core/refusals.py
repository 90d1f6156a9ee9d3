"""Saying no to a refused question: by a model that never sees it, or in fixed words (waldur 7.2)."""

from __future__ import annotations

from chatapp.core import context
from chatapp.models import Message, Thread, Turn, User
from chatapp.providers import DECLINE, ModelRequest

FIXED = (
    "That is something I cannot do here. I can answer questions, explain and summarise, write and improve text and "
    "code, and draw tables and diagrams. Ask me for any of it."
)


def request(asker: User, thread: Thread, turn: Turn, question: Message) -> ModelRequest | None:
    """The model call that declines, from the earlier conversation alone; None without one: then FIXED is the answer."""
    asked = context.build(asker, thread, turn, question, DECLINE)
    return asked if len(asked.messages) > 1 else None
