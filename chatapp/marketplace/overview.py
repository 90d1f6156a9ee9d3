"""What one person has to do with the marketplace, on one page for those who help them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatapp.core import accounts
from chatapp.market import ResourceState
from chatapp.marketplace import access, orders, organizations, resources, ssh_keys
from chatapp.models import Membership, Organization, Project, User


@dataclass(frozen=True, slots=True)
class UserOverview:
    """Roles, the organizations and projects that the person sees, what runs there, and orders under way."""

    user: User
    roles: Sequence[Membership]
    organizations: Sequence[Organization]
    projects: Sequence[Project]
    resources: Mapping[ResourceState, int]
    active_orders: int
    ssh_keys: int


def of_user(viewer: User, username: str) -> UserOverview:
    """For staff and support. Raises Forbidden, NotFound."""
    access.require_overview(viewer)
    user = accounts.find_user(username)
    return UserOverview(
        user=user,
        roles=organizations.roles_of(user),
        organizations=organizations.page_of_organizations(user, size=100).items,
        projects=organizations.page_of_projects(user, size=100).items,
        resources=resources.count_by_state(user),
        active_orders=orders.count_active(user),
        ssh_keys=len(ssh_keys.of_user(user)),
    )
