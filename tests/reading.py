"""Reasons for reading other people's conversations, given without a page."""

from __future__ import annotations

from uuid import UUID

from chatapp.core import readings
from chatapp.db import session
from chatapp.models import Flag, Turn
from tests.people import Person


def explained(reader: Person, thread_id: UUID | None) -> None:
    """From now on the thread is open for this reader."""
    assert thread_id
    readings.explain(reader.user, thread_id, "quality")


def explained_turn(reader: Person, turn_id: UUID) -> None:
    explained(reader, session.get_one(Turn, turn_id).thread_id)


def explained_flag(reader: Person, flag_id: UUID) -> None:
    explained(reader, session.get_one(Flag, flag_id).thread_id)
