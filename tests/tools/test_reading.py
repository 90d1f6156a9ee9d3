"""What the tools that read tell: amounts, names, the first of long lists, links to the pages."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from chatapp.db import new_id, now, transaction
from chatapp.market import Component, MemberRole, ResourceState
from chatapp.marketplace import credits, organizations
from chatapp.models import (
    Category,
    Credit,
    Flavor,
    InvoiceItem,
    Membership,
    Offering,
    Order,
    Organization,
    Project,
    Resource,
    ResourceUsage,
)
from chatapp.values import BlockKey, ResultType, ToolResult
from tests.marketplace.cloud import GIB
from tests.tools.worlds import World, call, cost

# The verbs beneath run on both databases; so do the tests of rights and costs.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def told(world: World, who: str, tool: str, **arguments: Any) -> ToolResult:
    result = call(world.people[who], tool, **arguments)
    assert result.type is ResultType.SUCCESS, result.summary
    return result


def refusal(world: World, who: str, tool: str, **arguments: Any) -> str:
    result = call(world.people[who], tool, **arguments)
    assert result.type is ResultType.ERROR, result
    return result.summary


def add_projects(world: World, number: int, organization_id: UUID | None = None) -> list[Project]:
    """Of Acme, each with an overdrawn credit and a machine, all of them ben's."""
    acme = organization_id or world.cloud.acme
    made = [Project(id=new_id(), slug=f"p-{n}", name=f"Extra {n:03}", organization_id=acme) for n in range(number)]
    with transaction() as session:
        session.add_all(made)
        session.flush()
        for project in made:
            session.add(Membership(user_id=world.people["member"].id, project_id=project.id, role=MemberRole.ADMIN))
            session.add(Credit(organization_id=acme, project_id=project.id, granted=100, balance=-100))
            session.add(machine(world, project.id, "vm"))
    return made


def machine(world: World, project_id: UUID, name: str) -> Resource:
    return Resource(
        id=new_id(),
        project_id=project_id,
        offering_id=world.cloud.machines,
        created_by_id=world.people["member"].id,
        name=name,
        state=ResourceState.OK,
    )


@ON_SQLITE
def test_projects_are_listed_with_what_one_is_in_them(world: World) -> None:
    [web] = told(world, "member", "list_projects").data["projects"]
    assert web == {
        "uuid": str(world.cloud.web), "name": "Project web", "organization": "Acme", "your_role": "member",
    }  # fmt: skip
    [web] = told(world, "owner", "list_projects", organization="ACME").data["projects"]
    assert web["your_role"] == "owner"
    assert told(world, "staff", "list_projects", search="dark").summary == "1 project: Project dark."
    [acme] = told(world, "owner", "list_organizations").data["organizations"]
    assert acme == {"uuid": str(world.cloud.acme), "name": "Acme", "your_role": "owner"}


@ON_SQLITE
def test_long_lists_are_cut_and_say_so(world: World) -> None:
    add_projects(world, 60)
    result = told(world, "member", "list_projects")
    assert (len(result.data["projects"]), result.data["more"]) == (50, True)
    assert result.summary.startswith("The first 50 projects: Extra 000, Extra 001")
    assert len(result.summary) < 200
    resources = told(world, "member", "get_project_resources")
    assert (len(resources.data["resources"]), resources.data["more"]) == (50, True)
    assert resources.summary.startswith("62 resources: ")
    overdrawn = told(world, "member", "list_overdrawn_projects")
    assert (len(overdrawn.data["projects"]), overdrawn.data["more"]) == (50, True)


@ON_SQLITE
def test_names_are_understood_as_people_say_them(world: World) -> None:
    for given in (str(world.cloud.web), "Project web", "WEB", "web", "ject w"):
        assert told(world, "member", "get_project_quota", project=given).data["uuid"] == str(world.cloud.web)
    extra = add_projects(world, 2)
    words = refusal(world, "member", "get_project_quota", project="extra")
    assert "More than one project" in words
    assert all(str(project.id) in words and f"{project.name} of Acme" in words for project in extra)
    assert refusal(world, "member", "get_project_quota", project="moon").startswith("There is no such project")
    same = refusal(world, "member", "explain_resource_paused_reason", resource="vm")
    assert "vm in Extra 000" in same


