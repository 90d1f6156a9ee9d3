"""Planning and ordering a machine from a conversation (waldur section 9, cases 103 and 104)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chatapp.confirming import confirms
from chatapp.db import session, transaction
from chatapp.market import Component
from chatapp.marketplace import orders
from chatapp.models import Flavor, Order, Resource, Thread
from chatapp.values import Mode
from tests.marketplace.cloud import Cloud, limit
from tests.people import Person
from tests.stream.asking import ask, events_of, texts, visible

WISH = {
    "project_name": "Project web",
    "offering_uuid": "Machines",
    "flavor": "Small",
    "image": "Debian 13",
    "name": "web-1",
}
YES = "Yes, please create this VM."


def call(person: Person, tool: str, thread: Thread | None = None, text: str = "", **arguments: Any) -> Any:
    """What the tool shows in a turn: the result's block, or the error's text."""
    line = f"/tool {tool} {orjson.dumps(arguments).decode()}"
    started = ask(person, f"{text}\n{line}" if text else line, thread)
    for event in events_of(started.turn):
        if event.type == "tool-output-error":
            return started.thread, event.data["errorText"]
    [block] = [block for block in visible(started.thread)[-1].blocks if block["key"] == "tool"]
    return started.thread, block["result"]


def orders_of(person: Person) -> list[Order]:
    return list(orders.search(person.user).items)


def test_case_103_without_arguments_a_form_asks_for_what_is_missing(cloud: Cloud) -> None:
    thread, shown = call(cloud.people.stan, "plan_vm")
    assert (shown["key"], [q["header"] for q in shown["questions"]]) == ("ask_user_form", ["Project"])
    assert {option["label"] for option in shown["questions"][0]["options"]} == {"Project web", "Project dark"}
    assert texts(thread)[1] == ""  # the turn ended with the form
    [block] = visible(thread)[1].blocks
    assert block["tool"]["name"] == "plan_vm"
    assert block["result"]["questions"] == shown["questions"]


def test_what_goes_without_saying_is_not_asked(cloud: Cloud) -> None:
    _, shown = call(cloud.people.ana, "plan_vm")  # one project, one offering of machines
    assert [q["header"] for q in shown["questions"]] == ["Flavor", "Image"]
    assert shown["questions"][0]["options"][0] == {
        "id": "q0o0", "label": "Small", "description": "1 vCPU, 1 GiB RAM", "value": "small",
    }  # fmt: skip


def test_each_answer_leads_to_the_next_question_and_then_to_the_preview(cloud: Cloud) -> None:
    ana = cloud.people.ana
    _, shown = call(ana, "plan_vm", flavor="Small", image="Debian 13")
    assert shown["questions"][0]["header"] == "Name"
    assert "options" not in shown["questions"][0]
    thread, preview = call(ana, "plan_vm", **WISH)
    assert preview == {
        "id": "blk_0_r", "key": "vm_order", "status": "complete", "order_status": "preview", "name": "web-1",
        "flavor": "Small (1 vCPU, 1 GiB RAM)", "image": "Debian 13", "project": "Project web", "organization": "Acme",
        "project_uuid": str(cloud.web), "network": "Public", "system_volume_size": 10240,
    }  # fmt: skip
    assert orders_of(ana) == []


def test_a_flavor_too_small_for_the_image_is_asked_for_again(cloud: Cloud) -> None:
    _, shown = call(cloud.people.ana, "plan_vm", **WISH | {"image": "Windows Server"})
    assert [q["header"] for q in shown["questions"]] == ["Flavor"]
    assert "needs 4 GiB of memory" in shown["context"]


@pytest.mark.parametrize("flavor", ["Small", "small", "Small (1 vCPU, 1 GiB RAM)", "Mega (2 GPUs)"])
def test_a_flavor_may_be_named_as_it_is_shown(cloud: Cloud, flavor: str) -> None:
    with transaction():
        session.add(
            Flavor(offering_id=cloud.machines, slug="mega", name="Mega (2 GPUs)", cores=8, ram=65536, disk=10240)
        )
    _, shown = call(cloud.people.ana, "plan_vm", **WISH | {"flavor": flavor})
    assert shown["order_status"] == "preview"


@pytest.mark.parametrize(("name", "told"), [("-bad-", "hyphens"), ("x" * 64, "63")])
def test_a_bad_name_is_asked_for_again(cloud: Cloud, name: str, told: str) -> None:
    _, shown = call(cloud.people.ana, "plan_vm", **WISH | {"name": name})
    assert shown["questions"][0]["header"] == "Name"
    assert told in shown["context"]


def test_what_no_answer_can_change_is_an_error(cloud: Cloud) -> None:
    limit(cloud.web, Component.CORES, 0)
    _, shown = call(cloud.people.ana, "plan_vm", **WISH)
    assert shown["order_status"] == "error"
    assert "quota" in shown["error"]


def test_case_104_a_confirmed_preview_is_ordered(cloud: Cloud) -> None:
    ana = cloud.people.ana
    thread, _ = call(ana, "plan_vm", **WISH)
    _, shown = call(ana, "create_vm", thread, YES, **WISH)
    [order] = orders_of(ana)
    assert (shown["order_status"], shown["order_id"], shown["name"]) == ("success", str(order.id), "web-1")
    assert order.resource.project_id == cloud.web
    assert str(order.id) in visible(thread)[-1].blocks[-1]["tool"]["summary"]


@pytest.mark.parametrize("said", ["", "No, wait.", "What can be changed?", "Yes, but larger", "Tell me a joke"])
def test_nothing_is_created_without_a_yes(cloud: Cloud, said: str) -> None:
    ana = cloud.people.ana
    thread, _ = call(ana, "plan_vm", **WISH)
    _, shown = call(ana, "create_vm", thread, said, **WISH)
    assert (shown["order_status"], orders_of(ana)) == ("error", [])


def test_nothing_is_created_without_a_preview(cloud: Cloud) -> None:
    _, shown = call(cloud.people.ana, "create_vm", None, YES, **WISH)
    assert (shown["order_status"], orders_of(cloud.people.ana)) == ("error", [])


def test_a_model_cannot_confirm_its_own_preview(cloud: Cloud) -> None:
    ana, wish = cloud.people.ana, orjson.dumps(WISH).decode()
    started = ask(ana, f"{YES}\n/tool plan_vm {wish}\n/tool create_vm {wish}")
    events_of(started.turn)
    assert orders_of(ana) == []


@pytest.mark.parametrize("change", [{"flavor": "Large"}, {"name": "other"}, {"user_data": "#!/bin/sh"}])
def test_what_is_created_is_what_was_shown(cloud: Cloud, change: dict[str, str]) -> None:
    ana = cloud.people.ana
    thread, _ = call(ana, "plan_vm", **WISH)
    _, shown = call(ana, "create_vm", thread, YES, **WISH | change)
    assert (shown["order_status"], orders_of(ana)) == ("error", [])


def test_the_same_machine_may_be_named_otherwise(cloud: Cloud) -> None:
    ana = cloud.people.ana
    thread, _ = call(ana, "plan_vm", **WISH)
    ids = {"project_uuid": str(cloud.web), "offering_uuid": str(cloud.machines)}
    _, shown = call(ana, "create_vm", thread, YES, name="web-1", flavor="small", image="debian-13", **ids)
    assert shown["order_status"] == "success"


def test_asking_again_orders_once(cloud: Cloud) -> None:
    ana = cloud.people.ana
    thread, _ = call(ana, "plan_vm", **WISH)
    wish = orjson.dumps(WISH).decode()
    twice = ask(ana, f"{YES}\n/tool create_vm {wish}", thread)
    events_of(twice.turn)
    again = ask(ana, "", thread, mode=Mode.RELOAD)
    events_of(again.turn)
    assert len(orders_of(ana)) == 1
    assert visible(thread)[-1].blocks[-1]["result"]["order_status"] == "success"
    assert session.query(Resource).count() == 1


def test_a_member_who_may_not_order_gets_no_machine(cloud: Cloud) -> None:
    ben = cloud.people.ben
    _, told = call(ben, "plan_vm")
    assert "no project" in told
    _, shown = call(ben, "plan_vm", **WISH)
    assert shown["order_status"] == "error"
    assert orders.search(ben.user).items == []


def test_a_foreign_project_does_not_exist(cloud: Cloud) -> None:
    _, shown = call(cloud.people.ana, "plan_vm", **WISH | {"project_name": "Project dark"})
    assert [option["label"] for option in shown["questions"][0].get("options", [])] == []
    assert "dark" not in orjson.dumps(shown["questions"]).decode()


@pytest.mark.parametrize(
    "text",
    ["Yes", YES, "Go ahead!", "ok", "Ja, gerne", "да", "Proceed with creating the VM."],
)
def test_a_yes(text: str) -> None:
    assert confirms(text)


@pytest.mark.parametrize("text", ["", "no", "yes, but larger", "do not create it", "create it?", "nein", "Yes. " * 100])
def test_no_yes(text: str) -> None:
    assert not confirms(text)
