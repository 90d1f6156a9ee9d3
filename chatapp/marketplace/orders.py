"""Orders: placed once per key, followed, canceled before anybody works on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from chatapp.core import audit
from chatapp.db import after_commit, new_id, now, session, transaction
from chatapp.errors import InUse, Invalid, KeyReused, NotFound, OrderRefused
from chatapp.market import (
    CHANGING,
    Component,
    Draft,
    OrderKind,
    OrderState,
    Problem,
    ResourceState,
)
from chatapp.marketplace import access, plans, provisioning, resources
from chatapp.marketplace.paging import PAGE_LENGTH, Page, page
from chatapp.models import Order, Project, ProjectQuota, Resource, User

KEY_LENGTH = 255


def place(user: User, draft: Draft, key: str) -> Order:
    """Order what the draft says, once: the same key brings back the order that it has placed before.

    A resource that is Creating stands for it from now on, and its share of the quota is taken. Raises OrderRefused with
    every problem, KeyReused when the key came with another draft, Invalid for no key.
    """
    fingerprint = _fingerprint(OrderKind.CREATE, draft.as_json())
    if earlier := _earlier(user, key, fingerprint):
        return earlier
    try:
        with transaction():
            _queue_up(user, draft)
            return _earlier(user, key, fingerprint) or _place(user, draft, key, fingerprint)
    except IntegrityError:
        if earlier := _earlier(user, key, fingerprint):
            return earlier
        raise


def terminate(user: User, resource_id: UUID, key: str) -> Order:
    """Order the end of a resource, once per key.

    Raises NotFound, Forbidden, InUse while something else happens to it, KeyReused, Invalid.
    """
    fingerprint = _fingerprint(OrderKind.TERMINATE, {"resource_id": str(resource_id)})
    if earlier := _earlier(user, key, fingerprint):
        return earlier
    try:
        with transaction():
            access.require_order(user, resources.get(user, resource_id).project_id)
            resource = resources.lock(resource_id)
            if earlier := _earlier(user, key, fingerprint):
                return earlier
            if resource.state in (*CHANGING, ResourceState.TERMINATED):
                raise InUse(f"The resource is {resource.state}.")
            order = _order(user, resource, OrderKind.TERMINATE, key, fingerprint, {"before": resource.state})
            resource.state, resource.modified = ResourceState.TERMINATING, now()
            _announce(user, order)
            return order
    except IntegrityError:
        if earlier := _earlier(user, key, fingerprint):
            return earlier
        raise


def cancel(user: User, order_id: UUID) -> Order:
    """Take back an order that nobody works on yet. Raises NotFound, Forbidden, InUse."""
    access.require_order(user, get(user, order_id).project_id)
    with transaction():
        order = provisioning.lock(order_id)
        if order.state != OrderState.PENDING:
            raise InUse(f"The order is {order.state}; only a pending one can be canceled.")
        provisioning.cancel(order)
        audit.record("order_canceled", user, object_id=order.id, target_user_id=order.user_id)
    return order


def get(user: User, order_id: UUID) -> Order:
    """As it is now. Raises NotFound."""
    query = select(Order).where(Order.id == order_id, access.in_visible_project(user, Order.project_id))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("order")
    return found


def search(
    user: User,
    *,
    project_id: UUID | None = None,
    resource_id: UUID | None = None,
    states: Sequence[OrderState] = (),
    after: str | None = None,
    size: int = PAGE_LENGTH,
) -> Page[Order]:
    """The orders in the user's projects, the latest first. Raises Invalid."""
    query = select(Order).where(access.in_visible_project(user, Order.project_id))
    if project_id:
        query = query.where(Order.project_id == project_id)
    if resource_id:
        query = query.where(Order.resource_id == resource_id)
    if states:
        query = query.where(Order.state.in_(states))
    return page(query, {"created": Order.created}, "-created", after, size)


def count_active(user: User) -> int:
    """How many orders the user has under way."""
    mine = (Order.user_id == user.id, Order.state.in_([OrderState.PENDING, OrderState.EXECUTING]))
    return session.scalar(select(func.count()).where(*mine)) or 0


