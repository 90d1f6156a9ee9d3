"""Who makes and removes what is ordered: the interface of a cloud, and the one that is built in.

To put a real cloud behind an offering: a class of the `Driver` shape, an entry in `_DRIVERS`, and its name as the
offering's driver. An order is one `Work`, which is handed over again and again until its `Progress` is done. Each call
does one step of less than a minute and must be able to come twice: a process may die before it has stored what a step
brought, and another takes the same step again. Whatever a step has to know of earlier ones is in `memory`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Protocol
from uuid import UUID

from chatapp import config


@dataclass(frozen=True, slots=True)
class Work:
    """An order as a driver sees it. `wish` is the draft that was ordered, `details` what the resource has so far."""

    order_id: UUID
    resource_id: UUID
    name: str
    offering: str
    wish: Mapping[str, Any]
    details: Mapping[str, Any]
    memory: Mapping[str, Any]
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step brought. `text` and `percent` are shown; the next step comes after `pause` seconds unless `is_done`.

    `details` become part of the resource's, `memory` is what the next step is given.
    """

    text: str
    percent: int
    is_done: bool = False
    pause: float = 0.0
    memory: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


class DriverError(Exception):
    """The order cannot be fulfilled; `str(error)` is fit for its users. Any other exception is tried again."""


class Driver(Protocol):
    def create(self, work: Work) -> Progress:
        """Take the next step of making the resource. Raises DriverError."""

    def terminate(self, work: Work) -> Progress:
        """Take the next step of removing it. Raises DriverError."""


class Demo:
    """A cloud that only looks like one. What has a name beginning with `fail-` fails half way."""

    CREATING = ("Capacity is reserved", "The image is copied", "It starts", "Network and keys are set up")
    TERMINATING = ("It shuts down", "Volumes are deleted")

    def create(self, work: Work) -> Progress:
        done = int(work.memory.get("steps", 0))
        if done == 2 and work.name.lower().startswith("fail-"):
            raise DriverError("No host has enough room for it. Try a smaller flavor.")
        return self._step(self.CREATING, done, {"address": _address(work.resource_id)})

    def terminate(self, work: Work) -> Progress:
        return self._step(self.TERMINATING, int(work.memory.get("steps", 0)), {})

    def _step(self, steps: tuple[str, ...], done: int, details: Mapping[str, Any]) -> Progress:
        if done >= len(steps):
            return Progress("Done", 100, is_done=True, details=details)
        percent = round(100 * (done + 1) / (len(steps) + 1))
        return Progress(steps[done], percent, pause=config.current().demo_cloud_pace, memory={"steps": done + 1})


def choose(name: str) -> Driver:
    """Raises DriverError for a name that no driver has."""
    make = _DRIVERS.get(name)
    if make is None:
        raise DriverError("Nobody here can provision this offering.")
    return make()


def names() -> tuple[str, ...]:
    """Every driver there is."""
    return tuple(_DRIVERS)


def _address(resource_id: UUID) -> str:
    """Always the same for a resource, in a net that is for examples only (RFC 2544)."""
    return str(IPv4Address("198.18.0.0") + resource_id.int % 2**17)


_DRIVERS: dict[str, Callable[[], Driver]] = {"demo": Demo}
