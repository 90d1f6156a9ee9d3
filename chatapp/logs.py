"""Logs: one line an event, never the content of a conversation."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import structlog
from sqlalchemy.exc import DBAPIError
from structlog.typing import ExcInfo

from chatapp.config import Settings

# What the system says about files and connections. Any other message may quote what somebody has said.
HARMLESS = (OSError, ImportError, MemoryError, RecursionError)


def configure(settings: Settings) -> None:
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.basicConfig(level=level, format="%(message)s")
    # It says which parts of itself Alembic has loaded, whenever somebody looks at the revision.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_told),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _told(exc_info: ExcInfo) -> str:
    """Where an exception comes from, and those it comes from; of their messages those that quote nobody."""
    return "\n".join("".join(traceback.format_tb(error.__traceback__)) + _name(error) for error in _chain(exc_info[1]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The first one first, as tracebacks are read."""
    if error is None:
        return
    yield from _chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    yield error


def _name(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, DBAPIError):
        return f"{name}: {_database_says(error.orig)}"
    return f"{name}: {error}" if isinstance(error, HARMLESS) else name


def _database_says(error: BaseException | None) -> str:
    """Its message without the details, in which PostgreSQL quotes the row."""
    diagnosis = getattr(error, "diag", None)
    words = diagnosis.message_primary if diagnosis else None
    return str(words or error).partition("\n")[0]
