"""Whether something can be ordered as it is wished, and what is missing or wrong otherwise. Reads only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from chatapp.db import session
from chatapp.errors import Invalid, NotFound
from chatapp.market import Component, Draft, OfferingKind, OfferingState, Problem
from chatapp.marketplace import access, catalogue, credits, organizations
from chatapp.marketplace.resources import LIVING
from chatapp.models import Flavor, Image, Network, Offering, Project, Resource, SshKey, User

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
SERVICE_NAME = re.compile(r"\S(.{0,148}\S)?")
MIN_VOLUME = 1024  # MiB
MAX_VOLUME = 16 * 1024 * 1024
MAX_USER_DATA = 16_000


class Named(Protocol):
    id: UUID
    slug: str
    name: str


N = TypeVar("N", bound=Named)


@dataclass(frozen=True, slots=True)
class Plan:
    """A draft with what it names; whatever is None is missing or unknown, and then `problems` say so.

    `volume` is the system volume in MiB, `price` cents a month.
    """

    draft: Draft
    project: Project | None
    offering: Offering | None
    flavor: Flavor | None
    image: Image | None
    network: Network | None
    ssh_key: SshKey | None
    volume: int
    price: int
    problems: Sequence[Problem]

    @property
    def can_be_ordered(self) -> bool:
        return not self.problems

    @property
    def takes(self) -> dict[Component, int]:
        """What it takes of the project's quota."""
        if self.flavor is None:
            return {}
        return {Component.CORES: self.flavor.cores, Component.RAM: self.flavor.ram, Component.STORAGE: self.volume}


class _Check:
    """Looks one thing up after the other and gathers what is wrong."""

    def __init__(self, user: User, draft: Draft) -> None:
        self.user, self.draft = user, draft
        self.problems: list[Problem] = []

    def no(self, field: str, code: str, message: str) -> None:
        self.problems.append(Problem(field, code, message))

    def project(self) -> Project | None:
        try:
            found = project_of(self.user, self.draft)
        except Invalid as error:
            self.no("project", "missing", str(error))
            return None
        except NotFound:
            self.no("project", "unknown", "There is no such project.")
            return None
        if not access.may_order(self.user, found.id):
            self.no("project", "forbidden", f"You may look at the project {found.name} but not order in it.")
        return found

    def offering(self) -> Offering | None:
        if not self.draft.offering_id:
            self.no("offering", "missing", "Choose an offering.")
            return None
        try:
            found = catalogue.get(self.user, self.draft.offering_id).offering
        except NotFound:
            self.no("offering", "unknown", "There is no such offering.")
            return None
        if found.state != OfferingState.ACTIVE:
            self.no("offering", "unavailable", f"{found.name} cannot be ordered at the moment.")
        return found

    def one_of(self, field: str, wanted: str, options: Sequence[N]) -> N | None:
        """The option of that id, slug or name."""
        if not wanted.strip():
            self.no(field, "missing", f"Choose {'an' if field == 'image' else 'a'} {field}.")
            return None
        text = wanted.strip().lower()
        for matches in (lambda o: str(o.id) == text, lambda o: o.slug == text, lambda o: o.name.lower() == text):
            if found := next(filter(matches, options), None):
                return found
        names = ", ".join(option.name for option in options) or "none"
        self.no(field, "unknown", f"There is no {field} {wanted}. There are: {names}.")
        return None

    def network(self, options: Sequence[Network]) -> Network | None:
        if not self.draft.network_id:
            return next((network for network in options if network.is_default), None)
        found = next((network for network in options if network.id == self.draft.network_id), None)
        if found is None:
            self.no("network", "unknown", "There is no such network in this offering.")
        return found

    def ssh_key(self) -> SshKey | None:
        if not (name := self.draft.ssh_key_name.strip()):
            return None
        mine = select(SshKey).where(SshKey.user_id == self.user.id, func.lower(SshKey.name) == name.lower())
        found = session.scalars(mine.limit(1)).first()
        if found is None:
            self.no("ssh_key_name", "unknown", f"You have no SSH key {name}.")
        return found

    def name(self, project: Project | None, kind: str) -> None:
        name = self.draft.name.strip()
        if not name:
            self.no("name", "missing", "Give it a name.")
            return
        if kind == OfferingKind.MACHINE and not HOST_NAME.fullmatch(name):
            rule = "The name of a machine has 1 to 63 letters, digits and hyphens, and no hyphen at its ends."
            self.no("name", "malformed", rule)
            return
        if not SERVICE_NAME.fullmatch(name):
            self.no("name", "malformed", "A name has 1 to 150 characters in one line.")
            return
        taken = select(Resource.id).where(func.lower(Resource.name) == name.lower(), Resource.state.in_(LIVING))
        if project and session.scalar(taken.where(Resource.project_id == project.id).limit(1)):
            self.no("name", "taken", f"The project {project.name} has something called {name} already.")

    def sizes(self, flavor: Flavor | None, image: Image | None, volume: int) -> None:
        if flavor and image and flavor.ram < image.min_ram:
            needs, has = gibibytes(image.min_ram), gibibytes(flavor.ram)
            self.no("flavor", "too_small", f"{image.name} needs {needs} of memory; {flavor.name} has {has}.")
        if image and volume < image.min_disk:
            needs, has = gibibytes(image.min_disk), gibibytes(volume)
            self.no("system_volume_size", "too_small", f"{image.name} needs a volume of {needs}, not {has}.")
        elif volume < MIN_VOLUME:
            self.no("system_volume_size", "too_small", f"A system volume has at least {gibibytes(MIN_VOLUME)}.")
        elif volume > MAX_VOLUME:
            self.no("system_volume_size", "too_large", f"A system volume has at most {gibibytes(MAX_VOLUME)}.")
        if len(self.draft.user_data) > MAX_USER_DATA:
            self.no("user_data", "too_large", f"User data has at most {MAX_USER_DATA} characters.")

    def quota(self, project: Project, takes: dict[Component, int]) -> None:
        for view in organizations.quotas_of([project.id])[project.id]:
            needed = takes.get(view.component, 0)
            if view.left is not None and needed > view.left:
                needs, left = amount(view.component, needed), amount(view.component, view.left)
                text = f"{needs} of {view.component} needed, {left} left in the quota of {project.name}."
                self.no("quota", "exceeded", text)

    def credit(self, project: Project, price: int) -> None:
        balance = credits.balance_to_order(project.id)
        if balance is not None and balance < max(price, 1):
            self.no("credit", "exceeded", f"The credit of {project.name} does not cover a month of this.")


