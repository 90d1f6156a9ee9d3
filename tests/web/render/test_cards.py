"""The blocks of the platform in each of their states, as they are kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chatapp.core import replies
from chatapp.web.render import ARCHIVED, PAST, READ_ONLY, WRITING, Situation, render_block
from chatapp.web.render.cards import MOST_PILLS, facts_of
from tests.web.pages.dom import Element, parse

ORDER = {"name": "web-1", "flavor": "small", "image": "Debian", "project": "Site", "organization": "Acme"}


OPEN = Situation.open(UUID(int=7))
ADDRESS = f"/chat/messages/{UUID(int=7)}/blocks/blk_0/reply/"
CLOSED = (READ_ONLY, ARCHIVED, PAST, WRITING)


def shown(key: str, situation: Situation = OPEN, **fields: Any) -> Element:
    return parse(render_block({"id": "blk_0", "key": key, "status": "complete", **fields}, situation))


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
    form = card.find("form", method="post", action=ADDRESS, hx_post=ADDRESS)
    assert [(b.text, b.attributes["value"]) for b in form.all("button")] == [("Create", "create"), ("Modify", "modify")]


@pytest.mark.parametrize("situation", CLOSED)
def test_where_nobody_can_answer_the_controls_are_disabled_and_say_why(situation: Situation) -> None:
    for card in (
        shown("vm_order", situation, order_status="preview", **ORDER),
        shown("vm_order", situation, order_status="project_form", projects=[]),
        shown("ask_user_form", situation, questions=[question(options=options(12))]),
    ):
        assert not card.has("form")
        assert card.has("fieldset", disabled="")
        assert situation.reason in card.text


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (replies.CREATE_ORDER, "You confirmed this."),
        (replies.MODIFY_ORDER, "You asked for a change."),
        ("What is the weather like?", "The conversation has gone on."),
    ],
)
def test_after_the_next_message_an_order_has_no_buttons(reply: str, told: str) -> None:
    card = shown("vm_order", Situation.over(reply), order_status="preview", **ORDER)
    assert not card.has("button")
    assert card.find(class_="card-reason").text == told


def test_an_order_that_was_made_has_its_number_and_no_buttons_but_copy() -> None:
    card = shown("vm_order", order_status="success", order_id="o-1", message="Done.", **ORDER)
    assert card.find("code").text == "o-1"
    assert [button.text for button in card.all("button")] == ["Copy"]
    assert card.find("a").attributes["href"] == "/orders/o-1/"
    assert "Done." in card.text
    assert not shown("vm_order", READ_ONLY, order_status="success", order_id="o-1").has("a")


@pytest.mark.parametrize(("status", "state"), [(None, "success"), ("preview", "preview")])
def test_an_order_with_a_number_can_no_longer_be_confirmed(status: str | None, state: str) -> None:
    card = shown("vm_order", order_status=status, order_id="o-1", **ORDER)
    assert card.find(role="figure").attributes["data-order-state"] == state
    assert not card.has("form")


def test_an_order_that_failed_says_why() -> None:
    card = shown("vm_order", error="No <quota>")
    assert card.find(class_="card-problem").text == "No <quota>"
    assert card.find(role="figure").attributes["data-order-state"] == "error"


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
    expected = ["Continue", "Modify"] if status == "form" else ["Continue"]
    assert [button.text for button in card.find("form", action=ADDRESS).all("button")] == expected


def test_a_list_of_resources_says_what_is_asked_for() -> None:
    assert "All resources that are not terminated." in shown("resource_list").text
    assert "that are OK, Erred, in one project." in shown("resource_list", state=["OK", "Erred"], project_uuid="1").text


def test_a_list_of_resources_is_fetched_where_it_is_ones_own() -> None:
    hints = {"project_uuid": "p 1", "state": ["OK", "Erred"]}
    query = "project_uuid=p+1&state=OK&state=Erred"
    for situation in (OPEN, Situation.over(), ARCHIVED, PAST):
        card = shown("resource_list", situation, **hints)
        assert card.find(class_="fetched").attributes["hx-get"] == f"/resources/list?page_size=10&{query}"
        assert card.find("a").attributes["href"] == f"/resources/?{query}"
    assert not shown("resource_list", WRITING, **hints).has(class_="fetched")
    stranger = shown("resource_list", READ_ONLY, **hints)
    assert not stranger.has(class_="fetched")
    assert not stranger.has("a")


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


LONG = MOST_PILLS + 1


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, ["text"]),
        ({"allowFreeText": False}, ["text"]),
        ({"options": options(2)}, ["radio", "radio", "text"]),
        ({"options": options(2), "multiSelect": True, "allowFreeText": False}, ["checkbox", "checkbox"]),
        ({"options": options(LONG), "allowFreeText": False}, ["search", *["radio"] * LONG]),
        ({"options": options(LONG), "multiSelect": True}, ["search", *["checkbox"] * LONG, "text"]),
    ],
)
def test_a_question_has_the_controls_that_fit(fields: dict[str, Any], kinds: list[str]) -> None:
    card = shown("ask_user_form", questions=[question(**fields)], context="First this.")
    form = card.find("answer-form").find("form", method="post", action=ADDRESS, hx_post=ADDRESS)
    assert [field.attributes["type"] for field in form.all("input")] == kinds
    assert {field.attributes.get("name") for field in form.all("input")} <= {"q0", "q0-own", None}
    assert "First this." in card.text
    assert "0 of 1 answered" in form.find(role="status").text


def test_a_form_that_was_used_shows_the_answers_and_nothing_to_use() -> None:
    asked = [question(header="Size", options=options(2)), {"id": "q1", "question": "Which name?"}]
    card = shown("ask_user_form", Situation.over('Size: Size 1. Which name?: "web-1".'), questions=asked)
    assert facts(card) == {"Size": "Size 1", "Which name?": "web-1"}
    assert "Sent" in card.text
    assert not card.has("form")
    assert not card.has("input")


def test_a_form_that_was_passed_over_is_shown_but_cannot_be_used() -> None:
    card = shown("ask_user_form", Situation.over("Never mind."), questions=[question(options=options(2))])
    assert not card.has("form")
    assert card.has("fieldset", disabled="")
    assert "The conversation has gone on." in card.text


NOTHING = {"id": "blk_0_r", "key": "markdown", "status": "complete", "content": ""}
CALL = {"call_id": "c1", "name": "plan_vm", "arguments": {"project_uuid": "p1", "x": None}, "summary": "Planned <b>"}


def test_a_tool_call_shows_its_result_and_quietly_the_call() -> None:
    order = {"id": "blk_0_r", "key": "vm_order", "status": "complete", **ORDER}
    card = shown("tool", tool=CALL, result=order)
    assert card.find(role="figure").attributes["data-block-id"] == "blk_0_r"
    assert card.has("form", action=ADDRESS.replace("blk_0", "blk_0_r"))
    details = card.find("details")
    assert details.find("summary").text == "Used plan_vm"
    assert facts(details) == {"Project uuid": "p1"}
    assert details.find("p").text == "Planned <b>"
    stranger = shown("tool", READ_ONLY, tool=CALL, result=order)
    assert stranger.find(class_="call").text == "Used plan_vm"
    assert "Planned" not in stranger.text


@pytest.mark.parametrize(
    ("mark", "told"),
    [("denied", "plan_vm was not allowed"), ("quarantined", "Used plan_vm contains what reads like instructions")],
)
def test_what_happened_to_a_call_is_marked(mark: str, told: str) -> None:
    for situation in (OPEN, READ_ONLY):
        assert told in shown("tool", situation, tool=CALL | {mark: True}, result=NOTHING).text


def test_a_tool_block_of_nothing_shows_nothing() -> None:
    assert shown("tool").text == shown("tool", result=NOTHING).text == ""


def test_arguments_are_read_as_people_read() -> None:
    arguments = {"threadId": "t", "system_volume_size": 10, "multiSelect": True, "states": ["a", 1], "deep": {"a": [1]}}
    assert facts_of(arguments) == [
        ("Thread id", "t"),
        ("System volume size", "10"),
        ("Multi select", "yes"),
        ("States", "a, 1"),
        ("Deep", '{"a":[1]}'),
    ]
    assert facts_of({"": "x", "none": None}) == [("", "x")]


def test_what_a_tool_says_is_text() -> None:
    evil = "<script>alert(1)</script>"
    for card in (
        shown("vm_order", **dict.fromkeys(ORDER, evil), order_status="preview"),
        shown("vm_order", error=evil),
        shown("resource_list", state=[evil]),
        shown("homeport_nav", content=evil, links=[{"label": evil, "url": "/x/", "subtitle": evil}]),
        shown("ask_user_form", context=evil, questions=[question(question=evil, options=[{"label": evil}])]),
        shown("tool", tool={"name": evil, "arguments": {evil: evil}, "summary": evil}),
    ):
        assert not card.has("script")
        assert evil in card.text
