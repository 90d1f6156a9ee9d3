"""Whether this process can answer questions."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chatapp.core import executors
from chatapp.db import release, session


def problems() -> dict[str, str]:
    """What keeps this process from answering, by the part that fails; empty when nothing does."""
    found = {}
    try:
        session.execute(text("select 1"))
    except SQLAlchemyError as error:
        found["database"] = type(error).__name__
    finally:
        release()
    if not executors.accepts():
        found["server"] = "is being stopped"
    return found