@ON_SQLITE
def test_whoever_is_in_more_than_one_place_finds_their_own(world: World) -> None:
    for given in ("ben", "Ben Birch", "birch", "ben@corp-mail.eu", str(world.people["member"].id)):
        assert told(world, "support", "get_user_overview", user=given).data["username"] == "ben"
    assert "sue (Sue Support)" in refusal(world, "staff", "get_user_overview", user="corp-mail")


@ON_SQLITE
def test_quotas_are_told_in_gibibytes(world: World) -> None:
    limit_of_storage(world, 100 * GIB)
    result = told(world, "member", "get_project_quota", project="web")
    assert result.data["quota"] == [
        {"component": "cores", "used": "2", "limit": "unlimited"},
        {"component": "ram", "used": "2 GiB", "limit": "unlimited"},
        {"component": "storage", "used": "20 GiB", "limit": "100 GiB", "left": "80 GiB"},
    ]
    assert "storage 20 GiB of 100 GiB" in result.summary


def limit_of_storage(world: World, most: int) -> None:
    organizations.set_quota(world.cloud.people.stan.user, world.cloud.web, Component.STORAGE, most)


@ON_SQLITE
def test_usage_is_summed_by_month(world: World) -> None:
    add_usage(world, world.paused, 100)
    result = told(world, "member", "get_resource_usage", project="web", months=1)
    assert [entry["cost"] for entry in result.data["months"]] == ["€10.00"]
    assert {(line["resource"], line["amount"]) for line in result.data["usage"]} == {("vm-1", "720 h"), ("vm-2", "1 h")}
    assert "€10.00" in result.summary
    one = told(world, "member", "get_resource_usage", resource="vm-2")
    assert [entry["cost"] for entry in one.data["months"]] == ["€1.00"]
    assert "No usage" in told(world, "stranger", "get_resource_usage").summary


def add_usage(world: World, resource_id: UUID, cost: int) -> None:
    with transaction() as session:
        month = now().date().replace(day=1)
        session.add(ResourceUsage(resource_id=resource_id, month=month, component="cpu", amount=1, unit="h", cost=cost))


@ON_SQLITE
def test_an_overdrawn_credit_is_explained(world: World) -> None:
    result = told(world, "member", "explain_project_credit_balance", project="web")
    assert result.summary == (
        "Credit of Project web: -€8.45 left of €15.00 granted: it is overdrawn, and nothing new can be ordered until "
        "more is granted."
    )
    assert [(each["kind"], each["amount"]) for each in result.data["movements"]] == [
        ("compensation", "-€23.45"),
        ("grant", "€15.00"),
    ]
    assert told(world, "member", "list_overdrawn_projects").summary == "1 project overdrawn: Project web (-€8.45)."
    assert told(world, "staff", "list_overdrawn_projects", organization="Other").summary == "no projects overdrawn."


@ON_SQLITE
def test_what_expires_and_what_nobody_counts_is_said(world: World) -> None:
    stan = world.cloud.people.stan.user
    assert "no credit of its own" in told(world, "staff", "explain_project_credit_balance", project="dark").summary
    credits.grant(stan, 5_000, project_id=world.cloud.dark, expires_on=date(2020, 1, 1))
    result = told(world, "staff", "explain_project_credit_balance", project="dark")
    assert "expired on 2020-01-01" in result.summary
    assert result.data["expired"] is True


@ON_SQLITE
def test_amounts_are_written_as_their_reader_writes_them(world: World) -> None:
    with transaction():
        world.cloud.people.ben.user.locale = "de"
    assert "-8,45\xa0€" in told(world, "member", "list_overdrawn_projects").summary


@ON_SQLITE
def test_why_something_is_paused_is_told(world: World) -> None:
    result = told(world, "member", "explain_resource_paused_reason", resource="vm-2")
    assert result.summary == "vm-2 is Paused: The bill of September has not been paid."
    assert result.data["project_credit"]["overdrawn"] is True
    assert told(world, "member", "explain_resource_paused_reason", resource="vm-1").summary == (
        "vm-1 is not paused: it is OK."
    )


