"""The small cloud with something in it, and tools called as an answer calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import event as happening
from sqlalchemy import func, select

from chatapp.db import db, now, session, transaction
from chatapp.errors import ToolRefused
from chatapp.marketplace import credits, invoices, resources
from chatapp.models import Order, Resource, ResourceUsage, Thread
from chatapp.tools.toolbox import Toolbox
from chatapp.values import ToolResult
from tests.marketplace import cloud as clouds
from tests.marketplace.cloud import Cloud
from tests.people import People, Person, _person
from tests.stream.asking import ask, events_of, story_of

REASON = "The bill of September has not been paid."


@dataclass(frozen=True)
class World:
    """In the project web: `vm-1` runs, `vm-2` is paused; the project has consumed more than its credit."""

    cloud: Cloud
    people: dict[str, Person]
    running: UUID
    paused: UUID
    invoice: UUID
    address: str  # of vm-1

    @property
    def secrets(self) -> list[str]:
        """What nobody may read who sees nothing of the project."""
        ids = (self.cloud.web, self.cloud.acme, self.running, self.paused, self.invoice)
        return [*map(str, ids), "Project web", "Acme", "vm-1", "vm-2", REASON, self.address]

    def state(self, who: str) -> tuple[Any, ...]:
        """What that person may have no hand in: orders, resources, the conversations of others."""
        session.expire_all()
        orders, things = (session.scalar(select(func.count()).select_from(each)) for each in (Order, Resource))
        states = session.execute(select(Resource.id, Resource.state, Resource.name).order_by(Resource.id)).all()
        titles = session.execute(
            select(Thread.id, Thread.title).where(Thread.user_id != self.people[who].id).order_by(Thread.id)
        ).all()
        return orders, things, tuple(states), tuple(titles)


def furnish(people: People) -> World:
    cloud = clouds.build(people)
    stan = people.stan.user
    running, paused = cloud.order("vm-1").resource_id, cloud.order("vm-2").resource_id
    clouds.work()
    credits.grant(stan, 100_000, "Year 2026", organization_id=cloud.acme, expires_on=date(2099, 12, 31))
    credits.grant(stan, 1_500, "Share of the year", project_id=cloud.web)
    address = resources.get(stan, running).details["address"]
    item = invoices.charge(stan, running, 2_345, month=date(2026, 10, 1))
    resources.pause(stan, paused, REASON)
    with transaction():
        session.add(
            ResourceUsage(
                resource_id=running, month=now().date().replace(day=1), component="cpu", amount=720, unit="h", cost=900
            )
        )
    known = {
        "manager": people.ana,
        "member": people.ben,
        "owner": cloud.owner,
        "support": people.sue,
        "staff": people.stan,
        "stranger": _person("eve", "Eve Else"),
    }
    return World(cloud, known, running, paused, item.invoice_id, address)


def call(person: Person, tool: str, /, thread: UUID | None = None, **arguments: Any) -> ToolResult:
    """What an answer for that person gets, in that conversation."""
    box = Toolbox(person.user, thread, offers_all=True)
    try:
        prepared = box.prepare("call_1", tool, arguments, ())
    except ToolRefused as refusal:
        return ToolResult.error(str(refusal))
    return box.run(prepared)


def converse(person: Person, tool: str, **arguments: Any) -> ToolResult:
    """What the tool shows in a conversation, after a preview of the same that was answered with yes."""
    wish = orjson.dumps(arguments).decode()
    planned = ask(person, f"/tool plan_vm {wish}")
    story_of(planned.turn)
    answered = ask(person, f"Yes, please create this VM.\n/tool {tool} {wish}", planned.thread)
    for event in events_of(answered.turn):
        if event.type == "tool-output-available":
            return ToolResult.read(event.data["output"])
    return ToolResult.error("There was no result.")


def text_of(result: ToolResult) -> str:
    return orjson.dumps(result.as_json()).decode()


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that the block runs."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        seen.append(statement)

    happening.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        happening.remove(db.engine, "before_cursor_execute", note)


def cost(look: Callable[[], object]) -> int:
    """How many statements a call runs."""
    with statements() as seen:
        look()
    return len(seen)
