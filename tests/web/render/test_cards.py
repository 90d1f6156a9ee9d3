"""The blocks of the platform in each of their states, as they are kept."""

from __future__ import annotations

from typing import Any

import pytest

from chatapp.web.render import render_block
from chatapp.web.render.cards import MOST_PILLS, READ_ONLY
from tests.web.pages.dom import Element, parse

ORDER = {"name": "web-1", "flavor": "small", "image": "Debian", "project": "Site", "organization": "Acme"}


def shown(key: str, **fields: Any) -> Element:
    return parse(render_block({"id": "blk_0", "key": key, "status": "complete", **fields}))


def facts(card: Element) -> dict[str, str]:
    return {div.find("dt").text: div.find("dd").text for div in card.find("dl").all("div")}


def test_an_order_is_previewed_with_everything_that_is_known() -> None:
    card = shown("vm_order", order_status="preview", **ORDER, network="lan", ssh_key_name="k", system_volume_size=10240)
    assert facts(card) == {
        "Name": "web-1",
        "Flavor": "small",
        "Image": "Debian",
        "Project": "Site",
        "Organization": "Acme",
        "Network": "lan",
        "SSH key": "k",
        "System volume": "10 GiB",
    }
    assert [button.text for button in card.find("fieldset").all("button")] == ["Create", "Modify"]
    assert "disabled" in card.find("fieldset").attributes
    assert READ_ONLY in card.text


def test_an_order_that_was_made_has_its_number_and_no_buttons_but_copy() -> None:
    card = shown("vm_order", order_status="success", order_id="o-1", message="Done.", **ORDER)
    assert card.find("code").text == "o-1"
    assert [button.text for button in card.all("button")] == ["Copy"]
    assert "Done." in card.text


@pytest.mark.parametrize(("status", "state"), [(None, "success"), ("preview", "preview")])
def test_an_order_with_a_number_can_no_longer_be_confirmed(status: str | None, state: str) -> None:
    card = shown("vm_order", order_status=status, order_id="o-1", **ORDER)
    assert card.find("section").attributes["data-order-state"] == state
    assert not card.has("fieldset")


def test_an_order_that_failed_says_why() -> None:
    card = shown("vm_order", error="No <quota>")
    assert card.find(class_="card-problem").text == "No <quota>"
    assert card.find("section").attributes["data-order-state"] == "error"


@pytest.mark.parametrize(
    ("status", "given", "options"),
    [
        ("project_form", {"projects": [{"uuid": "1", "name": "Site", "organization": "Acme"}]}, ["Site (Acme)"]),
        ("offering_form", {"offerings": [{"uuid": "1", "name": "Cloud"}]}, ["Cloud"]),
        (
            "form",
            {"flavors": [{"name": "s", "cores": 2, "ram": 1536}], "images": [{"name": "Debian"}]},
            ["s: 2 cores, 1.5 GiB", "Debian"],
        ),
        ("form", {}, []),
    ],
)
def test_the_older_forms_let_choose(status: str, given: dict[str, Any], options: list[str]) -> None:
    card = shown("vm_order", order_status=status, **given)
    assert [option.text for option in card.all("option")] == options
    assert [button.text for button in card.all("button")] == ["Continue"]


def test_a_list_of_resources_says_what_is_asked_for() -> None:
    assert "All resources that are not terminated." in shown("resource_list").text
    assert "that are OK, Erred, in one project." in shown("resource_list", state=["OK", "Erred"], project_uuid="1").text


def test_links_lead_to_the_web_or_this_site_only() -> None:
    urls = [
        "https://a.example/",
        "/here/",
        "javascript:alert(1)",
        "//evil.example",
        "data:text/html,x",
        " https://b",
        "",
    ]
    card = shown("homeport_nav", content="Go on", links=[{"label": "x", "url": url, "variant": "odd"} for url in urls])
    links = card.all("a")
    assert [link.attributes["href"] for link in links] == urls[:2]
    assert {link.attributes["rel"] for link in links} == {"noopener noreferrer"}
    assert {link.attributes["data-variant"] for link in links} == {"primary"}
    assert "Go on" in card.text


def test_without_links_nothing_is_shown() -> None:
    assert shown("homeport_nav", content="Nothing", links=[]).text == ""


def question(**fields: Any) -> dict[str, Any]:
    return {"id": "q0", "question": "Which size?", **fields}


def options(count: int) -> list[dict[str, str]]:
    return [{"id": f"q0o{number}", "label": f"Size {number}"} for number in range(count)]


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, ["text"]),
        ({"options": options(2)}, ["radio", "radio", "text"]),
        ({"options": options(2), "multiSelect": True, "allowFreeText": False}, ["checkbox", "checkbox"]),
        ({"options": options(MOST_PILLS + 1), "allowFreeText": False}, []),
    ],
)
def test_a_question_has_the_controls_that_fit(fields: dict[str, Any], kinds: list[str]) -> None:
    card = shown("ask_user_form", questions=[question(**fields)], context="First this.")
    assert [field.attributes["type"] for field in card.all("input")] == kinds
    assert card.has("select") is (len(fields.get("options", [])) > MOST_PILLS)
    assert "First this." in card.text
    assert "0 of 1 answered" in card.text
    assert READ_ONLY in card.text


def test_a_tool_call_shows_its_result_and_nothing_of_the_call() -> None:
    tool = {"call_id": "c1", "name": "plan_vm", "arguments": {"secret": "x"}, "summary": "Planned"}
    card = shown("tool", tool=tool, result={"id": "blk_0_r", "key": "vm_order", "status": "complete", **ORDER})
    assert card.find("section").attributes["data-block-id"] == "blk_0_r"
    assert "plan_vm" not in str(card)
    nothing = {"id": "blk_0_r", "key": "markdown", "status": "complete", "content": ""}
    assert shown("tool", tool=tool, result=nothing).text == shown("tool", tool=tool).text == ""


def test_what_a_tool_says_is_text() -> None:
    evil = "<script>alert(1)</script>"
    for card in (
        shown("vm_order", **dict.fromkeys(ORDER, evil), order_status="preview"),
        shown("vm_order", error=evil),
        shown("resource_list", state=[evil]),
        shown("homeport_nav", content=evil, links=[{"label": evil, "url": "/x/", "subtitle": evil}]),
        shown("ask_user_form", context=evil, questions=[question(question=evil, options=[{"label": evil}])]),
    ):
        assert not card.has("script")
        assert evil in card.text