@ON_SQLITE
def test_an_invoice_says_what_credit_has_paid(world: World) -> None:
    result = told(world, "owner", "explain_invoice_compensations", organization="acme", month="2026-10")
    assert result.summary == (
        "Invoice of Acme for 2026-10 (open): €23.45 consumed, €23.45 paid by credit, €0.00 to pay."
    )
    [item] = result.data["items"]
    assert (item["project"], item["price"], item["paid_by_credit"]) == ("Project web", "€23.45", "€23.45")
    assert "€976.55 left of €1,000.00 granted" in result.data["organization_credit"]
    assert told(world, "owner", "explain_invoice_compensations", organization="acme").data == result.data
    missing = refusal(world, "owner", "explain_invoice_compensations", organization="acme", month="2020-01")
    assert missing == "Acme has no invoice of that month."
    assert "Only the owners" in refusal(world, "manager", "explain_invoice_compensations", organization="acme")
    never = refusal(world, "owner", "explain_invoice_compensations", organization="acme", month="0000-01")
    assert "no invoice" in never


@ON_SQLITE
def test_an_organizations_credit_is_told_with_its_shares(world: World) -> None:
    result = told(world, "owner", "get_customer_credit_overview", organization="Acme")
    assert result.data["credit"]["balance"] == "€976.55"
    assert result.data["not_shared_out"] == "€976.55"
    assert "Shares left: Project web -€8.45." in result.summary
    assert "has no credit" in told(world, "staff", "get_customer_credit_overview", organization="Other").summary


@ON_SQLITE
def test_a_person_is_seen_with_what_they_have(world: World) -> None:
    credits.grant(world.cloud.people.stan.user, 100_000, project_id=world.cloud.web)
    world.cloud.order("vm-3")
    data = told(world, "support", "get_user_overview", user="ana").data
    assert data["roles"] == [{"role": "manager", "organization": "Acme", "project": "Project web"}]
    assert data["resources_by_state"] == {"OK": 1, "Paused": 1, "Creating": 1}
    assert (data["orders_under_way"], data["latest_orders"][0]["resource"]) == (1, "vm-3")
    assert data["credits"] == [{"of": "Project web", "balance": "€991.55"}]
    assert (data["conversations"]["threads"], data["conversations"]["flagged_by_guards"]) == (0, 0)
    assert set(data["tokens"]) == {"daily", "weekly", "monthly"}
    assert (
        told(world, "staff", "get_user_overview", user="stan").summary
        == "stan (Stan Staff), staff: sees every project."
    )


@ON_SQLITE
def test_the_live_list_is_a_signal(world: World) -> None:
    wanted = {"project_uuid": str(world.cloud.web), "state": ["OK", "Paused"]}
    result = told(world, "member", "display_user_resources", **wanted)
    assert (result.ui_component, result.ui_data, result.data) == (BlockKey.RESOURCE_LIST, wanted, None)
    assert "vm-1" not in result.summary
    assert cost(lambda: told(world, "member", "display_user_resources")) <= cost(
        lambda: told(world, "member", "calculate", expression="1")
    )
    for wrong in ({"state": ["Flying"]}, {"project_uuid": "web"}, {"customer_uuid": f"{world.cloud.acme}x"}):
        assert "do not fit" in refusal(world, "member", "display_user_resources", **wrong)


@ON_SQLITE
def test_offerings_are_found_with_links_to_their_pages(world: World) -> None:
    result = told(world, "stranger", "search_offerings", search="machines")
    assert result.summary == "1 offering: Machines (from €10.00 a month)."
    assert result.ui_component is BlockKey.HOMEPORT_NAV
    assert result.ui_data == {
        "links": [
            {
                "label": "Machines",
                "url": f"/catalogue/{world.cloud.machines}/",
                "subtitle": "Compute, from €10.00 a month",
            }
        ]
    }
    nothing = told(world, "stranger", "search_offerings", search="submarine")
    assert (nothing.summary, nothing.ui_component) == ("No offering is like that.", None)


@ON_SQLITE
def test_at_most_six_links_are_shown(world: World) -> None:
    add_offerings(world, 30)
    result = told(world, "stranger", "search_offerings", category="compute", search="another")
    links = result.ui_data["links"]
    assert [link["label"] for link in links[:2]] == ["Another 00", "Another 01"]
    assert len(links) == 6
    assert links[5] == {
        "label": "All in the catalogue",
        "url": f"/catalogue/?q=another&category={world.cloud.category}",
        "variant": "secondary",
    }
    assert len(links[0]["description_excerpt"]) <= 140
    assert (len(result.data["offerings"]), result.data["more"]) == (20, True)


