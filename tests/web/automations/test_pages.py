"""The pages of automations: who gets which, what they say, what their forms do."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask import Flask
from sqlalchemy import func, select

from chatapp import tools
from chatapp.core import exports, leaving, threads
from chatapp.db import release, session
from chatapp.models import AuditRecord, Automation, AutomationRun
from chatapp.tools import Call, Tool, schema
from chatapp.values import BlockKey, ToolResult
from tests.automations.making import gate, make, step, work
from tests.people import PASSWORD, People
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor

ADD = '/tool calculate {"expression": "2 + 3"}'


@pytest.fixture
def add_tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """One more tool for everybody."""

    def add(name: str, properties: dict[str, Any], result: ToolResult, required: tuple[str, ...] = ()) -> list[Any]:
        given: list[Any] = []

        def run(call: Call) -> ToolResult:
            given.append(dict(call.arguments))
            return result

        built_in, added = tools.built_in, Tool(name, "", schema(properties, required), run, crystallizable=True)
        monkeypatch.setattr(tools, "built_in", lambda: [*built_in(), added])
        return given

    return add


def start(browser: Visitor, automation_id: UUID, key: str = "k", **inputs: str) -> UUID:
    """A run, by the form; its id."""
    names = {name.replace("__", "."): value for name, value in inputs.items()}
    response = browser.post(f"/automations/{automation_id}/run/", data={"key": key} | names)
    assert response.status_code == 303, response.text
    return UUID(response.location.strip("/").rpartition("/")[2])


def run_page(browser: Visitor, run_id: UUID) -> Element:
    return browser.page(f"/automations/runs/{run_id}/").find("main")


def states(page: Element) -> list[str]:
    return [each.attributes["data-state"] for each in page.all(class_="state")]


def events(app: Flask) -> list[str]:
    release()
    return list(session.scalars(select(AuditRecord.event).order_by(AuditRecord.id)))


def test_a_conversation_is_saved_from_its_menu_and_found_again(ana: Visitor, app: Flask) -> None:
    empty = ana.page("/automations/").find("main").text
    assert "You have no automations yet" in empty and "Save as automation" in empty
    idle = ana.answer("hello").thread_id
    used = ana.answer(f"{ADD}\n/tool current_time").thread_id
    page = ana.page("/chat/")
    assert "data-automatable" not in page.find("li", data_thread=str(idle)).attributes
    assert "data-automatable" in page.find("li", data_thread=str(used)).attributes
    assert "Save as automation" not in ana.get(f"/chat/{idle}/options/").text
    assert "Save as automation" in ana.get(f"/chat/{used}/options/").text
    assert ana.post(f"/chat/{idle}/automation/").status_code == 409

    saved = ana.post(f"/chat/{used}/automation/")
    assert saved.status_code == 303
    shown = ana.page(saved.location).find("main")
    assert [title.text for title in shown.all(class_="step-title")] == ["1 Calculate", "2 Current time"]
    assert "2 + 3" in shown.find("dl").text
    assert "result may differ each time" in shown.text
    ana.post(f"{saved.location}describe/", data={"name": "Sums and time", "description": ""})
    again = ana.post(f"/chat/{used}/automation/")
    assert again.location == saved.location, "it has another name now, and is the same"
    assert "an automation already" in ana.page(again.location).text

    row = ana.page("/automations/").find("main")
    assert "2 steps" in row.text and "Never run" in row.text
    assert row.has("a", href=f"/chat/{used}/")
    assert events(app).count("automation_created") == 1


def test_the_diagram_says_what_follows_what(ana: Visitor, people: People) -> None:
    steps = (step(), gate('Allow a "thing"]; <b>evil</b>?'), step("current_time", {}, deterministic=False))
    page = ana.page(f"/automations/{make(people.ana, *steps)}/")
    source = page.find("mermaid-diagram").text
    assert "s1 --> s2" in source and "s2 --> s3" in source
    assert 's2{{"2 · Allow a thing b evil b ?"}}' in source
    assert re.search(r's3\["3 · Current time<br/>result may differ"\]\n *style s3 stroke-dasharray', source)
    assert "<b>evil" not in str(page.find("ol", class_="steps")).replace("&lt;b&gt;evil", "")


def test_nobody_else_finds_any_of_it(ana: Visitor, ben: Visitor, people: People, app: Flask) -> None:
    automation_id = make(people.ana)
    run_id = start(ana, automation_id, step_1__expression="1")
    for address in (
        f"/automations/{automation_id}/",
        f"/automations/{automation_id}/run/",
        f"/automations/runs/{run_id}/",
    ):
        assert ben.get(address).status_code == 404
    for address in ("describe", "state", "delete", "run"):
        data = {"name": "x", "state": "active"}
        assert ben.post(f"/automations/{automation_id}/{address}/", data=data).status_code == 404, address
    for address in ("approve", "reject", "cancel"):
        assert ben.post(f"/automations/runs/{run_id}/{address}/").status_code == 404, address
    assert "Sums" not in ben.page("/automations/").find("main").text


def test_a_run_goes_past_its_gate_and_shows_what_came_out(ana: Visitor, people: People, app: Flask) -> None:
    thread_id = threads.create(people.ana.user, "Before").id
    renaming = step("rename_thread", {"title": "Moon base", "threadId": str(thread_id)})
    run_id = start(
        ana,
        make(people.ana, step(), gate(), renaming),
        step_1__expression="10 + 1",
        step_3__title="Moon base",
        step_3__threadId=str(thread_id),
    )
    page = run_page(ana, run_id)
    assert states(page) == ["pending", "pending", "pending", "pending"]
    poll = page.find(id="run").attributes["hx-get"]
    again = parse(ana.get(poll, headers=HTMX).text).find(id="run").attributes["hx-get"]
    assert ana.get(again, headers=HTMX).status_code == 204, "nothing has changed"

    work(app)
    news = parse(ana.get(again, headers=HTMX).text)
    assert news.find(id="status").text == "The run waits for you"
    assert "hx-get" not in news.find(id="run").attributes, "nothing is asked while a person has to decide"
    assert states(news) == ["awaiting_approval", "completed", "awaiting_approval", "pending"]
    assert "10 + 1 = 11" in news.text and '"result": 11' in news.text

    assert ana.post(f"/automations/runs/{run_id}/approve/", data={"reason": "fine"}).status_code == 303
    work(app)
    page = run_page(ana, run_id)
    assert states(page) == ["completed"] * 4
    assert "Reason: fine" in page.text
    release()
    assert threads.get_own(people.ana.user, thread_id).title == "Moon base"
    late = ana.post(f"/automations/runs/{run_id}/reject/", follow_redirects=True)
    assert "The run waits for no decision." in late.text
    assert "completed" in ana.page("/automations/").find("main").text


def test_a_run_is_rejected_or_cancelled(ana: Visitor, people: People, app: Flask) -> None:
    automation_id = make(people.ana, gate(), step())
    rejected, cancelled = (start(ana, automation_id, key, step_2__expression="1") for key in ("a", "b"))
    work(app)
    ana.post(f"/automations/runs/{rejected}/reject/", data={"reason": ""})
    ana.post(f"/automations/runs/{cancelled}/cancel/")
    assert states(run_page(ana, rejected)) == ["rejected", "rejected", "skipped"]
    assert states(run_page(ana, cancelled)) == ["cancelled", "cancelled", "skipped"]


def test_a_form_sent_twice_starts_one_run(ana: Visitor, people: People, app: Flask) -> None:
    automation_id = make(people.ana)
    key = ana.page(f"/automations/{automation_id}/run/").find("input", name="key").attributes["value"]
    found: list[UUID] = []
    clicks = [
        threading.Thread(target=lambda: found.append(start(ana, automation_id, key, step_1__expression="1 + 1")))
        for _ in range(3)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join(60)
    assert len(found) == 3 and len(set(found)) == 1
    assert start(ana, automation_id, key, step_1__expression="1 + 2") != found[0], "filled in again, it is another wish"
    assert events(app).count("automation_run_started") == 2


def test_the_form_is_filled_in_by_the_schema_and_says_what_is_wrong(
    ana: Visitor, people: People, app: Flask, add_tool: Any
) -> None:
    properties = {
        "userName": {"type": "string", "minLength": 3, "maxLength": 20, "description": "Who it is."},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "ratio": {"type": ["number", "null"]},
        "size": {"enum": ["small", "large"]},
        "quick": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "pin": {"type": "string", "writeOnly": True},
    }
    given = add_tool("order", properties, ToolResult.success("done"), ("userName", "count"))
    frozen = {"userName": "ana", "count": 2, "size": "large", "quick": True, "tags": ["a", "b"], "pin": None}
    automation_id = make(people.ana, step("order", frozen, needsInput=True))
    form = ana.page(f"/automations/{automation_id}/run/").find("form", class_="run-form")
    values = {each.attributes["name"]: each.attributes.get("value") for each in form.all("input")}
    assert (values["step_1.userName"], values["step_1.count"], values["step_1.ratio"]) == ("ana", "2", "")
    pin = form.find(id="step_1.pin").attributes
    assert (pin["type"], "value" in pin, "required" in pin) == ("password", False, True)
    assert [option.text for option in form.find("select", id="step_1.size").all("option", selected="")] == ["large"]
    assert orjson.loads(form.find("textarea", id="step_1.tags").text) == ["a", "b"]

    wrong = {
        "userName": "an",
        "count": "two",
        "ratio": "1e999",
        "size": "huge",
        "quick": "maybe",
        "tags": "[",
        "pin": "",
    }
    response = ana.post(f"/automations/{automation_id}/run/", data=_named(wrong))
    assert response.status_code == 400
    page = parse(response.text)
    refused = {e.attributes["name"] for e in page.all(aria_invalid="true")}
    assert refused == {f"step_1.{name}" for name in set(wrong) - {"userName"}}
    assert page.find(id="step_1.count-note").text == "Please write a whole number."
    assert page.find(id="step_1.count").attributes["value"] == "two", "what was typed is still there"
    assert len(page.all(autofocus="")) == 1

    right = {"userName": "an", "count": "10", "ratio": "0.5", "size": "small", "quick": "", "tags": "", "pin": "four"}
    response = ana.post(f"/automations/{automation_id}/run/", data=_named(right))
    assert response.status_code == 400, "the schema has its say"
    assert {e.attributes["name"] for e in parse(response.text).all(aria_invalid="true")} == {
        "step_1.userName",
        "step_1.count",
    }
    run_id = start(
        ana, automation_id, **{f"step_1__{n}": v for n, v in (right | {"userName": "bob", "count": "3"}).items()}
    )
    assert "four" not in run_page(ana, run_id).text
    work(app)
    assert given == [{"userName": "bob", "count": 3, "ratio": 0.5, "size": "small", "pin": "four"}]
    release()
    assert session.get_one(AutomationRun, run_id).steps[0]["inputs"]["pin"] is None, "it is forgotten"


def _named(values: dict[str, str]) -> dict[str, str]:
    return {f"step_1.{name}": value for name, value in values.items()}


@pytest.mark.parametrize("text", ["a\x00b", '{"a": "\\u0000"}', "9" * 30, "x" * 70_000])
def test_nothing_that_is_typed_breaks_the_form(ana: Visitor, people: People, add_tool: Any, text: str) -> None:
    add_tool("anything", {"value": {}, "text": {"type": "string"}}, ToolResult.success("done"))
    automation_id = make(people.ana, step("anything", {}))
    for name in ("value", "text"):
        response = ana.post(f"/automations/{automation_id}/run/", data={f"step_1.{name}": text})
        assert response.status_code in (303, 400), name


def test_what_a_tool_shows_is_shown(ana: Visitor, people: People, app: Flask, add_tool: Any) -> None:
    links = {"links": [{"url": "/resources/", "label": "Resources", "variant": "primary"}]}
    add_tool("point", {}, ToolResult.success("<b>See</b>", [1], BlockKey.HOMEPORT_NAV, links))
    run_id = start(ana, make(people.ana, step("point", {}), step("gone", {"a": 1})))
    work(app)
    page = run_page(ana, run_id)
    assert page.has("a", href="/resources/")
    assert "&lt;b&gt;See&lt;/b&gt;" in ana.get(f"/automations/runs/{run_id}/").text
    assert "There is no tool gone for you any more." in page.text
    assert states(page) == ["failed", "completed", "failed"]


def test_a_wish_that_cannot_be_met_ends_the_run_and_is_told(
    ana: Visitor, people: People, app: Flask, add_tool: Any
) -> None:
    add_tool("order", {}, ToolResult.invalid("There is no such flavor."))
    run_id = start(ana, make(people.ana, step("order", {}), step()), step_2__expression="1")
    work(app)
    page = run_page(ana, run_id)
    assert states(page) == ["failed", "failed", "skipped"]
    assert page.find("li", data_step="step_1").text.count("There is no such flavor.") == 1


def test_it_is_described_paused_and_deleted(ana: Visitor, people: People, app: Flask) -> None:
    base = f"/automations/{make(people.ana)}/"
    refused = ana.post(f"{base}describe/", data={"name": " ", "description": "x" * 2001})
    assert refused.status_code == 400
    assert parse(refused.text).find("input", id="name").attributes["aria-invalid"] == "true"
    ana.post(f"{base}describe/", data={"name": "Weekly <sum>", "description": "First\r\nsecond"})
    page = ana.page(base).find("main")
    assert page.find("h1").text == "Weekly <sum>" and "First\nsecond" in page.find(class_="about").text
    ana.post(f"{base}state/", data={"state": "active"})
    ana.post(f"{base}state/", data={"state": "paused"})
    assert not ana.page(base).has("a", href=f"{base}run/")
    assert "paused" in ana.post(f"{base}run/", data={"step_1.expression": "1"}, follow_redirects=True).text
    assert ana.post(f"{base}state/", data={"state": "error"}).status_code == 400
    assert ana.post(f"{base}delete/").location == "/automations/"
    assert ana.get(base).status_code == 404
    assert events(app).count("automation_deleted") == 1


def test_many_are_on_several_pages(ana: Visitor, people: People) -> None:
    for number in range(31):
        make(people.ana, name=f"Number {number}")
    first = ana.page("/automations/").find("main")
    assert len(first.find("ul").all("li")) == 30
    assert [a.text for a in first.find("ul").all("a")][0] == "Number 30"
    assert "Number 0" in ana.page("/automations/?page=2").find("main").text
    assert (
        ana.get("/automations/?page=0").status_code
        == ana.get("/automations/?page=99999999999999999999").status_code
        == 200
    )


def test_the_archive_of_everything_holds_them_without_secrets(
    ana: Visitor, people: People, app: Flask, add_tool: Any
) -> None:
    add_tool("log_in", {"pin": {"type": "string", "writeOnly": True}}, ToolResult.success("in"))
    automation_id = make(people.ana, step("log_in", {"pin": None}, needsInput=True))
    done = start(ana, automation_id, "a", step_1__pin="four-four")
    work(app)
    waiting = start(ana, automation_id, "b", step_1__pin="five-five")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(exports.everything(people.ana.id))))
    [name] = [name for name in archive.namelist() if name.startswith("automations/")]
    text = archive.read(name)
    assert {run["id"] for run in orjson.loads(text)["runs"]} == {str(done), str(waiting)}
    assert b"four-four" not in text and b"five-five" not in text
    assert orjson.loads(text)["steps"][0]["kind"] == "log_in"


def test_who_leaves_takes_them_along(ana: Visitor, people: People) -> None:
    start(ana, make(people.ana), step_1__expression="1")
    leaving.delete_own(people.ana.user, "ana", PASSWORD)
    release()
    for model in (Automation, AutomationRun):
        assert session.scalar(select(func.count()).select_from(model)) == 0


def test_nothing_is_run_for_an_account_that_is_disabled(ana: Visitor, people: People, app: Flask) -> None:
    run_id = start(ana, make(people.ana), step_1__expression="1")
    user = people.ana.user
    user.is_active = False
    session.commit()
    work(app)
    release()
    assert session.get_one(AutomationRun, run_id).error == {
        "code": "account_disabled",
        "message": "The account is disabled.",
    }
