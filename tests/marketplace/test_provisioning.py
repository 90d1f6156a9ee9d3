"""Orders are worked on by exactly one process at a time, survive restarts and failures, and end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from chatapp import config
from chatapp.db import now, release, rest, session, transaction
from chatapp.market import OrderKind, OrderState, ResourceState
from chatapp.marketplace import driver, orders, provisioning, resources
from chatapp.marketplace.driver import Progress, Work
from chatapp.models import Offering, Order
from chatapp.stream import workers
from tests.marketplace.cloud import Cloud, work
from tests.servers import wait_until


class Recorder:
    """A cloud that remembers its steps and does what the test wants."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []
        self.error: Exception | None = None

    def create(self, work: Work) -> Progress:
        step = int(work.memory.get("step", 0))
        self.steps.append((work.name, step))
        if self.error:
            raise self.error
        return Progress("Done" if step == 2 else "Working", 30 * step, is_done=step == 2, memory={"step": step + 1})

    def terminate(self, work: Work) -> Progress:
        return Progress("Gone", 100, is_done=True)


@pytest.fixture
def recorder(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Provisions the machines of the cloud."""
    recorder = Recorder()
    monkeypatch.setitem(driver._DRIVERS, "recorder", lambda: recorder)
    with transaction():
        session.execute(update(Offering).where(Offering.id == cloud.machines).values(driver="recorder"))
    yield recorder


def order_of(cloud: Cloud, order: Order) -> Order:
    """As everybody has left it."""
    rest()
    return orders.get(cloud.people.ana.user, order.id)


def make_due(order: Order) -> None:
    with transaction():
        session.execute(update(Order).where(Order.id == order.id).values(due_at=now()))


def test_a_machine_is_seen_coming_into_being(cloud: Cloud) -> None:
    order = cloud.order()
    seen = []
    while claimed := provisioning.claim("w"):
        provisioning.step("w", *claimed)
        found = order_of(cloud, order)
        seen.append((found.state, found.percent, found.progress))
    assert [percent for _, percent, _ in seen] == [20, 40, 60, 80, 100]
    assert len({progress for *_, progress in seen}) == 5
    assert [state for state, *_ in seen] == [OrderState.EXECUTING] * 4 + [OrderState.DONE]


def test_steps_continue_where_a_dead_process_has_stopped(cloud: Cloud, recorder: Recorder) -> None:
    order = cloud.order()
    provisioning.step("first", *provisioning.claim("first") or pytest.fail("nothing to do"))
    assert provisioning.claim("first") is not None  # and here it dies
    assert provisioning.claim("second") is None
    with transaction():
        long_ago = now() - timedelta(seconds=config.current().lease_expiry + 1)
        session.execute(update(Order).where(Order.id == order.id).values(renewed_at=long_ago))
    work()
    assert recorder.steps == [("vm-1", 0), ("vm-1", 1), ("vm-1", 2)]
    assert order_of(cloud, order).state == OrderState.DONE


def test_what_a_process_of_this_machine_held_is_free_when_it_is_dead(cloud: Cloud, recorder: Recorder) -> None:
    cloud.order()
    place = workers.identity().rsplit("|", 2)[0]
    assert provisioning.claim(f"{place}|4194304|1") is not None
    assert provisioning.run(workers.identity()) == 3


def test_who_has_lost_an_order_stores_nothing(cloud: Cloud, recorder: Recorder) -> None:
    order = cloud.order()
    claimed = provisioning.claim("slow") or pytest.fail("nothing to do")
    with transaction():
        session.execute(update(Order).where(Order.id == order.id).values(worker=None, renewed_at=None))
    assert provisioning.claim("quick") is not None
    provisioning.step("slow", *claimed)
    found = order_of(cloud, order)
    assert (found.worker, found.memory) == ("quick", {})


def test_many_workers_take_every_step_once(app: Flask, cloud: Cloud, recorder: Recorder) -> None:
    placed = [cloud.order(f"vm-{number}") for number in range(4)]

    def run(worker: str) -> None:
        with app.app_context():
            provisioning.run(worker)
            release()

    threads = [threading.Thread(target=run, args=(f"worker {n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    rest()
    work()
    assert {order_of(cloud, order).state for order in placed} == {OrderState.DONE}
    assert sorted(recorder.steps) == sorted((f"vm-{n}", step) for n in range(4) for step in range(3))


def test_a_refusal_of_the_cloud_is_told_and_the_rest_can_be_removed(cloud: Cloud) -> None:
    order = cloud.order("fail-1")
    work()
    found = order_of(cloud, order)
    assert (found.state, found.resource.state) == (OrderState.ERRED, ResourceState.ERRED)
    assert "No host" in (found.error or "")
    assert found.resource.reason == found.error
    orders.terminate(cloud.people.ana.user, found.resource_id, "end")
    work()
    assert resources.get(cloud.people.ana.user, found.resource_id).state == ResourceState.TERMINATED


def test_a_broken_driver_is_tried_again_and_given_up(cloud: Cloud, recorder: Recorder) -> None:
    order = cloud.order()
    recorder.error = ConnectionError("the cloud is away")
    work()
    found = order_of(cloud, order)
    assert (found.state, found.attempts) == (OrderState.EXECUTING, 1)
    assert found.due_at > now()
    recorder.error = None
    make_due(order)
    work()
    assert order_of(cloud, order).state == OrderState.DONE
    other = cloud.order("vm-2")
    recorder.error = ConnectionError("the cloud is away")
    for _ in range(provisioning.TRIES):
        make_due(other)
        work()
    found = order_of(cloud, other)
    assert (found.state, found.error) == (OrderState.ERRED, provisioning.INTERNAL)


def test_an_offering_that_nobody_provisions_errs(cloud: Cloud) -> None:
    with transaction():
        session.execute(update(Offering).values(driver="nobody"))
    order = cloud.order()
    work()
    assert order_of(cloud, order).state == OrderState.ERRED


def test_the_background_thread_works_as_soon_as_something_is_ordered(app: Flask, cloud: Cloud) -> None:
    stop = threading.Event()
    thread = provisioning.start(app.app_context, stop)
    try:
        order = cloud.order()
        wait_until(lambda: order_of(cloud, order).state == OrderState.DONE)
        assert order_of(cloud, order).kind == OrderKind.CREATE
    finally:
        stop.set()
        provisioning.wake()
        thread.join(10)
