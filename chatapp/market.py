"""The words of the marketplace as plain values: no database, no HTTP, no clock. Money is in integer cents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class MemberRole(StrEnum):
    """What somebody is in an organization (owner) or in one project (the others)."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    MEMBER = "member"

    @property
    def may_order(self) -> bool:
        return self is not MemberRole.MEMBER


PROJECT_ROLES = (MemberRole.ADMIN, MemberRole.MANAGER, MemberRole.MEMBER)


class OfferingKind(StrEnum):
    """What an order of the offering asks for: a machine has flavor and image, a service only a name."""

    MACHINE = "machine"
    SERVICE = "service"


class OfferingState(StrEnum):
    """Only active ones can be ordered; drafts and archived ones are for staff and support."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class ResourceState(StrEnum):
    """Spelled as the chat API's filters spell them (waldur-chat-api section 4.5)."""

    CREATING = "Creating"
    OK = "OK"
    UPDATING = "Updating"
    PAUSED = "Paused"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"
    ERRED = "Erred"

    @property
    def is_changing(self) -> bool:
        return self in CHANGING


CHANGING = (ResourceState.CREATING, ResourceState.UPDATING, ResourceState.TERMINATING)


class OrderKind(StrEnum):
    CREATE = "create"
    TERMINATE = "terminate"


class OrderState(StrEnum):
    PENDING = "pending"
    EXECUTING = "executing"
    DONE = "done"
    ERRED = "erred"
    CANCELED = "canceled"

    @property
    def is_active(self) -> bool:
        return self in ACTIVE_ORDERS


ACTIVE_ORDERS = (OrderState.PENDING, OrderState.EXECUTING)


class Component(StrEnum):
    """What a project's quota limits and a machine takes of it."""

    CORES = "cores"
    RAM = "ram"  # MiB
    STORAGE = "storage"  # MiB


class MovementKind(StrEnum):
    """Why the balance of a credit changed."""

    GRANT = "grant"
    COMPENSATION = "compensation"
    CORRECTION = "correction"


class InvoiceState(StrEnum):
    """Open ones still grow, issued ones wait to be paid."""

    OPEN = "open"
    ISSUED = "issued"
    PAID = "paid"


def listed(words: type[StrEnum]) -> str:
    """The words as a list in SQL."""
    return ", ".join(f"'{word}'" for word in words)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot be ordered as it is wished. `field` is one of a draft, or quota or credit.

    `code`: missing, unknown, unavailable, forbidden, too_small, too_large, malformed, taken, exceeded.
    """

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wishes to order, as far as it is known. Flavor and image by name, slug or id; sizes in MiB."""

    project_id: UUID | None = None
    project_name: str = ""
    offering_id: UUID | None = None
    flavor: str = ""
    image: str = ""
    name: str = ""
    network_id: UUID | None = None
    ssh_key_name: str = ""
    system_volume_size: int | None = None
    security_groups: tuple[str, ...] = ()
    user_data: str = ""

    def as_json(self) -> Mapping[str, Any]:
        """What was wished for, without what was left open."""
        given = {name: value for name, value in asdict(self).items() if value not in (None, "", ())}
        return {name: str(value) if isinstance(value, UUID) else value for name, value in given.items()}
