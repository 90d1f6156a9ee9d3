"""What people have: their projects' resources, what these use, and why one is paused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from chatapp.core import audit
from chatapp.core.search import contains
from chatapp.db import now, session, transaction
from chatapp.errors import InUse, Invalid, NotFound
from chatapp.market import CHANGING, ResourceState
from chatapp.marketplace import access
from chatapp.marketplace.paging import PAGE_LENGTH, Page, page
from chatapp.models import Offering, Project, Resource, ResourceUsage, User

SORTS = {"created": Resource.created, "name": Resource.name, "state": Resource.state, "price": Resource.price}
LIVING = [state for state in ResourceState if state is not ResourceState.TERMINATED]
REASON_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class ResourceFilter:
    """`states`: none means everything that is not terminated (waldur-chat-api section 4.5)."""

    project_id: UUID | None = None
    organization_id: UUID | None = None
    category_id: UUID | None = None
    states: Sequence[ResourceState] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class UsageLine:
    """What one resource has used of one thing in a month, `cost` in cents."""

    resource_id: UUID
    resource_name: str
    month: date
    component: str
    amount: int
    unit: str
    cost: int


def search(
    user: User,
    wanted: ResourceFilter | None = None,
    *,
    sort: str = "-created",
    after: str | None = None,
    size: int = PAGE_LENGTH,
) -> Page[Resource]:
    """The resources that the user sees. Raises Invalid."""
    return page(_matching(select(Resource), user, wanted or ResourceFilter()), SORTS, sort, after, size)


def count_by_state(user: User, wanted: ResourceFilter | None = None) -> dict[ResourceState, int]:
    """How many there are of each state that occurs."""
    query = _matching(select(Resource.state, func.count()), user, wanted or ResourceFilter()).group_by(Resource.state)
    return {ResourceState(state): count for state, count in session.execute(query)}


def get(user: User, resource_id: UUID) -> Resource:
    """As it is now. Raises NotFound."""
    query = select(Resource).where(Resource.id == resource_id, access.in_visible_project(user, Resource.project_id))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("resource")
    return found


def find(user: User, name: str) -> Resource:
    """The living resource of that name, whatever the case. Raises NotFound; Invalid when there are several."""
    named = select(Resource).where(func.lower(Resource.name) == name.strip().lower(), Resource.state.in_(LIVING))
    found = session.scalars(named.where(access.in_visible_project(user, Resource.project_id)).limit(2)).all()
    if len(found) > 1:
        raise Invalid(f"Several resources are called {name}. Say which one by its id.", "name")
    if not found:
        raise NotFound("resource")
    return found[0]


def usage(
    user: User, *, resource_id: UUID | None = None, project_id: UUID | None = None, since: date | None = None
) -> Sequence[UsageLine]:
    """What a resource, a project's resources or all that the user sees have used, the latest month first."""
    query = select(
        Resource.id,
        Resource.name,
        ResourceUsage.month,
        ResourceUsage.component,
        ResourceUsage.amount,
        ResourceUsage.unit,
        ResourceUsage.cost,
    )
    order = (ResourceUsage.month.desc(), Resource.name, Resource.id, ResourceUsage.component)
    query = _used(query, user, resource_id, project_id, since).order_by(*order)
    return [UsageLine(*row) for row in session.execute(query.limit(1000))]


def costs(
    user: User, *, resource_id: UUID | None = None, project_id: UUID | None = None, since: date | None = None
) -> Sequence[tuple[date, int]]:
    """What all of `usage` has cost by month, in cents, the latest month first."""
    query = select(ResourceUsage.month, func.sum(ResourceUsage.cost))
    query = _used(query, user, resource_id, project_id, since).group_by(ResourceUsage.month)
    return [(month, int(cost)) for month, cost in session.execute(query.order_by(ResourceUsage.month.desc()))]


def pause(staff: User, resource_id: UUID, reason: str) -> Resource:
    """From now on it is paused, and its users are told why. Raises Forbidden, NotFound, Invalid, InUse."""
    access.require_staff(staff)
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= REASON_LENGTH:
        raise Invalid("Say why, in at most 2000 characters.", "reason")
    return _switch(staff, resource_id, ResourceState.OK, ResourceState.PAUSED, reason)


def resume(staff: User, resource_id: UUID) -> Resource:
    """Raises Forbidden, NotFound, InUse."""
    access.require_staff(staff)
    return _switch(staff, resource_id, ResourceState.PAUSED, ResourceState.OK, "")


def is_changing(found: Sequence[Resource]) -> bool:
    """Whether any of them is on its way to another state."""
    return any(resource.state in CHANGING for resource in found)


def lock(resource_id: UUID) -> Resource:
    """For writing: nobody else changes it meanwhile. Raises NotFound."""
    locked = {"of": Resource}
    resource = session.get(Resource, resource_id, with_for_update=locked, populate_existing=True)
    if resource is None:
        raise NotFound("resource")
    return resource


def _switch(staff: User, resource_id: UUID, before: ResourceState, after: ResourceState, reason: str) -> Resource:
    with transaction():
        resource = lock(resource_id)
        if resource.state != before:
            raise InUse(f"The resource is {resource.state}, not {before}.")
        resource.state, resource.reason, resource.modified = after, reason, now()
        audit.record("resource_state_changed", staff, object_id=resource_id, state=after)
    return resource


def _used(query: Any, user: User, resource_id: UUID | None, project_id: UUID | None, since: date | None) -> Any:
    query = query.join_from(ResourceUsage, Resource, Resource.id == ResourceUsage.resource_id)
    query = query.where(access.in_visible_project(user, Resource.project_id))
    if resource_id:
        query = query.where(Resource.id == resource_id)
    if project_id:
        query = query.where(Resource.project_id == project_id)
    if since:
        query = query.where(ResourceUsage.month >= since)
    return query


def _matching(query: Any, user: User, wanted: ResourceFilter) -> Any:
    states = wanted.states or LIVING
    query = query.where(access.in_visible_project(user, Resource.project_id), Resource.state.in_(states))
    if wanted.project_id:
        query = query.where(Resource.project_id == wanted.project_id)
    if wanted.organization_id:
        query = query.where(
            Resource.project_id.in_(select(Project.id).where(Project.organization_id == wanted.organization_id))
        )
    if wanted.category_id:
        query = query.where(
            Resource.offering_id.in_(select(Offering.id).where(Offering.category_id == wanted.category_id))
        )
    if wanted.text.strip():
        query = query.where(contains(Resource.name, wanted.text.strip()))
    return query
