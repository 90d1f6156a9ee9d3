"""Works on orders: claims one that is due, has its driver take a step, stores what it brought.

Any number of processes may do so. An order belongs to one of them for the length of a step: the claim is a row lock
that others skip, and who has lost it (its lease is void, its process is dead) stores nothing any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import case, or_, select, update

from chatapp import config
from chatapp.db import now, release, session, transaction
from chatapp.errors import NotFound
from chatapp.market import ACTIVE_ORDERS, Component, OrderKind, OrderState, ResourceState
from chatapp.marketplace import driver, resources
from chatapp.marketplace.driver import DriverError, Progress, Work
from chatapp.models import Order, ProjectQuota, Resource
from chatapp.stream import workers

Context = Callable[[], AbstractContextManager[Any]]

logger = structlog.get_logger(__name__)

LOOK_EVERY = 2.0  # seconds
TRIES = 5
INTERNAL = "Something went wrong while this was provisioned."

_news = threading.Event()


def start(context: Context, stop: threading.Event | None = None) -> threading.Thread:
    """Work on orders in the background, as long as the process lives or until `stop` is set and `wake` called."""
    ending = stop or threading.Event()
    thread = threading.Thread(target=_work, args=(context, ending), name="provisioning", daemon=True)
    thread.start()
    return thread


def wake() -> None:
    """There is a new order."""
    _news.set()


def run(worker: str) -> int:
    """Take a step with every order that is due; how many steps that were."""
    steps = 0
    while work := claim(worker):
        step(worker, *work)
        steps += 1
    return steps


def claim(worker: str) -> tuple[OrderKind, str, Work] | None:
    """An order that is due and that nobody works on is this worker's now; with its kind and its driver's name."""
    lapsed = now() - timedelta(seconds=config.current().lease_expiry)
    holders = select(Order.worker).where(Order.state.in_(ACTIVE_ORDERS), Order.worker.is_not(None)).distinct()
    dead = workers.dead_among(filter(None, session.scalars(holders).all()))
    free = or_(Order.worker.is_(None), Order.renewed_at < lapsed, Order.worker.in_(dead))
    due = select(Order).where(Order.state.in_(ACTIVE_ORDERS), Order.due_at <= now(), free)
    if session.scalar(due.with_only_columns(Order.id).limit(1)) is None:
        return None
    with transaction():
        order = session.scalar(
            due.order_by(Order.due_at, Order.id)
            .limit(1)
            .with_for_update(of=Order, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        if order is None:
            return None
        order.worker, order.renewed_at = worker, now()
        order.state, order.started_at = OrderState.EXECUTING, order.started_at or now()
        return OrderKind(order.kind), order.resource.offering.driver, _work_of(order)


def step(worker: str, kind: OrderKind, driver_name: str, work: Work) -> None:
    """Have the driver take one step, and store what it brought unless the order is somebody else's by now."""
    release()
    outcome: Progress | DriverError | None
    try:
        cloud = driver.choose(driver_name)
        outcome = cloud.create(work) if kind is OrderKind.CREATE else cloud.terminate(work)
    except DriverError as error:
        outcome = error
    except Exception:
        logger.exception("order.step_failed", order_id=str(work.order_id))
        outcome = None
    with transaction():
        order = lock(work.order_id)
        if order.worker != worker or order.state != OrderState.EXECUTING:
            return
        order.worker = order.renewed_at = None
        _store(order, outcome)


def cancel(order: Order) -> None:
    """Take back a locked order."""
    order.state, order.finished_at, order.progress = OrderState.CANCELED, now(), "Canceled"
    if order.kind == OrderKind.CREATE:
        _remove(order.resource)
    else:
        order.resource.state, order.resource.modified = ResourceState(order.wish["before"]), now()


def lock(order_id: UUID) -> Order:
    """For writing, with its resource. Raises NotFound."""
    order = session.get(Order, order_id, with_for_update={"of": Order}, populate_existing=True)
    if order is None:
        raise NotFound("order")
    resources.lock(order.resource_id)
    return order


def _store(order: Order, outcome: Progress | DriverError | None) -> None:
    if isinstance(outcome, DriverError):
        _fail(order, str(outcome))
    elif outcome is None:
        order.attempts += 1
        order.due_at = now() + timedelta(seconds=2**order.attempts)
        if order.attempts >= TRIES:
            _fail(order, INTERNAL)
    else:
        order.progress, order.percent, order.attempts = outcome.text, outcome.percent, 0
        order.memory, order.due_at = dict(outcome.memory), now() + timedelta(seconds=outcome.pause)
        order.resource.details = {**order.resource.details, **outcome.details}
        if outcome.is_done:
            _finish(order)


def _finish(order: Order) -> None:
    order.state, order.finished_at = OrderState.DONE, now()
    if order.kind == OrderKind.CREATE:
        _settle(order.resource, ResourceState.OK)
    else:
        _remove(order.resource)


def _fail(order: Order, reason: str) -> None:
    order.state, order.finished_at, order.error = OrderState.ERRED, now(), reason
    _settle(order.resource, ResourceState.ERRED, reason)


def _settle(resource: Resource, state: ResourceState, reason: str = "") -> None:
    resource.state, resource.reason, resource.modified = state, reason, now()


def _remove(resource: Resource) -> None:
    """It is no more: what it took of the quota is free again."""
    resource.state, resource.reason = ResourceState.TERMINATED, ""
    resource.terminated_at = resource.modified = now()
    for component, amount in (
        (Component.CORES, resource.cores),
        (Component.RAM, resource.ram),
        (Component.STORAGE, resource.storage),
    ):
        row = (ProjectQuota.project_id == resource.project_id, ProjectQuota.component == component)
        left = case((ProjectQuota.used > amount, ProjectQuota.used - amount), else_=0)
        session.execute(update(ProjectQuota).where(*row).values(used=left))


def _work_of(order: Order) -> Work:
    resource = order.resource
    return Work(
        order_id=order.id,
        resource_id=resource.id,
        name=resource.name,
        offering=resource.offering.slug,
        wish={name: value for name, value in order.wish.items() if name != "public_key"},
        details=resource.details,
        memory=order.memory,
        public_key=str(order.wish.get("public_key", "")),
    )


def _work(context: Context, stop: threading.Event) -> None:
    worker = workers.identity()
    while not stop.is_set():
        _news.clear()
        try:
            with context():
                run(worker)
                release()
        except Exception:
            logger.exception("provisioning.failed")
        _news.wait(LOOK_EVERY)
