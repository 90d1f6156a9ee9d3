"""Names for conversations, made beside the first answer and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, update

from chatapp.db import now, release, session, transaction
from chatapp.models import Thread
from chatapp.providers import Provider, ProviderError
from chatapp.values import Usage

logger = structlog.get_logger(__name__)

MAX_LENGTH = 150
SOURCE_LENGTH = 500
QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb\u201e"


def clean(text: str) -> str:
    """White space and surrounding quotes stripped, one line, at most 150 characters."""
    line = " ".join(text.split())
    return line.strip(QUOTES + " ")[:MAX_LENGTH].strip()


class Titler:
    """One attempt at a title for one thread, in the background."""

    def __init__(
        self, provider: Provider, thread_id: UUID, text: str, context: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self._provider = provider
        self._thread_id = thread_id
        self._text = text[:SOURCE_LENGTH]
        self._context = context
        self._done = threading.Event()
        self._started = False
        self._title: str | None = None

    def start(self) -> None:
        if not self._started:
            self._started = True
            threading.Thread(target=self._run, name="titler", daemon=True).start()

    def wait(self, timeout: float) -> str | None:
        """The title that was stored, if there is one in time."""
        if self._started:
            self._done.wait(timeout)
        return self._title

    def _run(self) -> None:
        try:
            text, usage = self._provider.title(self._text)
            with self._context():
                self._title = store(self._thread_id, clean(text), usage)
                release()
        except ProviderError as error:
            logger.info("title.failed", code=error.failure.code, detail=error.detail)
        except Exception:
            logger.exception("title.failed")
        finally:
            self._done.set()


def store(thread_id: UUID, title: str, usage: Usage) -> str | None:
    """Account the attempt and name the thread, unless it has a name or `title` is empty. Returns the name if set."""
    with transaction():
        session.execute(
            update(Thread)
            .where(Thread.id == thread_id)
            .values(
                title_tried=True,
                title_input_tokens=func.coalesce(Thread.title_input_tokens, 0) + usage.input_tokens,
                title_output_tokens=func.coalesce(Thread.title_output_tokens, 0) + usage.output_tokens,
            )
        )
        if not title:
            return None
        named = session.execute(
            update(Thread).where(Thread.id == thread_id, Thread.title.is_(None)).values(title=title, modified=now())
        )
    return title if named.rowcount else None  # type: ignore[attr-defined]
