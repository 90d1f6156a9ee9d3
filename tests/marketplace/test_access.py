"""Who sees what: members their own, strangers nothing, support everything, and only staff change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from chatapp.db import db, new_id, session
from chatapp.errors import ChatError, Forbidden, InUse, Invalid, NotFound
from chatapp.market import Component, InvoiceState, ResourceState
from chatapp.marketplace import (
    access,
    catalogue,
    credits,
    invoices,
    maintenance,
    orders,
    organizations,
    overview,
    resources,
    yaml_files,
)
from chatapp.marketplace.maintenance import KINDS
from chatapp.marketplace.resources import ResourceFilter
from chatapp.models import Membership, User
from tests.marketplace.cloud import Cloud, people_of


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ChatError as error:
        return type(error)


def changes(cloud: Cloud, user: User) -> list[Callable[[], Any]]:
    """Everything that only staff may do."""
    resource_id = cloud.people and resources.search(cloud.people.stan.user).items[0].id
    membership = session.query(Membership).first()
    assert membership
    flavor = {"slug": "x", "name": "X", "cores": "1", "ram": "1"}
    return [
        lambda: organizations.set_quota(user, cloud.web, Component.RAM, 5),
        lambda: organizations.add_member(user, "ben", "manager", project_id=cloud.web),
        lambda: organizations.remove_member(user, membership.id),
        lambda: credits.grant(user, 100, project_id=cloud.web),
        lambda: invoices.charge(user, resource_id, 100),
        lambda: invoices.set_state(user, new_id(), InvoiceState.PAID),
        lambda: resources.pause(user, resource_id, "why"),
        lambda: resources.resume(user, resource_id),
        lambda: maintenance.create(user, KINDS["flavor"], flavor, cloud.machines),
        lambda: maintenance.change(user, KINDS["project"], cloud.web, {"slug": "w", "name": "W"}),
        lambda: maintenance.delete(user, KINDS["category"], cloud.category),
        lambda: yaml_files.load(user, "categories: []"),
    ]


def test_only_staff_change_the_marketplace(cloud: Cloud, stranger: User) -> None:
    cloud.run()
    for who, user in {**people_of(cloud), "stranger": stranger}.items():
        if who != "staff":
            assert [outcome(call) for call in changes(cloud, user)] == [Forbidden] * 12, who


def test_members_see_their_own_and_support_sees_all(cloud: Cloud, stranger: User) -> None:
    cloud.run()
    seen = {}
    for who, user in {**people_of(cloud), "stranger": stranger}.items():
        seen[who] = (
            [o.slug for o in organizations.page_of_organizations(user).items],
            [p.slug for p in organizations.page_of_projects(user).items],
            len(resources.search(user).items),
            len(orders.search(user).items),
        )
    own, everything = (["acme"], ["web"], 1, 1), (["acme", "other"], ["dark", "web"], 1, 1)
    assert seen == {
        "manager": own,
        "member": own,
        "owner": own,
        "support": everything,
        "staff": everything,
        "stranger": ([], [], 0, 0),
    }


def test_projects_to_order_in_are_those_where_one_may(cloud: Cloud) -> None:
    found = {
        who: [p.slug for p in organizations.page_of_projects(user, to_order=True).items]
        for who, user in people_of(cloud).items()
    }
    assert found == {"manager": ["web"], "member": [], "owner": ["web"], "support": [], "staff": ["dark", "web"]}


def test_what_is_foreign_is_not_found(cloud: Cloud) -> None:
    ana = cloud.people.ana.user
    for call in (
        lambda: organizations.get_project(ana, cloud.dark),
        lambda: organizations.get_organization(ana, cloud.other),
        lambda: organizations.quota(ana, cloud.dark),
        lambda: organizations.members(ana, project_id=cloud.dark),
        lambda: organizations.members(ana, organization_id=cloud.other),
        lambda: organizations.find_project(ana, "dark"),
        lambda: credits.of_project(ana, cloud.dark),
        lambda: credits.of_organization(ana, cloud.other),
        lambda: credits.of_organization(ana, cloud.acme),  # a manager of a project is not an owner
        lambda: invoices.of_organization(ana, cloud.other),
        lambda: catalogue.get(ana, cloud.draft_offering),
    ):
        assert outcome(call) is NotFound


def test_drafts_are_for_staff_and_support(cloud: Cloud) -> None:
    seen = {who: len(catalogue.search(user).items) for who, user in people_of(cloud).items()}
    assert seen == {"manager": 2, "member": 2, "owner": 2, "support": 3, "staff": 3}
    assert [count for _, count in catalogue.categories(cloud.people.ana.user)] == [2]


def test_the_overview_of_a_person_is_for_those_who_help(cloud: Cloud) -> None:
    cloud.run()
    for helper in (cloud.people.stan.user, cloud.people.sue.user):
        found = overview.of_user(helper, "ANA")
        assert [role.role for role in found.roles] == ["manager"]
        assert found.resources == {ResourceState.OK: 1}
    assert outcome(lambda: overview.of_user(cloud.people.ana.user, "ana")) is Forbidden


def test_filters_narrow_and_never_widen(cloud: Cloud) -> None:
    ana = cloud.people.ana.user
    cloud.run("alpha")
    cloud.run("Ärmel", offering_id=cloud.service)
    cloud.order("beta")

    def names(**wanted: Any) -> list[str]:
        return [r.name for r in resources.search(ana, ResourceFilter(**wanted), sort="name").items]

    assert names() == ["alpha", "beta", "Ärmel"]
    assert names(text="ÄRM") == ["Ärmel"]
    assert names(text="%") == []
    assert names(states=[ResourceState.CREATING]) == ["beta"]
    assert names(project_id=cloud.dark) == []
    assert names(organization_id=cloud.acme) == names(category_id=cloud.category) == names()
    assert names(category_id=new_id()) == []


def test_a_list_is_read_page_by_page_without_gaps(cloud: Cloud) -> None:
    ana = cloud.people.ana.user
    for number in range(5):
        cloud.order(f"vm-{number}")
    for sort in resources.SORTS:
        for sign in ("", "-"):
            after, names = None, []
            while True:
                page = resources.search(ana, sort=sign + sort, after=after, size=2)
                names += [resource.name for resource in page.items]
                after = page.next
                if after is None:
                    break
            assert sorted(names) == [f"vm-{n}" for n in range(5)], sort
    for wrong in ("x", "é", "W10", "WyJhIiwgMV0"):
        with pytest.raises(Invalid):
            resources.search(ana, after=wrong)
    assert outcome(lambda: resources.search(ana, sort="password")) is Invalid


def test_a_list_takes_as_many_queries_for_many_as_for_one(app: Flask, cloud: Cloud) -> None:
    ana = cloud.people.ana.user

    def queries() -> int:
        session.expunge_all()
        told: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: told.append(args[2]))
        for resource in resources.search(ana).items:
            assert resource.project.organization.name and resource.offering.category.name
        for order in orders.search(ana).items:
            assert order.resource.project.name
        return len(told)

    cloud.order("one")
    alone = queries()
    for number in range(4):
        cloud.order(f"vm-{number}")
    assert queries() == alone


def test_owners_see_what_is_paid(cloud: Cloud) -> None:
    stan, owner = cloud.people.stan.user, cloud.owner.user
    resource_id = cloud.run()
    credits.grant(stan, 1500, organization_id=cloud.acme)
    credits.grant(stan, 1200, project_id=cloud.web)
    first = invoices.charge(stan, resource_id, 1000)
    second = invoices.charge(stan, resource_id, 1000)
    assert (first.compensated, second.compensated) == (1000, 500)
    found = invoices.of_organization(owner, cloud.acme).items
    view = invoices.get(owner, found[0].id)
    assert (view.total, view.compensated, view.to_pay) == (2000, 1500, 500)
    own = credits.of_organization(owner, cloud.acme).own
    assert own and own.balance == 0
    overdrawn = credits.overdrawn(cloud.people.ben.user).items
    assert [credit.balance for credit in overdrawn] == [-800]
    moved = [movement.amount for movement in credits.movements(cloud.people.ana.user, overdrawn[0].id).items]
    assert moved == [-1000, -1000, 1200]
    assert own.id not in {credit.id for credit in overdrawn}
    assert outcome(lambda: credits.movements(cloud.people.ana.user, own.id)) is NotFound
    invoices.set_state(stan, found[0].id, InvoiceState.ISSUED)
    assert outcome(lambda: invoices.charge(stan, resource_id, 1)) is InUse
    assert access.may_order(owner, cloud.web)


@pytest.mark.parametrize("role", ["owner", "boss", ""])
def test_a_project_has_no_such_role(cloud: Cloud, role: str) -> None:
    with pytest.raises(Invalid):
        organizations.add_member(cloud.people.stan.user, "ben", role, project_id=cloud.web)
