"""What can go wrong in the domain. No HTTP here: each dialect maps these to its own wire shape in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from chatapp.market import Problem


class ChatError(Exception):
    """Base of every error that a caller is told about. `str(error)` is fit for end users."""


class NotFound(ChatError):
    """The object does not exist for this caller. `what` is one word: thread, message, turn, user."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what.capitalize()} not found.")
        self.what = what


class ReasonNeeded(ChatError):
    """Somebody else's conversation is read only by those who have said why."""

    def __init__(self, thread_id: UUID) -> None:
        super().__init__("Say first why you read this conversation.")
        self.thread_id = thread_id


class Invalid(ChatError):
    """A value that parsed but cannot be used. `field` names it in the domain's words; None is the whole request.
    `index` tells which one of several values."""

    def __init__(self, message: str, field: str | None = None, index: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.index = index


class TurnActive(ChatError):
    """The thread, or the concurrency key, already has an active turn."""

    def __init__(self, turn_id: UUID) -> None:
        super().__init__("An answer is still being written in this conversation.")
        self.turn_id = turn_id


class ApprovalNotPending(ChatError):
    """The approval has been decided, or its turn waits no longer. `status`: approved, denied."""

    def __init__(self, status: str) -> None:
        super().__init__("This has been decided already.")
        self.status = status


class AlreadyAnswered(ChatError):
    """A form or an order in an answer was used before, or something has been said since."""


class ToolRefused(ChatError):
    """A tool does not do this for this caller."""


class TooManyTurns(ChatError):
    """The caller has as many active turns as allowed."""


class NothingToReload(ChatError):
    """Reload was asked in a thread without messages."""


class Conflict(ChatError):
    """The request does not fit the state of things. `code` is a machine word, `details` what else callers are told."""

    def __init__(self, code: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


class KeyReused(ChatError):
    """An idempotency key came back with other content."""


class ModelUnavailable(ChatError):
    """No language model is configured."""


class ShuttingDown(ChatError):
    """This process no longer takes new turns."""


class DatabaseAway(ChatError):
    """The database cannot be reached, or cannot go on. Nothing was wrong with what was asked."""

    def __init__(self) -> None:
        super().__init__("The database cannot be reached at the moment. Please try again shortly.")


class Unauthenticated(ChatError):
    """The credential is unknown, expired or revoked."""


class TooManyAttempts(ChatError):
    """Signing in has failed too often, with this name or from this address, until `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("Signing in has failed too often. Please wait some minutes.")
        self.retry_at = retry_at


class Forbidden(ChatError):
    """The caller's role does not allow this."""


class OnlyReads(Forbidden):
    """The token that came with the request is not good for changing anything."""


class FeatureDisabled(ChatError):
    """The assistant is switched off."""


class Inactive(ChatError):
    """The account is disabled."""


class QuotaExceeded(ChatError):
    """The user's tokens of a period (daily, weekly, monthly) are used up until `reset_at`."""

    def __init__(self, period: str, reset_at: datetime) -> None:
        super().__init__(f"{period.capitalize()} token limit exceeded.")
        self.period = period
        self.reset_at = reset_at


class QuotaMisconfigured(ChatError):
    """A configured limit is not a number from -1 up."""


class CapacityExceeded(ChatError):
    """The whole site is at its capacity until `reset_at`. `code` says which."""

    def __init__(self, code: str, reset_at: datetime) -> None:
        super().__init__("The assistant is at its capacity. Please try again later.")
        self.code = code
        self.reset_at = reset_at


class TooLarge(ChatError):
    """A file has more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"A file may have at most {limit // 1024**2 or 1} MB.")
        self.limit = limit


class StorageFull(ChatError):
    """The caller keeps as many files as allowed."""


class UnsupportedType(ChatError):
    """Files of this type are not taken."""


class OrderRefused(ChatError):
    """What was asked for cannot be ordered; `problems` say why, each with its field."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class BadFile(ChatError):
    """A file that cannot be imported; `faults` say where and why, a line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class BadValues(ChatError):
    """A form that cannot be stored; `errors` say of each field what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class BadInputs(ChatError):
    """Inputs that do not fit; `faults` are where, from the outside in, and why."""

    def __init__(self, faults: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
        super().__init__(" ".join(message for _, message in faults))
        self.faults = tuple(faults)


class InUse(ChatError):
    """Something cannot be deleted, or changed in this way, as long as others need it."""
