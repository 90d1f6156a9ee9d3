"""Organizations and projects as their members see them, and who the members are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import lazyload

from chatapp.core import accounts, audit
from chatapp.core.search import contains
from chatapp.db import is_sqlite, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.market import PROJECT_ROLES, Component, MemberRole
from chatapp.marketplace import access
from chatapp.marketplace.paging import PAGE_LENGTH, Page, page
from chatapp.models import Membership, Organization, Project, ProjectQuota, User

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QuotaView:
    """`most` is None when unlimited; ram and storage in MiB."""

    component: Component
    used: int
    most: int | None

    @property
    def left(self) -> int | None:
        return None if self.most is None else max(0, self.most - self.used)


def page_of_organizations(
    user: User, *, text: str = "", sort: str = "name", after: str | None = None, size: int = PAGE_LENGTH
) -> Page[Organization]:
    """Those that the user sees."""
    query = select(Organization).where(access.visible_organization(user))
    if text.strip():
        query = query.where(contains(Organization.name, text.strip()))
    return page(query, {"name": Organization.name}, sort, after, size)


def get_organization(user: User, organization_id: UUID) -> Organization:
    """Raises NotFound."""
    query = select(Organization).where(Organization.id == organization_id, access.visible_organization(user))
    return _found(session.scalar(query), "organization")


def find_organization(user: User, name: str) -> Organization:
    """The organization of that name or slug, whatever the case. Raises NotFound; Invalid when several have the name."""
    wanted = name.strip().lower()
    named = or_(func.lower(Organization.name) == wanted, Organization.slug == wanted)
    found = session.scalars(select(Organization).where(named, access.visible_organization(user)).limit(2)).all()
    if len(found) > 1:
        raise Invalid(f"Several organizations are called {name}. Say which one by its id.", "organization")
    return _found(found[0] if found else None, "organization")


def page_of_projects(
    user: User,
    *,
    organization_id: UUID | None = None,
    text: str = "",
    to_order: bool = False,
    sort: str = "name",
    after: str | None = None,
    size: int = PAGE_LENGTH,
) -> Page[Project]:
    """Those that the user sees; with `to_order` only those in which they may order."""
    query = select(Project).where(
        access.orderable_projects(user) if to_order else access.in_visible_project(user, Project.id)
    )
    if organization_id:
        query = query.where(Project.organization_id == organization_id)
    if text.strip():
        query = query.where(contains(Project.name, text.strip()))
    return page(query, {"name": Project.name}, sort, after, size)


def get_project(user: User, project_id: UUID) -> Project:
    """Raises NotFound."""
    query = select(Project).where(Project.id == project_id, access.in_visible_project(user, Project.id))
    return _found(session.scalar(query), "project")


def find_project(user: User, name: str) -> Project:
    """The project of that name or slug, whatever the case. Raises NotFound; Invalid when several have the name."""
    wanted = name.strip().lower()
    named = or_(func.lower(Project.name) == wanted, Project.slug == wanted)
    found = session.scalars(select(Project).where(named, access.in_visible_project(user, Project.id)).limit(2)).all()
    if len(found) > 1:
        raise Invalid(f"Several projects are called {name}. Say which one by its id.", "project")
    return _found(found[0] if found else None, "project")


def quota(user: User, project_id: UUID) -> Sequence[QuotaView]:
    """What the project has of every component. Raises NotFound."""
    get_project(user, project_id)
    return quotas_of([project_id])[project_id]


def quotas_of(project_ids: Sequence[UUID]) -> dict[UUID, Sequence[QuotaView]]:
    """The quotas of several projects that the caller has been shown."""
    kept = session.execute(
        select(ProjectQuota.project_id, ProjectQuota.component, ProjectQuota.used, ProjectQuota.most).where(
            ProjectQuota.project_id.in_(project_ids)
        )
    ).all()
    known = {(project_id, component): (used, most) for project_id, component, used, most in kept}
    return {p: [QuotaView(c, *known.get((p, c), (0, None))) for c in Component] for p in project_ids}


def set_quota(staff: User, project_id: UUID, component: Component, most: int | None) -> None:
    """Limit what the project may take; None: no limit. What it has taken stays. Raises Forbidden, NotFound, Invalid."""
    access.require_staff(staff)
    if most is not None and not 0 <= most < 2**53:
        raise Invalid("A limit is a number from 0 up.", component)
    row = (sqlite if is_sqlite() else postgresql).insert(ProjectQuota)
    with transaction():
        get_project(staff, project_id)
        values = {"project_id": project_id, "component": component, "most": most, "used": 0}
        keys = [ProjectQuota.project_id, ProjectQuota.component]
        session.execute(row.on_conflict_do_update(index_elements=keys, set_={"most": most}), values)
        audit.record("quota_changed", staff, object_id=project_id, component=component, most=most)


def members(user: User, *, organization_id: UUID | None = None, project_id: UUID | None = None) -> Sequence[Membership]:
    """The people of one organization or project, by name. Raises NotFound."""
    if project_id:
        get_project(user, project_id)
        place = Membership.project_id == project_id
    else:
        place = Membership.organization_id == _required(user, organization_id).id
    return session.scalars(select(Membership).join(Membership.user).where(place).order_by(User.username)).all()


def roles_of(user: User) -> Sequence[Membership]:
    """Everything that somebody is a member of."""
    return session.scalars(select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)).all()


def places_of(user: User) -> Sequence[tuple[str, Organization, Project | None]]:
    """Where somebody is a member, as what: an organization that they own, or a project with its organization."""
    organization_id = func.coalesce(Membership.organization_id, Project.organization_id)
    query = (
        select(Membership.role, Organization, Project)
        .outerjoin(Project, Project.id == Membership.project_id)
        .join(Organization, Organization.id == organization_id)
        .where(Membership.user_id == user.id)
        .order_by(Organization.name, Project.name, Membership.id)
        # Joined as projects are elsewhere, it would leave out owners: theirs is no project.
        .options(lazyload(Project.organization))
    )
    return [(role, organization, project) for role, organization, project in session.execute(query)]


def add_member(
    staff: User, username: str, role: str, *, organization_id: UUID | None = None, project_id: UUID | None = None
) -> Membership:
    """Give somebody a role; who has one already gets this one instead. Raises Forbidden, NotFound, Invalid."""
    access.require_staff(staff)
    _check_role(role, project_id)
    try:
        member = accounts.find_user(username)
    except NotFound as error:
        raise Invalid(f"Nobody is called {username}.", "username") from error
    try:
        with transaction():
            if project_id:
                get_project(staff, project_id)
            else:
                _required(staff, organization_id)
            membership = session.scalar(
                select(Membership).where(
                    Membership.user_id == member.id,
                    Membership.project_id == project_id
                    if project_id
                    else Membership.organization_id == organization_id,
                )
            ) or Membership(user_id=member.id, organization_id=organization_id, project_id=project_id)
            membership.role, membership.user = role, member
            session.add(membership)
            session.flush()
            place = project_id or organization_id
            audit.record(
                "member_added", staff, object_id=membership.id, target_user_id=member.id, place=place, role=role
            )
    except IntegrityError as error:
        raise Invalid(f"{username} has just been added by somebody else.", "username") from error
    return membership


def remove_member(staff: User, membership_id: UUID) -> Membership:
    """Raises Forbidden, NotFound."""
    access.require_staff(staff)
    with transaction():
        membership = _found(session.get(Membership, membership_id), "member")
        session.delete(membership)
        place = membership.project_id or membership.organization_id
        audit.record("member_removed", staff, object_id=membership.id, target_user_id=membership.user_id, place=place)
    return membership


def _check_role(role: str, project_id: UUID | None) -> None:
    allowed = PROJECT_ROLES if project_id else (MemberRole.OWNER,)
    if role not in allowed:
        raise Invalid(f"The role must be one of: {', '.join(allowed)}.", "role")


def _required(user: User, organization_id: UUID | None) -> Organization:
    if organization_id is None:
        raise NotFound("organization")
    return get_organization(user, organization_id)


def _found(found: T | None, what: str) -> T:
    if found is None:
        raise NotFound(what)
    return found
