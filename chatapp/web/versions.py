"""Which version of a message is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Versions:
    """Where a message stands among the versions of it, counted from 1, and its neighbours among them."""

    number: int
    count: int
    previous: UUID | None
    next: UUID | None

    @classmethod
    def around(cls, message_id: UUID, ids: Sequence[UUID]) -> Versions:
        at = ids.index(message_id)
        return cls(at + 1, len(ids), ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None)

    @property
    def is_past(self) -> bool:
        return self.number < self.count
