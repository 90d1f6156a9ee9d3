"""Orders: once per key, refused with every problem, and never more than the quota has room for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chatapp.db import release, rest, session
from chatapp.errors import Forbidden, InUse, Invalid, KeyReused, NotFound, OrderRefused
from chatapp.market import Component, Draft, OrderKind, OrderState, ResourceState
from chatapp.marketplace import credits, orders, organizations, plans, resources, ssh_keys
from chatapp.models import AuditRecord, Order, Resource, User
from tests.marketplace.cloud import GIB, Cloud, limit, people_of, work

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqfKEqOXaDmPVCpyCZ0oL9nBPQbA3VQEn0aWUTxBR3D ana@laptop"


def problems(cloud: Cloud, **changes: Any) -> set[tuple[str, str]]:
    plan = plans.check(cloud.people.ana.user, cloud.draft(**changes))
    return {(problem.field, problem.code) for problem in plan.problems}


def used(cloud: Cloud) -> dict[str, int]:
    return {view.component: view.used for view in organizations.quota(cloud.people.stan.user, cloud.web)}


def at_once(app: Flask, number: int, call: Callable[[int], object]) -> list[object]:
    """What each of so many threads got, all of them let go at the same moment."""
    gate, results = threading.Barrier(number), [None] * number

    def run(index: int) -> None:
        with app.app_context():
            gate.wait(10)
            try:
                results[index] = call(index)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                results[index] = error
            release()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    rest()  # what this thread has read is older than what they have written
    return list(results)


def test_an_order_makes_a_resource_that_is_created_and_counts(cloud: Cloud) -> None:
    order = cloud.order()
    resource = resources.get(cloud.people.ben.user, order.resource_id)
    assert (order.state, resource.state) == (OrderState.PENDING, ResourceState.CREATING)
    assert (resource.flavor, resource.image, resource.network) == ("Small", "Debian 13", "Public")
    assert resource.price == 1000
    assert used(cloud) == {"cores": 1, "ram": GIB, "storage": 10 * GIB}
    work()
    resource = resources.get(cloud.people.ana.user, order.resource_id)
    assert resource.state == ResourceState.OK
    assert resource.details["address"].startswith("198.1")
    assert orders.get(cloud.people.ana.user, order.id).state == OrderState.DONE


def test_what_has_no_sizes_needs_a_name_only(cloud: Cloud) -> None:
    draft = Draft(project_name="project WEB", offering_id=cloud.service, name="Nightly backup")
    order = orders.place(cloud.people.ana.user, draft, "k")
    assert order.resource.price == 500
    assert used(cloud) == {"cores": 0, "ram": 0, "storage": 0}


def test_an_empty_draft_says_what_is_missing(cloud: Cloud) -> None:
    plan = plans.check(cloud.people.ana.user, Draft())
    assert [(p.field, p.code) for p in plan.problems] == [
        ("project", "missing"),
        ("offering", "missing"),
        ("name", "missing"),
    ]
    assert problems(cloud, flavor="", image="") == {("flavor", "missing"), ("image", "missing")}


MISFITS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"flavor": "huge"}, ("flavor", "unknown")),
    ({"image": "beos"}, ("image", "unknown")),
    ({"name": "-a"}, ("name", "malformed")),
    ({"name": "a b"}, ("name", "malformed")),
    ({"name": "x" * 64}, ("name", "malformed")),
    ({"ssh_key_name": "none"}, ("ssh_key_name", "unknown")),
    ({"system_volume_size": 2 * GIB}, ("system_volume_size", "too_small")),
    ({"system_volume_size": 2**40}, ("system_volume_size", "too_large")),
    ({"user_data": "x" * 20_000}, ("user_data", "too_large")),
    ({"image": "windows"}, ("flavor", "too_small")),
]


def test_what_does_not_fit_is_said_and_not_ordered(cloud: Cloud) -> None:
    for changes, problem in MISFITS:
        assert problems(cloud, **changes) == {problem}
        with pytest.raises(OrderRefused) as refused:
            orders.place(cloud.people.ana.user, cloud.draft(**changes), "k")
        assert problem in {(p.field, p.code) for p in refused.value.problems}
    assert session.scalar(select(func.count()).select_from(Resource)) == 0


def test_the_volume_is_as_large_as_flavor_or_image_want_it(cloud: Cloud) -> None:
    ana = cloud.people.ana.user
    assert plans.check(ana, cloud.draft()).volume == 10 * GIB
    assert plans.check(ana, cloud.draft(image="windows")).volume == 40 * GIB
    assert plans.check(ana, cloud.draft(flavor="LARGE", image="Windows Server")).can_be_ordered


def test_a_project_or_offering_that_one_does_not_see_is_unknown(cloud: Cloud) -> None:
    assert problems(cloud, project_id=cloud.dark) == {("project", "unknown")}
    assert problems(cloud, offering_id=cloud.draft_offering) == {("offering", "unknown")}


def test_a_name_is_free_again_when_its_resource_is_gone(cloud: Cloud) -> None:
    resource_id = cloud.run("vm-1")
    assert problems(cloud, name="VM-1") == {("name", "taken")}
    orders.terminate(cloud.people.ana.user, resource_id, "end")
    work()
    assert problems(cloud) == set()
    assert used(cloud) == {"cores": 0, "ram": 0, "storage": 0}


def test_ones_own_key_is_put_into_the_machine(cloud: Cloud) -> None:
    ssh_keys.add(cloud.people.ana.user, "Laptop", ED25519)
    order = cloud.order(ssh_key_name="laptop")
    assert order.resource.ssh_key_name == "Laptop"
    ben = cloud.people.ben.user
    assert ("ssh_key_name", "unknown") in {
        (p.field, p.code) for p in plans.check(ben, cloud.draft(ssh_key_name="laptop")).problems
    }


def test_an_overdrawn_or_poor_project_orders_nothing(cloud: Cloud) -> None:
    credits.grant(cloud.people.stan.user, 999, project_id=cloud.web)
    assert problems(cloud) == {("credit", "exceeded")}
    credits.grant(cloud.people.stan.user, 1, project_id=cloud.web)
    assert problems(cloud) == set()


def test_the_same_key_brings_the_same_order(cloud: Cloud) -> None:
    first = cloud.order()
    assert cloud.order().id == first.id
    work()
    assert cloud.order().id == first.id
    assert session.scalar(select(func.count()).select_from(Order)) == 1


def test_a_key_with_another_wish_is_refused(cloud: Cloud) -> None:
    ana = cloud.people.ana.user
    order = orders.place(ana, cloud.draft("a"), "k")
    with pytest.raises(KeyReused):
        orders.place(ana, cloud.draft("b"), "k")
    with pytest.raises(KeyReused):
        orders.terminate(ana, order.resource_id, "k")
    with pytest.raises(Invalid):
        orders.place(ana, cloud.draft("b"), "")


def test_the_key_of_somebody_else_is_not_mine(cloud: Cloud) -> None:
    first = orders.place(cloud.people.ana.user, cloud.draft("a"), "k")
    second = orders.place(cloud.owner.user, cloud.draft("b"), "k")
    assert first.id != second.id


def test_ten_clicks_at_once_order_once(app: Flask, cloud: Cloud) -> None:
    limit(cloud.web, Component.CORES, 1)  # room for one: losers must be told of the winner, not of the quota
    ana, draft = cloud.people.ana.user, cloud.draft()
    found = at_once(app, 10, lambda _: orders.place(ana, draft, "click").id)
    assert len(set(found)) == 1, found
    assert session.scalar(select(func.count()).select_from(Resource)) == 1
    assert used(cloud)["cores"] == 1


def test_ten_orders_at_once_never_exceed_the_quota(app: Flask, cloud: Cloud) -> None:
    limit(cloud.web, Component.CORES, 4)
    ana = cloud.people.ana.user
    found = at_once(app, 10, lambda n: orders.place(ana, cloud.draft(f"vm-{n}"), f"key {n}").id)
    refused = [result for result in found if isinstance(result, OrderRefused)]
    assert len(refused) == 6, found
    assert {problem.field for error in refused for problem in error.problems} == {"quota"}
    assert used(cloud)["cores"] == 4


def test_ten_orders_of_one_name_at_once_make_one(app: Flask, cloud: Cloud) -> None:
    ana, draft = cloud.people.ana.user, cloud.draft()
    found = at_once(app, 10, lambda n: orders.place(ana, draft, f"key {n}").id)
    assert sum(isinstance(result, OrderRefused) for result in found) == 9, found


def test_ten_terminations_at_once_are_one_order(app: Flask, cloud: Cloud) -> None:
    resource_id, ana = cloud.run(), cloud.people.ana.user
    found = at_once(app, 10, lambda n: orders.terminate(ana, resource_id, f"end {n % 2}").id)
    made = {result for result in found if not isinstance(result, Exception)}
    assert len(made) == 1, found
    assert all(isinstance(result, InUse) for result in found if result not in made), found


def test_a_pending_order_can_be_taken_back(cloud: Cloud) -> None:
    order = cloud.order()
    assert orders.cancel(cloud.people.ana.user, order.id).state == OrderState.CANCELED
    assert resources.get(cloud.people.ana.user, order.resource_id).state == ResourceState.TERMINATED
    assert used(cloud)["ram"] == 0
    work()
    with pytest.raises(InUse):
        orders.cancel(cloud.people.ana.user, order.id)


def test_taking_back_an_end_leaves_the_resource_as_it_was(cloud: Cloud) -> None:
    resource_id, ana, stan = cloud.run(), cloud.people.ana.user, cloud.people.stan.user
    resources.pause(stan, resource_id, "The bill is not paid.")
    order = orders.terminate(ana, resource_id, "end")
    orders.cancel(ana, order.id)
    resource = resources.get(ana, resource_id)
    assert (resource.state, resource.reason) == (ResourceState.PAUSED, "The bill is not paid.")


def test_nothing_else_happens_to_what_is_changing(cloud: Cloud) -> None:
    order = cloud.order()
    with pytest.raises(InUse):
        orders.terminate(cloud.people.ana.user, order.resource_id, "end")
    with pytest.raises(InUse):
        resources.pause(cloud.people.stan.user, order.resource_id, "why")


def test_owners_managers_and_staff_order(cloud: Cloud) -> None:
    for who in ("manager", "owner", "staff"):
        user, resource_id = people_of(cloud)[who], cloud.run(f"of-{who}")
        placed = orders.place(user, cloud.draft(), f"k {who}")
        orders.cancel(user, placed.id)
        assert orders.terminate(user, resource_id, f"end {who}").kind == OrderKind.TERMINATE


def test_members_and_support_only_look(cloud: Cloud) -> None:
    resource_id, order_id = cloud.run("running"), cloud.order("other").id
    for who in ("member", "support"):
        user = people_of(cloud)[who]
        with pytest.raises(OrderRefused) as refused:
            orders.place(user, cloud.draft(), "k")
        assert refused.value.problems[0].code == "forbidden"
        with pytest.raises(Forbidden):
            orders.terminate(user, resource_id, "end")
        with pytest.raises(Forbidden):
            orders.cancel(user, order_id)
        assert len(orders.search(user, project_id=cloud.web).items) == 2


def test_a_stranger_finds_nothing(cloud: Cloud, stranger: User) -> None:
    order = cloud.order()
    for call in (
        lambda: orders.get(stranger, order.id),
        lambda: orders.cancel(stranger, order.id),
        lambda: orders.terminate(stranger, order.resource_id, "end"),
        lambda: resources.get(stranger, order.resource_id),
        lambda: organizations.quota(stranger, cloud.web),
    ):
        with pytest.raises(NotFound):
            call()
    assert orders.search(stranger).items == []
    assert resources.search(stranger).items == []
    with pytest.raises(OrderRefused):
        orders.place(stranger, cloud.draft(), "k")


def test_orders_are_audited(cloud: Cloud) -> None:
    order = cloud.order()
    orders.cancel(cloud.people.ana.user, order.id)
    events = session.scalars(select(AuditRecord.event).where(AuditRecord.object_id == order.id)).all()
    assert sorted(events) == ["order_canceled", "order_placed"]