def project_of(user: User, draft: Draft) -> Project:
    """The project that the draft names by id or name. Raises NotFound, Invalid when it names none or several."""
    if draft.project_id:
        return organizations.get_project(user, draft.project_id)
    if draft.project_name.strip():
        return organizations.find_project(user, draft.project_name)
    raise Invalid("Choose a project.", "project")


def check(user: User, draft: Draft) -> Plan:
    """What the draft comes to for this user, and every problem with it."""
    look = _Check(user, draft)
    project, offering = look.project(), look.offering()
    flavor = image = network = None
    volume = 0
    ssh_key = look.ssh_key()
    if offering and offering.kind == OfferingKind.MACHINE:
        flavor = look.one_of("flavor", draft.flavor, catalogue.flavors(offering.id))
        image = look.one_of("image", draft.image, catalogue.images(offering.id))
        network = look.network(catalogue.networks(offering.id))
        volume = _volume(draft, flavor, image)
        look.sizes(flavor, image, volume)
    look.name(project, offering.kind if offering else OfferingKind.SERVICE)
    price = offering.price + (flavor.price if flavor else 0) if offering else 0
    plan = Plan(draft, project, offering, flavor, image, network, ssh_key, volume, price, look.problems)
    if project and offering:
        look.quota(project, plan.takes)
        look.credit(project, price)
    return plan


def gibibytes(mebibytes: int) -> str:
    return f"{mebibytes / 1024:g} GiB" if mebibytes >= 1024 else f"{mebibytes} MiB"


def amount(component: Component, number: int) -> str:
    """A number of cores, or an amount of memory or storage, in words."""
    return str(number) if component is Component.CORES else gibibytes(number)


def _volume(draft: Draft, flavor: Flavor | None, image: Image | None) -> int:
    if draft.system_volume_size is not None:
        return draft.system_volume_size
    return max(flavor.disk if flavor else 0, image.min_disk if image else 0, MIN_VOLUME)
