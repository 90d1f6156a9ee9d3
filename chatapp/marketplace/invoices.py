"""Invoices of organizations, and what credit has paid of them (compensations)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from chatapp.core import audit
from chatapp.db import now, session, transaction
from chatapp.errors import InUse, Invalid, NotFound
from chatapp.market import InvoiceState, MovementKind
from chatapp.marketplace import access, credits, organizations
from chatapp.marketplace.paging import PAGE_LENGTH, Page, page
from chatapp.models import Credit, Invoice, InvoiceItem, Project, Resource, User


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """`total` is what was consumed, `compensated` what credit paid of it, in cents."""

    invoice: Invoice
    items: Sequence[tuple[InvoiceItem, str]]  # with the project's name
    total: int
    compensated: int

    @property
    def to_pay(self) -> int:
        return self.total - self.compensated


def of_organization(
    user: User, organization_id: UUID, after: str | None = None, size: int = PAGE_LENGTH
) -> Page[Invoice]:
    """The latest first, for its owners. Raises NotFound."""
    organizations.get_organization(user, organization_id)
    mine = access.in_owned_organization(user, Invoice.organization_id)
    query = select(Invoice).where(Invoice.organization_id == organization_id, mine)
    return page(query, {"created": Invoice.created}, "-created", after, size)


def get(user: User, invoice_id: UUID) -> InvoiceView:
    """An invoice with its items and compensations, for the owners of its organization. Raises NotFound."""
    mine = access.in_owned_organization(user, Invoice.organization_id)
    return _view(session.scalar(select(Invoice).where(Invoice.id == invoice_id, mine)))


def of_month(user: User, organization_id: UUID, month: date) -> InvoiceView:
    """The invoice of the month in which that day is. Raises NotFound."""
    mine = access.in_owned_organization(user, Invoice.organization_id)
    query = select(Invoice).where(
        Invoice.organization_id == organization_id, Invoice.month == month.replace(day=1), mine
    )
    return _view(session.scalar(query))


def all_of_month(user: User, month: date) -> Sequence[Invoice]:
    """Every organization's, for staff and support. Raises Forbidden."""
    access.require_overview(user)
    return session.scalars(select(Invoice).where(Invoice.month == month).order_by(Invoice.id)).all()


def charge(staff: User, resource_id: UUID, price: int, name: str = "", month: date | None = None) -> InvoiceItem:
    """Put what a resource has cost on its organization's invoice of the month; credit pays as much as it can.

    The project's share of the credit is used up by the whole price, whoever pays. Raises Forbidden, NotFound, Invalid,
    InUse for an invoice that has been issued.
    """
    access.require_staff(staff)
    if not 0 <= price <= credits.MOST:
        raise Invalid("A price is a number from 0 up.", "price")
    with transaction():
        resource = _resource(resource_id)
        organization_id = resource.project.organization_id
        own = credits.lock(organization_id, None)
        invoice = _open_invoice(organization_id, (month or now().date()).replace(day=1))
        paid = min(price, max(0, own.balance)) if own and _is_valid(own) else 0
        item = InvoiceItem(
            invoice_id=invoice.id,
            project_id=resource.project_id,
            resource_id=resource.id,
            name=name or f"{resource.name} ({resource.offering.name})",
            price=price,
            compensated=paid,
        )
        session.add(item)
        session.flush()
        if own and paid:
            credits.move(own, -paid, MovementKind.COMPENSATION, item.name, item.id)
        if share := credits.lock(organization_id, resource.project_id):
            credits.move(share, -price, MovementKind.COMPENSATION, item.name, item.id)
        audit.record("resource_charged", staff, object_id=resource.id, invoice=str(invoice.id), price=price)
    return item


def set_state(staff: User, invoice_id: UUID, state: InvoiceState) -> None:
    """Raises Forbidden, NotFound."""
    access.require_staff(staff)
    with transaction():
        invoice = get(staff, invoice_id).invoice
        invoice.state = state
        audit.record("invoice_state_changed", staff, object_id=invoice_id, state=state)


def _open_invoice(organization_id: UUID, month: date) -> Invoice:
    query = select(Invoice).where(Invoice.organization_id == organization_id, Invoice.month == month)
    invoice = session.scalar(query.with_for_update(of=Invoice))
    if invoice is None:
        invoice = Invoice(organization_id=organization_id, month=month)
        session.add(invoice)
        session.flush()
    elif invoice.state != InvoiceState.OPEN:
        raise InUse("The invoice of that month has been issued.")
    return invoice


def _is_valid(credit: Credit) -> bool:
    return credit.expires_on is None or credit.expires_on >= now().date()


def _resource(resource_id: UUID) -> Resource:
    resource = session.get(Resource, resource_id)
    if resource is None:
        raise NotFound("resource")
    return resource


def _view(invoice: Invoice | None) -> InvoiceView:
    if invoice is None:
        raise NotFound("invoice")
    query = select(InvoiceItem, func.coalesce(Project.name, "")).outerjoin(
        Project, Project.id == InvoiceItem.project_id
    )
    rows = session.execute(query.where(InvoiceItem.invoice_id == invoice.id).order_by(InvoiceItem.id)).all()
    items = [(item, name) for item, name in rows]
    return InvoiceView(invoice, items, sum(item.price for item, _ in items), sum(item.compensated for item, _ in items))
