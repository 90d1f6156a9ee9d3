"""The marketplace's pages: who gets which, what they do, what they say."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

from chatapp.db import new_id, release, session
from chatapp.market import Component, InvoiceState
from chatapp.marketplace import catalogue, credits, invoices, maintenance, orders, organizations, resources
from chatapp.marketplace.maintenance import KINDS
from chatapp.models import Order, Resource
from tests.marketplace.cloud import Cloud, limit, work
from tests.marketplace.test_orders import ED25519
from tests.web.marketplace.conftest import Enter
from tests.web.pages.dom import parse
from tests.web.pages.visitor import HTMX, Visitor

STAFF_ONLY = re.compile(r"pause|resume|quota|member|owner|grant|state|_thing|import")


@pytest.fixture
def bought(cloud: Cloud) -> dict[str, UUID]:
    """Ids of a resource and whatever belongs to it."""
    stan, resource_id = cloud.people.stan.user, cloud.run()
    credits.grant(stan, 500, organization_id=cloud.acme)
    credits.grant(stan, 5000, project_id=cloud.web)
    invoice_id = invoices.charge(stan, resource_id, 1000).invoice_id
    [order] = orders.search(stan).items
    membership = organizations.members(stan, project_id=cloud.web)[0]
    return {
        "resource_id": resource_id,
        "order_id": order.id,
        "invoice_id": invoice_id,
        "project_id": cloud.web,
        "organization_id": cloud.acme,
        "offering_id": cloud.machines,
        "membership_id": membership.id,
        "identity": cloud.machines,
        "category_id": cloud.category,
        "key_id": new_id(),
    }


def addresses(app: Flask, ids: dict[str, UUID]) -> Iterator[tuple[str, str, str]]:
    """Method, endpoint and address of every page and action."""
    urls = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("marketplace."):
            given = {name: "offering" if name == "word" else ids[name] for name in rule.arguments}
            for method in (rule.methods or set()) & {"GET", "POST"}:
                name = rule.endpoint.removeprefix("marketplace.")
                query = f"?parent={ids['category_id']}" if name.startswith("new") else ""
                yield method, name, urls.build(rule.endpoint, given, method=method) + query


def test_everybody_must_sign_in(app: Flask, bought: dict[str, UUID]) -> None:
    anybody = Visitor(app, app.response_class, use_cookies=True)
    found = list(addresses(app, bought))
    assert len(found) > 30
    for method, name, address in found:
        response = anybody.open(address, method=method)
        assert (response.status_code, response.location or "") >= (302, "/sign-in/"), name


def test_strangers_find_no_objects_and_nobody_but_staff_changes_things(
    app: Flask, cloud: Cloud, bought: dict[str, UUID], enter: Enter
) -> None:
    for who in ("ben", "sue"):
        for method, name, address in addresses(app, bought):
            if method == "POST" and STAFF_ONLY.search(name):
                response = enter(who).post(address, data={"reason": "x", "role": "member", "state": "paid"})
                assert response.status_code in (400, 403), (who, name, response.status_code)
    for person in (cloud.people.ana, cloud.people.ben):
        for role in organizations.roles_of(person.user):
            organizations.remove_member(cloud.people.stan.user, role.id)
    release()
    stranger = enter("ana")
    for method, name, address in addresses(app, bought):
        if method == "GET" and name in ("resource", "order", "project", "organization", "invoice"):
            assert stranger.get(address).status_code == 404, name
        if method == "POST" and name in ("terminate", "cancel"):
            assert stranger.post(address, data={"key": "k"}).status_code == 404, name
    assert session.get_one(Resource, bought["resource_id"]).state == "OK"


def test_every_page_opens_for_those_who_may(app: Flask, bought: dict[str, UUID], enter: Enter) -> None:
    pages = {
        who: {name: enter(who).get(address).status_code for m, name, address in addresses(app, bought) if m == "GET"}
        for who in ("stan", "sue", "ana")
    }
    assert {name for name, code in pages["stan"].items() if code != 200} == {"manage", "compare"}
    assert pages["sue"] == pages["stan"] | {"new_thing": 403}
    refused = {name for name, code in pages["ana"].items() if code not in (200, 302)}
    managing = {"manage_kind", "new_thing", "edit_thing", "yaml_page", "export_yaml"}
    assert refused == managing | {"compare", "invoice"}


def test_the_list_shows_states_and_asks_again_while_they_change(cloud: Cloud, enter: Enter) -> None:
    ana, order = enter("ana"), cloud.order("fresh")
    page = ana.page("/resources/")
    assert [row.text for row in page.all("th", scope="row")] == ["fresh"]
    assert page.find(class_="state").text == "Creating"
    poll = page.find(class_="resource-rows").attributes["hx-get"]
    rows = ana.get(poll, headers=HTMX)
    assert "Creating" in rows.text
    again = parse(rows.text).find(class_="resource-rows").attributes["hx-get"]
    assert ana.get(again, headers=HTMX).status_code == 204
    work()
    after = parse(ana.get(again, headers=HTMX).text)
    assert after.find(class_="state").text == "OK"
    assert "hx-get" not in after.find(class_="resource-rows").attributes
    assert "Done" not in ana.get(f"/orders/{order.id}/").text.partition("<main")[0]


def test_the_list_is_narrowed_by_the_names_of_the_chats_block(cloud: Cloud, enter: Enter) -> None:
    ana = enter("ana")
    for name in ("alpha", "beta"):
        cloud.run(name)
    cloud.order("gamma")

    def names(query: str) -> list[str]:
        return [row.text for row in parse(ana.get(f"/resources/list?{query}").text).all("th", scope="row")]

    assert names("") == ["gamma", "beta", "alpha"]
    assert names("state=OK&sort=name") == ["alpha", "beta"]
    assert names("state=OK&state=Creating&q=a&sort=name") == ["alpha", "beta", "gamma"]
    assert names(f"project_uuid={cloud.dark}") == []
    assert names(f"customer_uuid={cloud.acme}&category_uuid={cloud.category}") == ["gamma", "beta", "alpha"]
    assert names("project_uuid=nonsense&state=nonsense&sort=nonsense&page_size=nonsense") == names("")
    first = parse(ana.get("/resources/list?page_size=2&sort=name").text)
    following = first.find("nav", class_="paging").find("a").attributes
    assert names(following["href"].partition("?")[2]) == ["gamma"]
    assert ana.get("/resources/?after=rubbish").status_code == 400


def test_a_double_click_ends_a_machine_once(cloud: Cloud, enter: Enter) -> None:
    resource_id, ana = cloud.run(), enter("ana")
    key = ana.page(f"/resources/{resource_id}/").find("input", name="key").attributes["value"]
    first, second = (ana.post(f"/resources/{resource_id}/terminate/", data={"key": key}) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    other = ana.post(f"/resources/{resource_id}/terminate/", data={"key": "another"})
    assert other.status_code == 409


def test_members_who_only_look_have_no_buttons(cloud: Cloud, enter: Enter) -> None:
    resource_id = cloud.run()
    assert "Terminate" not in enter("ben").get(f"/resources/{resource_id}/").text
    assert "Terminate" in enter("ana").get(f"/resources/{resource_id}/").text


def test_a_reason_is_told_as_text(cloud: Cloud, enter: Enter) -> None:
    resource_id, stan = cloud.run(), enter("stan")
    stan.post(f"/resources/{resource_id}/pause/", data={"reason": "<script>alert(1)</script>"})
    page = enter("ana").get(f"/resources/{resource_id}/")
    assert "&lt;script&gt;alert(1)" in page.text
    stan.post(f"/resources/{resource_id}/resume/")
    assert resources.get(cloud.people.ana.user, resource_id).state == "OK"


def test_keys_are_added_and_removed(cloud: Cloud, enter: Enter) -> None:
    ana = enter("ana")
    refused = ana.post("/ssh-keys/", data={"public_key": "rubbish"})
    assert refused.status_code == 400
    assert parse(refused.text).find("textarea", id="public_key").attributes["aria-invalid"] == "true"
    page = parse(ana.post("/ssh-keys/", data={"public_key": ED25519}, follow_redirects=True).text)
    assert "ana@laptop" in page.find("main").text
    form = next(f for f in page.all("form") if f.attributes["action"].endswith("/remove/"))
    ana.post(form.attributes["action"])
    assert "ana@laptop" not in ana.page("/ssh-keys/").find("main").text


def test_prices_are_written_in_the_readers_language(cloud: Cloud, enter: Enter) -> None:
    ana = enter("ana")
    assert "€5.00" in ana.get("/catalogue/").text
    ana.post("/account/preferences/", data={"theme": "system", "locale": "de", "timezone": ""})
    assert "5,00\N{NO-BREAK SPACE}€" in ana.get("/catalogue/").text


def test_offerings_are_compared_side_by_side(cloud: Cloud, enter: Enter) -> None:
    ana = enter("ana")
    page = ana.page(f"/catalogue/compare/?offering={cloud.machines}&offering={cloud.service}")
    assert [head.text.strip() for head in page.all("th", scope="col")] == ["Machines", "Backup"]
    assert ana.get(f"/catalogue/compare/?offering={cloud.machines}").status_code == 400


def test_staff_keep_the_catalogue_by_forms(cloud: Cloud, enter: Enter) -> None:
    stan = enter("stan")
    address = f"/manage/flavor/new/?parent={cloud.machines}"
    refused = stan.post(address, data={"slug": "Tiny!", "name": "Tiny", "cores": "1"})
    assert refused.status_code == 400
    page = parse(refused.text)
    assert page.find("input", id="slug").attributes["aria-invalid"] == "true"
    assert page.find("input", id="name").attributes["value"] == "Tiny"
    made = stan.post(address, data={"slug": "tiny", "name": "Tiny", "cores": "1", "ram": "512", "price": "0.50"})
    assert made.status_code == 303
    assert stan.page(made.location).find("input", id="price").attributes["value"] == "0.50"
    stan.post(made.location + "delete/")
    assert len(catalogue.flavors(cloud.machines)) == 2
    assert stan.get("/manage/flavor/new/").status_code == 404
    assert stan.get("/manage/planet/").status_code == 404


def test_staff_keep_quotas_members_and_credits_on_the_projects_page(cloud: Cloud, enter: Enter) -> None:
    stan, base = enter("stan"), f"/projects/{cloud.web}/"
    assert stan.post(base + "quota/", data={"cores": "4", "ram": "", "storage": "0"}).status_code == 303
    assert [view.most for view in organizations.quota(cloud.people.stan.user, cloud.web)] == [4, None, 0]
    assert stan.post(base + "quota/", data={"cores": "-4"}).status_code == 400
    assert stan.post(base + "members/", data={"username": "nobody", "role": "member"}).status_code == 400
    assert stan.post(base + "members/", data={"username": "sue", "role": "member"}).status_code == 303
    for amount, status in (("100.50", 303), ("-0.50", 303), ("x", 400), ("0", 400)):
        assert stan.post(base + "credit/", data={"amount": amount}).status_code == status
    release()
    assert credits.of_project(cloud.people.ana.user, cloud.web).balance == 10_000
    page = enter("ana").get(base)
    assert "€100.00" in page.text and "Change the quota" not in page.text


def test_invoices_say_what_credit_has_paid(cloud: Cloud, bought: dict[str, UUID], enter: Enter) -> None:
    stan, address = enter("stan"), f"/invoices/{bought['invoice_id']}/"
    assert "To pay: €5.00" in stan.get(address).text
    assert stan.post(address + "state/", data={"state": "paid"}).status_code == 303
    release()
    assert invoices.get(cloud.people.stan.user, bought["invoice_id"]).invoice.state == InvoiceState.PAID


def test_a_file_is_given_and_taken(cloud: Cloud, enter: Enter) -> None:
    stan = enter("stan")
    text = stan.get("/manage/marketplace.yaml").text.replace("Machines", "Engines")
    file = (io.BytesIO(text.encode()), "marketplace.yaml")
    assert stan.post("/manage/yaml/", data={"file": file}).status_code == 303
    assert maintenance.get(cloud.people.stan.user, KINDS["offering"], cloud.machines).name == "Engines"
    refused = stan.post("/manage/yaml/", data={"text": "categories:\n  - slug: a"})
    assert refused.status_code == 400
    assert "line 2, categories[0].name" in refused.text
    assert stan.post("/manage/yaml/", data={"file": (io.BytesIO(b"\xff"), "x.yaml")}).status_code == 400


def test_a_pending_order_is_taken_back_on_its_page(cloud: Cloud, enter: Enter) -> None:
    limit(cloud.web, Component.RAM, 4096)
    order, ana = cloud.order(), enter("ana")
    assert "Cancel the order" in ana.get(f"/orders/{order.id}/").text
    assert "Cancel the order" not in enter("ben").get(f"/orders/{order.id}/").text
    assert ana.post(f"/orders/{order.id}/cancel/").status_code == 303
    release()
    assert session.get_one(Order, order.id).state == "canceled"