def _queue_up(user: User, draft: Draft) -> None:
    """Orders of one project are placed one after the other: names and quota are true until each is stored."""
    with suppress(NotFound, Invalid):  # then the order is refused, with all that is wrong with it
        locked = {"of": Project, "key_share": True}
        session.get(Project, plans.project_of(user, draft).id, with_for_update=locked, populate_existing=True)


def _place(user: User, draft: Draft, key: str, fingerprint: str) -> Order:
    plan = plans.check(user, draft)
    if plan.problems or plan.project is None or plan.offering is None:
        raise OrderRefused(plan.problems)
    _take(plan.project, plan.takes)
    resource = Resource(
        id=new_id(),
        project_id=plan.project.id,
        offering_id=plan.offering.id,
        created_by_id=user.id,
        name=draft.name.strip(),
        state=ResourceState.CREATING,
        flavor=plan.flavor.name if plan.flavor else "",
        image=plan.image.name if plan.image else "",
        network=plan.network.name if plan.network else "",
        ssh_key_name=plan.ssh_key.name if plan.ssh_key else "",
        cores=plan.takes.get(Component.CORES, 0),
        ram=plan.takes.get(Component.RAM, 0),
        storage=plan.takes.get(Component.STORAGE, 0),
        price=plan.price,
        project=plan.project,
        offering=plan.offering,
    )
    session.add(resource)
    wish = {**draft.as_json(), "public_key": plan.ssh_key.public_key if plan.ssh_key else ""}
    order = _order(user, resource, OrderKind.CREATE, key, fingerprint, wish)
    _announce(user, order)
    return order


def _take(project: Project, takes: Mapping[Component, int]) -> None:
    """Count what is ordered against the quota; the store compares, whoever else has ordered meanwhile."""
    for component, amount in takes.items():
        row = (ProjectQuota.project_id == project.id, ProjectQuota.component == component)
        fits = ProjectQuota.most.is_(None) | (ProjectQuota.used + amount <= ProjectQuota.most)
        taken = session.execute(update(ProjectQuota).where(*row, fits).values(used=ProjectQuota.used + amount))
        if taken.rowcount:  # type: ignore[attr-defined]
            continue
        if session.scalar(select(ProjectQuota.used).where(*row)) is not None:
            text = f"The quota of {project.name} has no room for {plans.amount(component, amount)} of {component}."
            raise OrderRefused([Problem("quota", "exceeded", text)])
        session.add(ProjectQuota(project_id=project.id, component=component, used=amount))


def _order(
    user: User, resource: Resource, kind: OrderKind, key: str, fingerprint: str, wish: Mapping[str, Any]
) -> Order:
    order = Order(
        id=new_id(),
        kind=kind,
        state=OrderState.PENDING,
        user_id=user.id,
        project_id=resource.project_id,
        resource_id=resource.id,
        resource=resource,
        idempotency_key=key,
        fingerprint=fingerprint,
        wish=dict(wish),
        progress="Waiting",
    )
    session.add(order)
    session.flush()
    return order


def _announce(user: User, order: Order) -> None:
    audit.record("order_placed", user, object_id=order.id, target_user_id=user.id, kind=order.kind)
    after_commit(provisioning.wake)


def _earlier(user: User, key: str, fingerprint: str) -> Order | None:
    """The order that this key has placed. Raises KeyReused, Invalid."""
    if not 1 <= len(key) <= KEY_LENGTH:
        raise Invalid(f"An order needs a key of 1 to {KEY_LENGTH} characters.", "key")
    found = session.scalar(select(Order).where(Order.user_id == user.id, Order.idempotency_key == key))
    if found and found.fingerprint != fingerprint:
        raise KeyReused("This key has placed another order before.")
    return found


def _fingerprint(kind: OrderKind, wish: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps([kind, wish], option=orjson.OPT_SORT_KEYS)).hexdigest()
