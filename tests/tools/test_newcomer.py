"""What a newcomer can do with the offline model in plain words, and the same with a model that calls tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
import pytest
from flask import Flask

from bench.messages_script import Block, Script
from bench.messages_server import MessagesServer
from chatapp.marketplace import orders
from chatapp.models import Thread
from chatapp.values import Json
from tests import people as folk
from tests.marketplace import cloud as clouds
from tests.marketplace.cloud import Cloud, work
from tests.people import Person
from tests.stream.asking import ask, events_of, texts, visible

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def say(person: Person, text: str, thread: Thread | None = None) -> tuple[Thread, Json]:
    """The thread, and what the last answer's tool shows."""
    started = ask(person, text, thread)
    events_of(started.turn)
    blocks = visible(started.thread)[-1].blocks
    return started.thread, next((block["result"] for block in blocks if block["key"] == "tool"), {})


def headers(shown: Json) -> list[str]:
    return [question["header"] for question in shown.get("questions", [])]


def test_a_machine_is_ordered_in_plain_words(cloud: Cloud) -> None:
    ana = cloud.people.ana
    thread, shown = say(ana, "I want to order a VM")
    assert headers(shown) == ["Flavor", "Image"]
    _, shown = say(ana, "Flavor: Small. Image: Debian 13.", thread)
    assert headers(shown) == ["Name"]
    _, shown = say(ana, 'Name: "web-1".', thread)
    assert (shown["order_status"], shown["name"]) == ("preview", "web-1")
    _, shown = say(ana, "What can be changed?", thread)
    assert "flavor" in texts(thread)[-1]
    _, shown = say(ana, "Flavor: Large.", thread)
    assert (shown["order_status"], shown["flavor"]) == ("preview", "Large (8 vCPU, 32 GiB RAM)")
    _, shown = say(ana, "Yes, please create this VM.", thread)
    assert shown["order_status"] == "success"
    [order] = orders.search(ana.user).items
    assert str(order.id) == shown["order_id"]
    work()
    assert orders.get(ana.user, order.id).resource.state == "OK"


def test_a_person_with_several_projects_is_asked_for_one(cloud: Cloud) -> None:
    stan = cloud.people.stan
    thread, shown = say(stan, "Create a virtual machine please")
    assert headers(shown) == ["Project"]
    _, shown = say(stan, "Project: Project dark.", thread)
    assert headers(shown) == ["Flavor", "Image"]
    arguments = visible(thread)[-1].blocks[0]["tool"]["arguments"]
    assert arguments["project_name"] == "Project dark"


def test_a_form_about_other_things_is_not_taken_for_an_answer(cloud: Cloud) -> None:
    thread, _ = say(cloud.people.ana, "order a VM")
    say(cloud.people.ana, "Write a poem about the sea", thread)
    assert texts(thread)[-1] == "You said: Write a poem about the sea"


def test_what_one_has_and_what_there_is_are_shown(cloud: Cloud) -> None:
    ana = cloud.people.ana
    thread, shown = say(ana, "what is running in my projects")
    assert shown == {"id": "blk_0_r", "key": "resource_list", "status": "complete"}
    _, shown = say(ana, "show me the offerings", thread)
    assert [link["label"] for link in shown["links"]] == ["Backup", "Machines"]
    assert texts(thread)[-1] == "These are the offerings.\n\n- Backup\n- Machines"
    _, shown = say(ana, "which categories are there", thread)
    assert [link["label"] for link in shown["links"]] == ["Compute"]
    say(ana, "list my projects", thread)
    assert "- Project web" in texts(thread)[-1]


@ON_SQLITE
def test_the_same_conversation_with_a_model_that_calls_tools(make_app: Callable[..., Flask]) -> None:
    with MessagesServer() as server:
        make_app(anthropic_api_key="key", anthropic_base_url=server.url)
        cloud = clouds.build(folk.settle())
        ana, wish = cloud.people.ana, {"project_uuid": str(cloud.web), "flavor": "Small", "image": "Debian 13"}
        calls = _calls(("search_tools", {"categories": ["vm"]}), ("plan_vm", {}), ("plan_vm", wish),
                       ("plan_vm", wish | {"name": "web-1"}), ("create_vm", wish | {"name": "web-1"}))  # fmt: skip
        server.scripts = list(calls)
        thread, shown = say(ana, "Please order a VM for me")
        assert headers(shown) == []  # the first call only loads the tools
        assert headers(visible(thread)[-1].blocks[1]["result"]) == ["Flavor", "Image"]
        _, shown = say(ana, "Flavor: Small. Image: Debian 13.", thread)
        assert headers(shown) == ["Name"]
        _, shown = say(ana, "Name: web-1.", thread)
        assert shown["order_status"] == "preview"
        _, shown = say(ana, "Yes, please create this VM.", thread)
        assert shown["order_status"] == "success"
        assert [order.resource.name for order in orders.search(ana.user).items] == ["web-1"]


def _calls(*calls: tuple[str, Json]) -> Iterator[Script]:
    for number, (name, arguments) in enumerate(calls):
        block = Block("tool_use", orjson.dumps(arguments).decode(), f"toolu_{number}", name)
        yield Script(blocks=(block,), stop_reason="tool_use")
