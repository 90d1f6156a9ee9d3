"""Names for conversations, made beside the first answer and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from chatapp import providers
from chatapp.core import prompt_choice, prompts, quotas, refusals, screening, threads
from chatapp.core.screening import Screened
from chatapp.db import now, release, rest, transaction
from chatapp.errors import ModelUnavailable
from chatapp.guards.shield import Shield
from chatapp.models import Thread, User
from chatapp.providers import ModelMessage, ModelRequest, Provider, ProviderError, Text, TextPart, UsageSoFar
from chatapp.values import Role, Usage

logger = structlog.get_logger(__name__)

MAX_LENGTH = threads.NAME_LENGTH
SOURCE_LENGTH = 500
OPENING_WORDS = 6
DICTATED_TOKENS = 500  # far more than a name needs, far less than an answer may cost
QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb\u201e"


def clean(text: str) -> str:
    """White space and surrounding quotes stripped, one line, at most 150 characters."""
    line = " ".join(text.replace("\x00", "").split())
    return line.strip(QUOTES + " ")[:MAX_LENGTH].strip()


def opening(text: str) -> str:
    """A name made from the first words, without a model."""
    return clean(" ".join(text.split()[:OPENING_WORDS]))


@dataclass(frozen=True, slots=True)
class Dictation:
    """A name that a user has a model write: what the user is told first, and the model's words as they come."""

    warning: str
    pieces: Iterator[str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What asking for a name has brought and cost. There is one attempt a thread, whatever comes of it."""

    title: str = ""
    usage: Usage = Usage()


class Titler:
    """One attempt at a title for one thread, in the background.

    Whoever ends the first turn stores it with the ending; when it comes too late for that, it is stored by itself.
    """

    def __init__(
        self, provider: Provider, thread_id: UUID, text: str, context: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self._provider = provider
        self._thread_id = thread_id
        self._text = text[:SOURCE_LENGTH]
        self._context = context
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._started = False
        self._attempt: Attempt | None = None
        self._late = False

    def start(self) -> None:
        if not self._started:
            self._started = True
            threading.Thread(target=self._run, name="titler", daemon=True).start()

    def take(self, timeout: float) -> Attempt | None:
        """The attempt, if it is made in time: from here on it is the caller's to store."""
        if self._started:
            self._done.wait(timeout)
        with self._lock:
            attempt, self._attempt = self._attempt, None
            self._late = True
        return attempt

    def finish(self, timeout: float) -> None:
        """Nobody takes the attempt any more. An orderly stop waits for what is still under way."""
        attempt = self.take(0)
        if attempt:
            self._store(attempt)
        elif self._started:
            self._done.wait(timeout)

    def _run(self) -> None:
        try:
            attempt = self._ask()
            with self._lock:
                late = self._late
                self._attempt = None if late else attempt
            if late:
                self._store(attempt)
        except Exception:
            logger.exception("title.failed")
        finally:
            self._done.set()

    def _ask(self) -> Attempt:
        try:
            text, usage = self._provider.title(self._text)
        except ProviderError as error:
            logger.info("title.failed", code=error.failure.code, detail=error.detail)
            return Attempt()
        return Attempt(clean(text), usage)

    def _store(self, attempt: Attempt) -> None:
        with self._context():
            store(self._thread_id, attempt)
            release()


def dictate(user: User, thread_id: UUID, prompt: str) -> Dictation:
    """The model's answer to `prompt`, in pieces; complete, it becomes the name of the user's own thread.

    The guards apply (waldur section 6): a refused prompt names nothing, and the answer to it is a refusal. Raises
    QuotaExceeded, QuotaMisconfigured, CapacityExceeded, NotFound, ModelUnavailable; iterating the pieces raises
    ProviderError and needs an application context.
    """
    provider = providers.choose()
    if provider is None:
        raise ModelUnavailable("No language model is configured.")
    rest()  # the guards hold no connection
    screened = screening.screen(prompt)
    with transaction():
        quotas.check(user)
        quotas.admit()
        thread = threads.get_own(user, thread_id)
        screening.audit(screened.verdict, user.id, thread_id)
    if screened.asked is None:
        return Dictation(screened.warning, iter((refusals.FIXED,)))
    system = prompts.assemble(user, thread, now(), "UTC", prompt_choice.in_force(thread))
    question = ModelMessage(Role.USER, (TextPart(screened.asked),))
    own = thread.system_prompt or ""
    request = ModelRequest(system, (question,), max_tokens=DICTATED_TOKENS, own_instructions=own)
    return Dictation(screened.warning, _dictation(provider, request, thread_id, screened))


def _dictation(provider: Provider, request: ModelRequest, thread_id: UUID, screened: Screened) -> Iterator[str]:
    pieces: list[str] = []
    told = (request.system, request.own_instructions, screened.text)
    shield = Shield(lambda: told, request.system, screened.withheld)
    usage, title = Usage(), ""
    stream = provider.stream(request)
    try:
        for event in stream:
            match event:
                case Text(delta=delta):
                    pieces.append(shield.feed(delta))
                    yield pieces[-1]
                case UsageSoFar(usage=latest):
                    usage = latest
        pieces.append(shield.flush())
        yield pieces[-1]
        title = clean("".join(pieces))
    except ProviderError:
        yield shield.flush()
        raise
    finally:
        stream.close()
        store(thread_id, Attempt(title, usage), overwrite=True)
        release()


def store(thread_id: UUID, attempt: Attempt, *, overwrite: bool = False) -> str | None:
    """Account the attempt and name the thread. Returns the name if it was set."""
    with transaction():
        thread = threads.locked(thread_id)
        if thread is None:
            return None
        threads.note_change(thread.session_id)
        quotas.charge(thread.user_id, attempt.usage.total_tokens)
        return apply(thread, attempt, overwrite=overwrite)


def apply(thread: Thread, attempt: Attempt, *, overwrite: bool = False) -> str | None:
    """The attempt on a thread that the caller has locked, and charges for. Returns the name if it was set.

    An empty title names nothing; a thread that has a name keeps it unless `overwrite` is true.
    """
    thread.title_tried = True
    usage = attempt.usage
    if usage != Usage():
        thread.title_input_tokens = (thread.title_input_tokens or 0) + usage.input_tokens
        thread.title_output_tokens = (thread.title_output_tokens or 0) + usage.output_tokens
        threads.add_tokens(thread, usage.input_tokens, usage.output_tokens)
    if not attempt.title or (thread.title is not None and not overwrite):
        return None
    thread.title = attempt.title
    thread.modified = now()
    return attempt.title
