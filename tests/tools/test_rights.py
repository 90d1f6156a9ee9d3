"""A tool never reveals or changes what its user could not on the pages: every tool, everybody who can come by."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from chatapp import tools
from chatapp.core import artifacts, attachments, ingestion
from chatapp.db import session
from chatapp.marketplace import credits, resources
from chatapp.models import Thread
from chatapp.values import ResultType, ToolResult
from tests.stream.asking import ask, story_of
from tests.tools.worlds import World, call, converse, text_of

EVERYBODY = ("manager", "member", "owner", "support", "staff", "stranger")
INSIDERS = EVERYBODY[:-1]
OVERSEERS = ("support", "staff")
SECRET = "budget of the moon base"
FILED = "The base needs forty tons of ice."
BUYERS = ("manager", "owner", "staff")
BILL_READERS = ("owner", *OVERSEERS)


@dataclass(frozen=True)
class Row:
    """`who` gets a success in which `shows` stands, in a world where nothing has happened yet.

    For the others the call is refused or, unless `refuses`, finds nothing: then `shows` is not in it.
    """

    shows: str | Callable[[World], str]
    who: Iterable[str] = INSIDERS
    arguments: Callable[[World], dict[str, Any]] = lambda world: {}
    refuses: bool = True
    call: Callable[..., ToolResult] = call


def _web(world: World) -> dict[str, Any]:
    return {"project": str(world.cloud.web)}


def _acme(world: World) -> dict[str, Any]:
    return {"organization": "acme"}


def _rename(world: World) -> dict[str, Any]:
    [thread] = session.scalars(select(Thread).where(Thread.user_id == world.people["member"].id)).all()
    return {"threadId": str(thread.id), "title": "Another name"}


def _file(world: World) -> dict[str, Any]:
    """One that the member has attached, read in that conversation."""
    member = world.people["member"].user
    [thread] = session.scalars(select(Thread).where(Thread.user_id == member.id)).all()
    artifact = artifacts.upload(member, io.BytesIO(FILED.encode()), "notes.txt")
    ingestion.run_pending()
    attached, _ = attachments.create(member, thread.id, artifact.id)
    return {"attachmentId": str(attached.attachment.id), "thread": thread.id}


def _offerings(world: World) -> dict[str, Any]:
    return {"offerings": ["Machines", str(world.cloud.service)]}


def _machine(world: World) -> dict[str, Any]:
    """One that nobody has ordered yet, and credit for it."""
    credits.grant(world.people["staff"].user, 100_000, project_id=world.cloud.web)
    number = len(resources.search(world.people["staff"].user).items)
    return {
        "project_uuid": str(world.cloud.web),
        "offering_uuid": "Machines",
        "flavor": "Small",
        "image": "Debian 13",
        "name": f"new-{number}",
    }


ROWS = {
    "calculate": Row("42", EVERYBODY, lambda world: {"expression": "6 * 7"}),
    "current_time": Row("UTC", EVERYBODY),
    "search_threads": Row(SECRET, ["member"], lambda world: {"query": "moon"}, refuses=False),
    "rename_thread": Row("Another name", ["member"], _rename),
    "read_attachment": Row(FILED, ["member"], _file),
    "search_tools": Row("get_user_overview", OVERSEERS, lambda world: {"categories": ["account"]}, refuses=False),
    "ask_user": Row("Which colour?", EVERYBODY, lambda world: {"questions": [{"question": "Which colour?"}]}),
    "list_organizations": Row("Acme", refuses=False),
    "list_projects": Row(lambda world: str(world.cloud.web), refuses=False),
    "get_project_resources": Row(lambda world: world.address, arguments=_web),
    "get_project_quota": Row("Project web", arguments=_web),
    "get_resource_usage": Row("720 h", arguments=lambda world: {"resource": "VM-1"}),
    "explain_project_credit_balance": Row("overdrawn", arguments=_web),
    "list_overdrawn_projects": Row("Project web", refuses=False),
    "explain_resource_paused_reason": Row("has not been paid", arguments=lambda world: {"resource": str(world.paused)}),
    "explain_invoice_compensations": Row("23.45", BILL_READERS, _acme),
    "get_customer_credit_overview": Row("976.55", BILL_READERS, _acme),
    "get_user_overview": Row("ben@corp-mail.eu", OVERSEERS, lambda world: {"user": "ben"}),
    "display_user_resources": Row("Paused", EVERYBODY, lambda world: {"state": ["Paused"]}),
    "search_offerings": Row(lambda world: f"/catalogue/{world.cloud.draft_offering}/", OVERSEERS, refuses=False),
    "get_offering": Row("Soon", OVERSEERS, lambda world: {"offering": str(world.cloud.draft_offering)}),
    "list_categories": Row("Compute (3)", OVERSEERS, refuses=False),
    "plan_vm": Row("preview", BUYERS, _machine),
    "create_vm": Row("Ordered: new-", BUYERS, _machine, call=converse),
    "compare_offerings": Row("Windows Server", EVERYBODY, _offerings),
}


def test_every_tool_has_a_row() -> None:
    assert {tool.name for tool in tools.built_in()} == set(ROWS)


def test_nobody_is_told_or_changes_more_than_on_the_pages(world: World) -> None:
    story_of(ask(world.cloud.people.ben, SECRET).turn)
    found = [problem for tool in ROWS for who in EVERYBODY for problem in _problems(world, tool, who)]
    assert not found, "\n".join(found)


def _problems(world: World, tool: str, who: str) -> Iterable[str]:
    row = ROWS[tool]
    shows = row.shows if isinstance(row.shows, str) else row.shows(world)
    before = world.state(who)
    result = row.call(world.people[who], tool, **row.arguments(world))
    text, about = text_of(result), f"{tool} for {who}: "
    if who in row.who:
        if result.type is not ResultType.SUCCESS or shows not in text:
            yield f"{about}{shows} is missing in {text}"
    else:
        if (result.type is ResultType.SUCCESS) is row.refuses or shows in text:
            yield f"{about}should be {'refused' if row.refuses else 'empty'}: {text}"
        if world.state(who) != before:
            yield f"{about}has changed something"
    if who == "stranger":
        yield from (f"{about}tells {secret}" for secret in (SECRET, *world.secrets) if secret in text)
