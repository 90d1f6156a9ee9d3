"""Tools of MCP servers in answers: asked for, allowed or denied, and never a reason for an answer to fail."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from chatapp.core import approvals, exports
from chatapp.db import release, session
from chatapp.mcp import checking, servers
from chatapp.models import AuditRecord, McpServer, McpTool, Thread, Turn
from chatapp.tools import permitted
from chatapp.values import Event
from tests.mcp.conftest import Running, Site, added, open_to
from tests.mcp.server import INJECTION, TOKEN
from tests.people import People, Person
from tests.stream import grammar
from tests.stream.asking import ask, events_of, fresh, story_of, visible
from tests.stream.test_approvals import request_in, rest_of, waiting

ADD = '/tool t_add {"a":1,"b":2}'
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def outcome(events: Sequence[Event]) -> dict[str, Any]:
    [found] = [event.data for event in events if event.type.startswith("tool-output")]
    return dict(found)


def told(person: Person, text: str) -> dict[str, Any]:
    """What became of the one call of an answer, which is complete."""
    turn = ask(person, text).turn
    events = events_of(turn)
    assert story_of(turn).status == "completed"
    return outcome(events)


def test_a_call_is_asked_for_and_made_when_it_is_allowed(site: Site, running: Running) -> None:
    people = site()
    added(people, running.url)
    turn, events = waiting(people.stan, ADD)
    approvals.decide(people.stan.user, turn.id, request_in(events), True)
    rest = rest_of(turn, events)
    grammar.check([*events, *rest])
    assert outcome(rest)["output"] == {"type": "success", "summary": "3", "data": {"result": 3}}
    answer = visible(fresh(Thread, turn.thread_id))[1]
    assert [block["key"] for block in answer.blocks] == ["tool", "markdown"]


def test_a_denied_call_is_not_made(site: Site, running: Running) -> None:
    people = site()
    added(people, running.url)
    turn, events = waiting(people.stan, ADD)
    before = len(running.seen)
    approvals.decide(people.stan.user, turn.id, request_in(events), False, "Not now")
    assert outcome(rest_of(turn, events))["type"] == "tool-output-denied"
    assert fresh(Turn, turn.id).status == "completed"
    assert len(running.seen) == before


def test_a_server_that_was_switched_off_while_a_call_waited_is_not_asked(site: Site, running: Running) -> None:
    people = site()
    server = added(people, running.url)
    turn, events = waiting(people.stan, ADD)
    servers.switch(people.stan.user, server.id, False)
    approvals.decide(people.stan.user, turn.id, request_in(events), True)
    assert "any more" in outcome(rest_of(turn, events))["errorText"]


def test_calls_run_at_once_where_an_administrator_has_said_so(site: Site, running: Running) -> None:
    people = site()
    open_to(people, added(people, running.url, requires_approval=False), "everybody")
    assert told(people.ana, ADD)["output"]["data"] == {"result": 3}
    point = '{"start": {"x": 0, "y": 0}, "end": {"x": 3, "y": 4}}'
    assert told(people.ana, f"/tool t_distance {point}")["output"]["data"] == {"result": 5.0}
    assert "do not fit" in told(people.ana, '/tool t_distance {"start": {"x": 0}}')["errorText"]


@ON_SQLITE
def test_what_is_wrong_with_a_call_is_told_and_the_answer_goes_on(site: Site, started: dict[str, Running]) -> None:
    people, running = site(tool_timeout=2.0), started["json"].start()
    open_to(people, added(people, running.url, requires_approval=False), "everybody")
    assert "took too long" in told(people.ana, '/tool t_nap {"seconds": 60}')["errorText"]
    assert "too large" in told(people.ana, '/tool t_flood {"size": 2000000}')["errorText"]
    failed = told(people.ana, '/tool t_fail {"reason": "x"}')["output"]
    assert (failed["type"], "failed" in failed["summary"]) == ("validation_error", True)
    cut = told(people.ana, '/tool t_flood {"size": 100000}')["output"]
    assert cut["data"]["truncated"] and len(cut["summary"]) <= 500
    assert "cannot be" in told(people.ana, "/tool t_crash {}")["errorText"]
    assert told(people.ana, ADD)["errorText"] == "Test tools: It cannot be reached."
    checking.check(servers.every()[0].id)
    assert servers.every()[0].last_error == "It cannot be reached."
    assert "t_add" in permitted(people.ana.user)


def test_a_result_that_reads_like_an_attack_is_marked_and_nothing_writes_after_it_unasked(
    site: Site, running: Running
) -> None:
    people = site()
    server = added(people, running.url, requires_approval=False, trusts_hints=True)
    open_to(people, server, "everybody")
    turn, events = waiting(people.ana, '/tool t_gossip {}\n/tool t_echo {}\n/tool t_echo {"text": "hi"}')
    [gossip, *_] = [e.data for e in events if e.type.startswith("tool-output")]
    assert gossip["output"]["quarantined"] is True
    approvals.decide(people.ana.user, turn.id, request_in(events), False)
    rest_of(turn, events)
    # What only reads, as the server says and the administrator believes, goes on.
    story = story_of(ask(people.ana, f"/tool t_gossip {{}}\n{ADD}").turn)
    assert story.status == "completed"
    assert set(story.tools.values()) == {"tool-output-available"}


def test_a_read_only_hint_is_not_believed_by_itself(site: Site, running: Running) -> None:
    people = site()
    open_to(people, added(people, running.url, requires_approval=False), "everybody")
    waiting(people.ana, f"/tool t_gossip {{}}\n{ADD}")


def names(person: Person) -> set[str]:
    return {name for name in permitted(person.user) if name.startswith("t_")}


def test_each_role_has_the_tools_that_are_switched_on_for_it(site: Site, running: Running) -> None:
    people = site()
    server = added(people, running.url)
    assert names(people.stan) and not names(people.sue) and not names(people.ana)
    by_name = {tool.name: tool.id for tool in servers.get(server.id).tools}
    wishes = {"add": "everybody", "nap": "support", "count": "nobody"}
    servers.set_audiences(people.stan.user, server.id, {by_name[name]: group for name, group in wishes.items()})
    assert names(people.ana) == {"t_add"}
    assert names(people.sue) == {"t_add", "t_nap"}
    assert {"t_add", "t_nap", "t_echo"} <= names(people.stan) and "t_count" not in names(people.stan)
    assert "no tool" in told(people.ana, '/tool t_nap {"seconds": 0}')["errorText"]
    wish = servers.Wish("Test tools", "t", running.url, audience="staff")
    servers.change(people.stan.user, server.id, wish)
    assert not names(people.ana) and not names(people.sue) and "t_add" in names(people.stan)
    servers.switch(people.stan.user, server.id, False)
    assert not names(people.stan)


def test_what_reads_like_an_attack_is_offered_to_nobody(site: Site, running: Running) -> None:
    people = site()
    server = added(people, running.url)
    open_to(people, server, "everybody")
    assert "t_poisoned" not in names(people.stan)
    [poisoned] = [tool for tool in servers.get(server.id).tools if tool.name == "poisoned"]
    assert "reads like instructions" in poisoned.refusal
    assert all(INJECTION not in tool.description for tool in permitted(people.stan.user).values())


@ON_SQLITE
def test_a_tool_of_a_server_never_takes_the_name_of_one_that_comes_with_the_program(
    site: Site, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = site()
    added(people, running.url)
    own = permitted(people.stan.user)["calculate"]
    session.execute(McpTool.__table__.update().where(McpTool.name == "add").values(alias="calculate"))
    session.commit()
    assert permitted(people.stan.user)["calculate"] is own


def test_the_token_is_nowhere_but_at_the_server(
    site: Site, running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    people = site(log_level="DEBUG")
    server = added(people, running.url, requires_approval=False)
    open_to(people, server, "everybody")
    turn = ask(people.ana, f'/tool t_echo {{"text": "x {TOKEN[:6]}"}}\n/tool t_fail {{"reason": "no"}}').turn
    story_of(turn)
    release()
    archive = zipfile.ZipFile(io.BytesIO(b"".join(exports.everything(people.ana.id))))
    assert running.seen[-1]["authorization"] == f"Bearer {TOKEN}"
    stored = session.get_one(McpServer, server.id)
    audited = [record.details for record in session.scalars(select(AuditRecord))]
    texts = [
        stored.token,
        *(event.json for event in events_of(turn)),
        orjson.dumps(audited).decode(),
        *(archive.read(name).decode() for name in archive.namelist()),
        *capfd.readouterr(),
    ]
    assert all(TOKEN not in text for text in texts)


@ON_SQLITE
def test_a_server_on_this_machine_is_not_asked_unless_the_operator_says_so(site: Site, running: Running) -> None:
    people = site(mcp_allowed_hosts="")
    before = len(running.seen)
    assert "not public" in added(people, running.url).last_error
    assert "not public" in added(people, "http://[::1]:1/", "u").last_error
    assert "not public" in added(people, "http://169.254.169.254/latest/meta-data/", "v").last_error
    assert len(running.seen) == before


@ON_SQLITE
def test_no_turn_asks_a_server_for_its_list(site: Site, running: Running) -> None:
    people: People = site()
    added(people, running.url)
    before = len(running.seen)
    story_of(ask(people.stan, 'hello\n/tool search_tools {"categories": ["mcp"]}').turn)
    assert len(running.seen) == before
