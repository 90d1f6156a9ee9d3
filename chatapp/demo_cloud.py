"""The sample cloud of `flask demo`: its catalogue from the file in marketplace/sample, and what people have in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from chatapp import marketplace
from chatapp.db import new_id, now, session, transaction
from chatapp.market import Component, Draft, InvoiceState, ResourceState
from chatapp.marketplace import catalogue, credits, invoices, orders, organizations, yaml_files
from chatapp.models import Category, Offering, Organization, Project, ProjectQuota, Resource, ResourceUsage, User

FILE = Path(marketplace.__file__).parent / "sample" / "catalogue.yaml"
OWNERS = (("alice", "harbour-logistics"),)
MEMBERS = (
    ("bob", "tracking", "manager"),
    ("bob", "teaching", "member"),
    ("alice", "ocean-model", "admin"),
)
HOURS = 730

# project, offering, name, flavor, image, state, reason
RESOURCES = (
    ("web-shop", "northern-cloud", "shop-front-1", "s1.large", "Debian 13", ResourceState.OK, ""),
    ("web-shop", "northern-cloud", "shop-front-2", "s1.large", "Debian 13", ResourceState.OK, ""),
    ("web-shop", "managed-postgresql", "shop-orders", "", "", ResourceState.OK, ""),
    ("web-shop", "object-store", "product-pictures", "", "", ResourceState.OK, ""),
    ("web-shop", "northern-cloud", "campaign-2025", "s1.small", "Ubuntu 24.04 LTS", ResourceState.TERMINATED, ""),
    ("tracking", "northern-cloud", "tracker-api", "s1.medium", "Ubuntu 26.04 LTS", ResourceState.OK, ""),
    ("tracking", "managed-redis", "positions", "", "", ResourceState.OK, ""),
    (
        "tracking",
        "northern-cloud",
        "map-renderer",
        "c1.2xlarge",
        "Rocky Linux 9",
        ResourceState.PAUSED,
        "The project has used up its credit. It starts again when the credit is raised.",
    ),
    ("ocean-model", "compute-lab", "currents-a", "g1.a (1 GPU)", "Ubuntu 24.04 LTS", ResourceState.OK, ""),
    (
        "ocean-model",
        "compute-lab",
        "ice-b",
        "g1.b (2 GPUs)",
        "Ubuntu 24.04 LTS",
        ResourceState.ERRED,
        "No host has two free accelerators at the moment.",
    ),
    ("ocean-model", "archive", "runs-2020-2024", "", "", ResourceState.OK, ""),
    ("teaching", "notebooks", "statistics-101", "", "", ResourceState.OK, ""),
    ("teaching", "northern-cloud", "course-server", "s1.xlarge", "Rocky Linux 10", ResourceState.OK, ""),
    ("digitisation", "protected-cloud", "scanner-ingest", "p1.medium", "Windows Server 2025", ResourceState.OK, ""),
)
BUDGET = "Budget of this half year"


def fill(staff: User, people: dict[str, User]) -> Iterator[str]:
    """Make it in an empty marketplace, as `staff`; yields lines that tell what was made."""
    if session.scalar(select(Category.id).limit(1)):
        return
    with transaction():
        imported = yaml_files.load(staff, FILE.read_text())
    yield f"marketplace: {imported}"
    with transaction():
        _join(staff, people)
        for number, row in enumerate(RESOURCES):
            _resource(people["alice"], number, *row)
        _pay(staff)
    yield f"  {len(RESOURCES)} resources, credits and invoices"
    _order(people["alice"])
    yield "  an order that is under way"


def _join(staff: User, people: dict[str, User]) -> None:
    for username, slug in OWNERS:
        if username in people:
            organizations.add_member(staff, username, "owner", organization_id=_id(Organization, slug))
    for username, slug, role in MEMBERS:
        if username in people:
            organizations.add_member(staff, username, role, project_id=_id(Project, slug))


def _resource(
    creator: User, number: int, project: str, offering: str, name: str, flavor: str, image: str, state: str, reason: str
) -> None:
    kind = session.scalars(select(Offering).where(Offering.slug == offering)).one()
    size = next((size for size in catalogue.flavors(kind.id) if size.name == flavor), None)
    created = now() - timedelta(days=100 - 7 * number, hours=number)
    resource = Resource(
        id=new_id(),
        project_id=_id(Project, project),
        offering_id=kind.id,
        created_by_id=creator.id,
        name=name,
        state=state,
        reason=reason,
        flavor=flavor,
        image=image,
        cores=size.cores if size else 0,
        ram=size.ram if size else 0,
        storage=size.disk if size else 0,
        price=kind.price + (size.price if size else 0),
        details={"address": f"198.18.4.{10 + number}"} if size else {},
        created=created,
        modified=created,
        terminated_at=now() - timedelta(days=20) if state == ResourceState.TERMINATED else None,
    )
    session.add(resource)
    session.flush()
    if state != ResourceState.TERMINATED:
        _use(resource)


def _use(resource: Resource) -> None:
    """Two months of usage, and its share of the quota."""
    months = _months()
    for month in months:
        rows = [("cpu", resource.cores * HOURS, "core hours"), ("ram", resource.ram // 1024 * HOURS, "GiB hours")]
        for component, amount, unit in [row for row in rows if row[1]] or [("service", 1, "months")]:
            cost = resource.price if component in ("cpu", "service") else 0
            usage = {"component": component, "amount": amount, "unit": unit, "cost": cost}
            session.add(ResourceUsage(resource_id=resource.id, month=month, **usage))
    takes = {Component.CORES: resource.cores, Component.RAM: resource.ram, Component.STORAGE: resource.storage}
    for component, amount in takes.items():
        quota = session.get_one(ProjectQuota, (resource.project_id, component))
        quota.used += amount


def _pay(staff: User) -> None:
    """Credits, and invoices that these have paid as far as they reached: the project tracking is overdrawn."""
    credits.grant(staff, 60_000, BUDGET, organization_id=_id(Organization, "harbour-logistics"))
    for project, amount in (("web-shop", 60_000), ("tracking", 9_000)):
        credits.grant(staff, amount, BUDGET, project_id=_id(Project, project))
    living = session.scalars(select(Resource).where(Resource.terminated_at.is_(None), Resource.price > 0)).all()
    for month in _months():
        for resource in living:
            invoices.charge(staff, resource.id, resource.price, month=month)
    for invoice in invoices.all_of_month(staff, _months()[0]):
        invoices.set_state(staff, invoice.id, InvoiceState.ISSUED)


def _order(person: User) -> None:
    """One that anybody who looks soon sees change."""
    offering = session.scalars(select(Offering).where(Offering.slug == "northern-cloud")).one()
    draft = Draft(
        project_name="Web shop", offering_id=offering.id, flavor="s1.small", image="ubuntu-26-04", name="load-test"
    )
    orders.place(person, draft, "demo")


def _months() -> tuple[date, date]:
    """The first days of last month and of this one."""
    this = now().date().replace(day=1)
    return (this - timedelta(days=1)).replace(day=1), this


def _id(model: type[Organization] | type[Project], slug: str) -> UUID:
    return session.scalars(select(model.id).where(model.slug == slug)).one()
