"""Credits: who has how much left, who is overdrawn, and what moved it. Amounts are integer cents.

An organization's credit pays its invoices as long as it lasts. A project's credit is the share of it that the project
may consume: it goes below zero when the project has consumed more, and nothing new is ordered on it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from chatapp.core import audit
from chatapp.db import now, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.market import MovementKind
from chatapp.marketplace import access, organizations
from chatapp.marketplace.paging import PAGE_LENGTH, Page, page
from chatapp.models import Credit, CreditMovement, User

MOST = 10**14
NOTE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class CreditOverview:
    """An organization's own credit and the shares of its projects; `left_to_share` may be below zero."""

    own: Credit | None
    projects: Sequence[Credit]

    @property
    def left_to_share(self) -> int | None:
        return None if self.own is None else self.own.balance - sum(max(0, share.balance) for share in self.projects)


def of_project(user: User, project_id: UUID) -> Credit:
    """Raises NotFound, also for a project without a credit."""
    organizations.get_project(user, project_id)
    return _found(session.scalar(_of_project(project_id)))


def of_organization(user: User, organization_id: UUID) -> CreditOverview:
    """For its owners. Raises NotFound."""
    organizations.get_organization(user, organization_id)
    query = select(Credit).where(
        Credit.organization_id == organization_id, access.in_owned_organization(user, Credit.organization_id)
    )
    found = session.scalars(query.order_by(Credit.id)).all()
    own = next((credit for credit in found if credit.project_id is None), None)
    shares = [credit for credit in found if credit.project]
    if not found and not owns(user, organization_id):
        raise NotFound("credit")
    return CreditOverview(own, sorted(shares, key=lambda credit: credit.project.name if credit.project else ""))


def owns(user: User, organization_id: UUID) -> bool:
    """Whether the user may see what the organization pays."""
    if access.sees_everything(user):
        return True
    return any(role.organization_id == organization_id for role in organizations.roles_of(user))


def overdrawn(
    user: User, after: str | None = None, size: int = PAGE_LENGTH, *, organization_id: UUID | None = None
) -> Page[Credit]:
    """The projects' credits below zero that the user sees, the lowest first."""
    query = select(Credit).where(Credit.balance < 0, Credit.project_id.is_not(None), _visible(user))
    if organization_id:
        query = query.where(Credit.organization_id == organization_id)
    return page(query, {"balance": Credit.balance}, "balance", after, size)


def search(user: User, after: str | None = None, size: int = PAGE_LENGTH) -> Page[Credit]:
    """Every credit that the user sees, the lowest first."""
    return page(select(Credit).where(_visible(user)), {"balance": Credit.balance}, "balance", after, size)


def movements(user: User, credit_id: UUID, after: str | None = None, size: int = PAGE_LENGTH) -> Page[CreditMovement]:
    """The latest first. Raises NotFound."""
    _found(session.scalar(select(Credit).where(Credit.id == credit_id, _visible(user))))
    mine = select(CreditMovement).where(CreditMovement.credit_id == credit_id)
    return page(mine, {"created": CreditMovement.created}, "-created", after, size)


def balance_to_order(project_id: UUID) -> int | None:
    """What the project may still consume; None when nobody counts. An expired credit is worth nothing."""
    credit = session.scalar(_of_project(project_id))
    if credit is None:
        return None
    return 0 if credit.expires_on and credit.expires_on < now().date() else credit.balance


def grant(
    staff: User,
    amount: int,
    note: str = "",
    *,
    organization_id: UUID | None = None,
    project_id: UUID | None = None,
    expires_on: date | None = None,
) -> Credit:
    """Add to a credit, or take away with a negative amount; the first grant makes it.

    Raises Forbidden, NotFound, Invalid.
    """
    access.require_staff(staff)
    if not 0 < abs(amount) <= MOST:
        raise Invalid("An amount is needed that is not zero.", "amount")
    if len(note) > NOTE_LENGTH:
        raise Invalid(f"A note has at most {NOTE_LENGTH} characters.", "note")
    with transaction():
        if project_id:
            organization_id = organizations.get_project(staff, project_id).organization_id
        elif organization_id is None or not organizations.get_organization(staff, organization_id):
            raise NotFound("organization")
        credit = lock(organization_id, project_id)
        if credit is None:
            credit = Credit(organization_id=organization_id, project_id=project_id, granted=0, balance=0)
            session.add(credit)
            session.flush()
        if expires_on:
            credit.expires_on = expires_on
        credit.granted += amount
        move(credit, amount, MovementKind.GRANT if amount > 0 else MovementKind.CORRECTION, note)
        audit.record("credit_granted", staff, object_id=credit.id, amount=amount)
    return credit


def lock(organization_id: UUID, project_id: UUID | None) -> Credit | None:
    """For writing. The organization's own credit is locked before those of its projects."""
    query = select(Credit).where(Credit.organization_id == organization_id)
    query = query.where(Credit.project_id == project_id if project_id else Credit.project_id.is_(None))
    return session.scalar(query.with_for_update(of=Credit).execution_options(populate_existing=True))


def move(credit: Credit, amount: int, kind: MovementKind, note: str = "", invoice_item_id: UUID | None = None) -> None:
    """Change the balance of a locked credit and write down why."""
    credit.balance += amount
    session.add(
        CreditMovement(credit_id=credit.id, amount=amount, kind=kind, note=note, invoice_item_id=invoice_item_id)
    )


def _of_project(project_id: UUID) -> Select[Credit]:
    return select(Credit).where(Credit.project_id == project_id)


def _visible(user: User) -> ColumnElement[bool]:
    """Members see their projects' credits, owners also the organization's."""
    shares = Credit.project_id.is_not(None) & access.in_visible_project(user, Credit.project_id)
    return or_(shares, access.in_owned_organization(user, Credit.organization_id))


def _found(credit: Credit | None) -> Credit:
    if credit is None:
        raise NotFound("credit")
    return credit
