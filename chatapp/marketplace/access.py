"""Who sees and who may do what.

Members see their organizations and projects, and what is in them; for everybody else these do not exist. Owners,
admins and managers order. Staff do everything, support sees everything and changes nothing.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, exists, or_, select, true, union

from chatapp.db import session
from chatapp.errors import Forbidden, NotFound
from chatapp.market import MemberRole
from chatapp.models import Membership, Organization, Project, User

ORDERING = [role for role in MemberRole if role.may_order]


def sees_everything(user: User) -> bool:
    return user.is_staff or user.is_support


def in_visible_project(user: User, project_id: Any) -> ColumnElement[bool]:
    """Whether the user sees the project of that column."""
    return true() if sees_everything(user) else project_id.in_(_own_projects(user))


def visible_organization(user: User) -> ColumnElement[bool]:
    """Whether the user sees an organization: its owner, and who is in one of its projects."""
    if sees_everything(user):
        return true()
    mine: CompoundSelect[Any] = union(
        select(Membership.organization_id).where(
            Membership.user_id == user.id, Membership.organization_id.is_not(None)
        ),
        select(Project.organization_id)
        .join(Membership, Membership.project_id == Project.id)
        .where(Membership.user_id == user.id),
    )
    return Organization.id.in_(mine)


def in_owned_organization(user: User, organization_id: Any) -> ColumnElement[bool]:
    """Whether the user sees what the organization of that column pays and owes: its owners do."""
    if sees_everything(user):
        return true()
    owned = select(Membership.organization_id).where(Membership.user_id == user.id, Membership.role == MemberRole.OWNER)
    return organization_id.in_(owned)  # type: ignore[no-any-return]


def orderable_projects(user: User) -> ColumnElement[bool]:
    """Whether the user may order in a project."""
    return true() if user.is_staff else Project.id.in_(_own_projects(user, ORDERING))


def may_order(user: User, project_id: UUID) -> bool:
    found = exists().where(Project.id == project_id, orderable_projects(user))
    return bool(session.scalar(select(found)))


def require_order(user: User, project_id: UUID) -> None:
    """Raises NotFound for a project that the user does not see, Forbidden for one that they may only look at."""
    if not session.scalar(select(exists().where(Project.id == project_id, in_visible_project(user, Project.id)))):
        raise NotFound("project")
    if not may_order(user, project_id):
        raise Forbidden("You may look at this project but not order in it.")


def require_staff(user: User) -> None:
    """Raises Forbidden."""
    if not user.is_staff:
        raise Forbidden("Only administrators change the marketplace.")


def require_overview(user: User) -> None:
    """Raises Forbidden for everybody but staff and support."""
    if not sees_everything(user):
        raise Forbidden("Only administrators and support see that.")


def _own_projects(user: User, roles: list[MemberRole] | None = None) -> Select[Any]:
    memberships = [Membership.user_id == user.id] + ([Membership.role.in_(roles)] if roles else [])
    direct = select(Membership.project_id).where(Membership.project_id.is_not(None), *memberships)
    owned = select(Membership.organization_id).where(Membership.organization_id.is_not(None), *memberships)
    return select(Project.id).where(or_(Project.id.in_(direct), Project.organization_id.in_(owned)))
