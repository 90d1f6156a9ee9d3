"""Where the blocks of an answer are shown, and so what can be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

READ_ONLY_REASON = "This can be used only while the conversation is open for writing."
GONE_ON = "The conversation has gone on."


@dataclass(frozen=True, slots=True)
class Situation:
    """`message_id`: forms may be sent from this message. Otherwise nothing can be used, and `reason` says why.

    `is_over`: something has been said since, namely `reply`. `is_own`: its reader is the one who talks here, so details
    of calls and links to their things are shown. `fetches`: live data may be asked for.
    """

    message_id: UUID | None = None
    reason: str = READ_ONLY_REASON
    is_over: bool = False
    reply: str = ""
    is_own: bool = False
    fetches: bool = False

    @property
    def is_open(self) -> bool:
        return self.message_id is not None

    @classmethod
    def open(cls, message_id: UUID) -> Situation:
        return cls(message_id, "", is_own=True, fetches=True)

    @classmethod
    def over(cls, reply: str = "") -> Situation:
        return cls(reason=GONE_ON, is_over=True, reply=reply, is_own=True, fetches=True)

    @classmethod
    def closed(cls, reason: str) -> Situation:
        """One's own, but nothing can be done with it."""
        return cls(reason=reason, is_own=True, fetches=True)


READ_ONLY = Situation()
PAST = Situation.closed("This is a past version of the answer.")
ARCHIVED = Situation.closed("This conversation is archived. Unarchive it to go on.")
WRITING = Situation(reason="This can be used when the answer is complete.", is_own=True)