def add_offerings(world: World, number: int) -> None:
    with transaction() as session:
        category = Category(id=new_id(), slug=f"c-{number}", name=f"Category {number}")
        session.add(category)
        for n in range(number):
            offering = Offering(
                id=new_id(),
                category_id=world.cloud.category,
                slug=f"o-{number}-{n}",
                name=f"Another {n:02}",
                kind="machine",
                description="Words about it. " * 20,
            )
            session.add(offering)
            session.flush()
            session.add(Flavor(offering_id=offering.id, slug="s", name="S", cores=1, ram=GIB, disk=GIB, price=100 + n))


@ON_SQLITE
def test_an_offering_is_told_in_full(world: World) -> None:
    result = told(world, "stranger", "get_offering", offering="machines")
    assert result.data["flavors"][0] == {
        "name": "Small", "cores": 1, "memory": "1 GiB", "disk": "10 GiB", "price": "€10.00 a month",
    }  # fmt: skip
    assert result.data["networks"][0]["default"] is True
    assert result.summary == (
        "Machines (active): from €10.00 a month; flavors Small, Large; images Debian 13, Windows Server."
    )


@ON_SQLITE
def test_offerings_are_compared_with_a_link_to_the_page(world: World) -> None:
    pair = [str(world.cloud.machines), str(world.cloud.service)]
    result = told(world, "stranger", "compare_offerings", offerings=["machines", "Backup"])
    assert [entry["name"] for entry in result.data["offerings"]] == ["Machines", "Backup"]
    assert result.ui_data["links"][0]["url"] == f"/catalogue/compare/?offering={pair[0]}&offering={pair[1]}"
    assert "From 2 to 5" in refusal(world, "stranger", "compare_offerings", offerings=["Backup", "backup"])
    assert "not found" in refusal(world, "stranger", "compare_offerings", offerings=[pair[0], str(new_id())])


@ON_SQLITE
def test_categories_are_listed_with_how_much_is_in_them(world: World) -> None:
    result = told(world, "stranger", "list_categories")
    assert result.summary == "1 category: Compute (2)."
    assert result.ui_data["links"][0]["url"] == f"/catalogue/?category={world.cloud.category}"


LISTS: list[tuple[str, str, dict[str, Any]]] = [
    ("member", "list_organizations", {}),
    ("member", "list_projects", {"organization": "acme"}),
    ("member", "get_project_resources", {}),
    ("member", "get_resource_usage", {}),
    ("member", "list_overdrawn_projects", {}),
    ("owner", "get_customer_credit_overview", {"organization": "acme"}),
    ("owner", "explain_invoice_compensations", {"organization": "acme"}),
    ("support", "get_user_overview", {"user": "ben"}),
    ("stranger", "search_offerings", {}),
    ("stranger", "list_categories", {}),
    ("stranger", "get_offering", {"offering": "machines"}),
]


def test_a_list_costs_the_same_whatever_is_in_it(world: World) -> None:
    few = costs_of_lists(world)
    fill(world)
    assert costs_of_lists(world) == few


def costs_of_lists(world: World) -> dict[str, int]:
    return {tool: cost(lambda: told(world, who, tool, **arguments)) for who, tool, arguments in LISTS}  # noqa: B023


def fill(world: World) -> None:
    """More of everything that is listed."""
    other = Organization(id=new_id(), slug="zeta", name="Zeta")
    with transaction() as session:
        session.add(other)
    projects = add_projects(world, 7)
    with transaction() as session:
        session.add(Project(id=(third := new_id()), slug="z", name="Zz", organization_id=other.id))
        session.flush()
        session.add(Membership(user_id=world.people["member"].id, project_id=third, role=MemberRole.MEMBER))
        for n, project in enumerate(projects):
            resource = machine(world, project.id, f"more-{n}")
            session.add(resource)
            session.flush()
            session.add(InvoiceItem(invoice_id=world.invoice, project_id=project.id, name=f"item {n}", price=n))
            session.add(
                Order(
                    kind="create",
                    state="done",
                    user_id=world.people["member"].id,
                    project_id=project.id,
                    resource_id=resource.id,
                    idempotency_key=f"k{n}",
                    fingerprint="f",
                )
            )
            session.add(
                Flavor(offering_id=world.cloud.machines, slug=f"f{n}", name=f"F{n}", cores=1, ram=1, disk=1, price=n)
            )
        add_usage(world, resource.id, 5)
    add_offerings(world, 7)
