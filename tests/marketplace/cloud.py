"""A small cloud: ana is manager and ben a member of the project web of Acme; cora, its owner, has nothing to do with
Other, whose project dark nobody of them sees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from chatapp.db import new_id, session, transaction
from chatapp.market import Component, Draft, MemberRole, OfferingKind, OfferingState
from chatapp.marketplace import orders, provisioning
from chatapp.models import (
    Category,
    Flavor,
    Image,
    Membership,
    Network,
    Offering,
    Order,
    Organization,
    Project,
    ProjectQuota,
    User,
)
from tests import people as folk
from tests.people import People, Person

GIB = 1024
WORKER = "tests|1|1"


@dataclass(frozen=True)
class Cloud:
    people: People
    owner: Person
    acme: UUID
    other: UUID
    web: UUID
    dark: UUID
    category: UUID
    machines: UUID
    service: UUID
    draft_offering: UUID
    network: UUID

    def draft(self, name: str = "vm-1", **changes: Any) -> Draft:
        draft = Draft(project_id=self.web, offering_id=self.machines, flavor="small", image="debian-13", name=name)
        return replace(draft, **changes)

    def order(self, name: str = "vm-1", **changes: Any) -> Order:
        """Ana's, and nobody has worked on it yet."""
        return orders.place(self.people.ana.user, self.draft(name, **changes), f"key of {name}")

    def run(self, name: str = "vm-1", **changes: Any) -> UUID:
        """A machine of ana's that runs."""
        resource_id = self.order(name, **changes).resource_id
        work()
        return resource_id


def work() -> None:
    """Until no order is due."""
    while provisioning.run(WORKER):
        pass


def limit(project_id: UUID, component: Component, most: int | None, used: int = 0) -> None:
    with transaction():
        session.add(ProjectQuota(project_id=project_id, component=component, most=most, used=used))


def build(people: People) -> Cloud:
    owner = folk._person("cora", "Cora Cole")
    ids = {name: new_id() for name in ("acme", "other", "web", "dark", "category", "machines", "service", "network")}
    drafted = new_id()
    with transaction():
        session.add_all([Organization(id=ids[slug], slug=slug, name=slug.title()) for slug in ("acme", "other")])
        session.add(Category(id=ids["category"], slug="compute", name="Compute"))
        session.flush()
        for slug, organization in (("web", "acme"), ("dark", "other")):
            session.add(Project(id=ids[slug], slug=slug, name=f"Project {slug}", organization_id=ids[organization]))
        session.add_all(_offerings(ids, drafted))
        session.flush()
        session.add_all(_parts(ids))
        for person, role in ((people.ana, MemberRole.MANAGER), (people.ben, MemberRole.MEMBER)):
            session.add(Membership(user_id=person.id, project_id=ids["web"], role=role))
        session.add(Membership(user_id=owner.id, organization_id=ids["acme"], role=MemberRole.OWNER))
    return Cloud(people=people, owner=owner, draft_offering=drafted, **ids)


def _offerings(ids: dict[str, UUID], drafted: UUID) -> list[Offering]:
    shared = {"category_id": ids["category"]}
    machine, service = OfferingKind.MACHINE, OfferingKind.SERVICE
    return [
        Offering(id=ids["machines"], slug="machines", name="Machines", kind=machine, price=100, **shared),
        Offering(id=ids["service"], slug="backup", name="Backup", kind=service, price=500, **shared),
        Offering(id=drafted, slug="soon", name="Soon", kind=service, state=OfferingState.DRAFT, **shared),
    ]


def _parts(ids: dict[str, UUID]) -> list[Flavor | Image | Network]:
    at = {"offering_id": ids["machines"]}
    return [
        Flavor(slug="small", name="Small", cores=1, ram=GIB, disk=10 * GIB, price=900, **at),
        Flavor(slug="large", name="Large", cores=8, ram=32 * GIB, disk=80 * GIB, price=9000, **at),
        Image(slug="debian-13", name="Debian 13", min_ram=512, min_disk=5 * GIB, **at),
        Image(slug="windows", name="Windows Server", min_ram=4 * GIB, min_disk=40 * GIB, **at),
        Network(id=ids["network"], slug="public", name="Public", cidr="198.18.0.0/15", is_default=True, **at),
    ]


def people_of(cloud: Cloud) -> dict[str, User]:
    """Everybody who can come by."""
    folks = cloud.people
    return {
        "manager": folks.ana.user,
        "member": folks.ben.user,
        "owner": cloud.owner.user,
        "support": folks.sue.user,
        "staff": folks.stan.user,
    }
