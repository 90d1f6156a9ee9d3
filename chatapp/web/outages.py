"""What no view expects: the database is away in the middle of a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from flask import request

from chatapp.db import is_outage
from chatapp.errors import DatabaseAway

logger = structlog.get_logger(__name__)


def outage(error: Exception) -> DatabaseAway | None:
    """What to tell the caller when `error` says that the database is away; None for every other error."""
    if not is_outage(error):
        return None
    logger.warning("database.away", method=request.method, endpoint=request.endpoint, error=type(error).__name__)
    return DatabaseAway()


@contextmanager
def told() -> Iterator[None]:
    """Raises DatabaseAway in place of the driver's error: for what is asked before any view, where no handler is."""
    try:
        yield
    except Exception as error:
        if away := outage(error):
            raise away from error
        raise
