"""Names for conversations, made beside the first answer and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import update

from chatapp import providers
from chatapp.core import prompts, quotas, threads
from chatapp.db import now, release, session, transaction
from chatapp.errors import ModelUnavailable
from chatapp.models import Thread, User
from chatapp.providers import ModelMessage, ModelRequest, Provider, ProviderError, Text, TextPart, UsageSoFar
from chatapp.values import Role, Usage

logger = structlog.get_logger(__name__)

MAX_LENGTH = threads.NAME_LENGTH
SOURCE_LENGTH = 500
DICTATED_TOKENS = 500  # far more than a name needs, far less than an answer may cost
QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb\u201e"


def clean(text: str) -> str:
    """White space and surrounding quotes stripped, one line, at most 150 characters."""
    line = " ".join(text.replace("\x00", "").split())
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
            with self._context():
                give_up(self._thread_id)
                release()
        except Exception:
            logger.exception("title.failed")
        finally:
            self._done.set()


def dictate(user: User, thread_id: UUID, prompt: str) -> Iterator[str]:
    """The model's answer to `prompt`, in pieces; complete, it becomes the name of the user's own thread.

    Raises QuotaExceeded, QuotaMisconfigured, CapacityExceeded, NotFound, ModelUnavailable; iterating it raises
    ProviderError and needs an application context.
    """
    provider = providers.choose()
    if provider is None:
        raise ModelUnavailable("No language model is configured.")
    with transaction():
        quotas.check(user)
        quotas.admit()
        thread = threads.get_own(user, thread_id)
    system = prompts.assemble(user, thread, now(), "UTC")
    question = ModelMessage(Role.USER, (TextPart(prompt),))
    return _dictation(provider, ModelRequest(system, (question,), max_tokens=DICTATED_TOKENS), thread_id)


def _dictation(provider: Provider, request: ModelRequest, thread_id: UUID) -> Iterator[str]:
    pieces: list[str] = []
    usage, title = Usage(), ""
    stream = provider.stream(request)
    try:
        for event in stream:
            match event:
                case Text(delta=delta):
                    pieces.append(delta)
                    yield delta
                case UsageSoFar(usage=latest):
                    usage = latest
        title = clean("".join(pieces))
    finally:
        stream.close()
        store(thread_id, title, usage, overwrite=True)
        release()


def give_up(thread_id: UUID) -> None:
    """One attempt a thread: later turns make none."""
    with transaction():
        session.execute(update(Thread).where(Thread.id == thread_id).values(title_tried=True))


def store(thread_id: UUID, title: str, usage: Usage, *, overwrite: bool = False) -> str | None:
    """Account the attempt and name the thread. Returns the name if it was set.

    An empty title names nothing; a thread that has a name keeps it unless `overwrite` is true.
    """
    with transaction():
        thread = session.get(Thread, thread_id, with_for_update={"of": Thread}, populate_existing=True)
        if thread is None:
            return None
        threads.note_change(thread.session_id)
        thread.title_tried = True
        thread.title_input_tokens = (thread.title_input_tokens or 0) + usage.input_tokens
        thread.title_output_tokens = (thread.title_output_tokens or 0) + usage.output_tokens
        threads.add_tokens(thread, usage.input_tokens, usage.output_tokens)
        quotas.charge(thread.user_id, usage.input_tokens + usage.output_tokens)
        if not title or (thread.title is not None and not overwrite):
            return None
        thread.title = title
        thread.modified = now()
    return title
