"""Every route of the application, asked for things of ana by everybody who can come by (docs/authorisation.md)."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import make_url, select, update
from werkzeug.test import TestResponse

from chatapp.automations import running
from chatapp.core import (
    accounts,
    allowlist,
    artifacts,
    attachments,
    browsers,
    holds,
    invitations,
    password_links,
    sharing,
    system_prompts,
)
from chatapp.db import Base, new_id, release, session, transaction
from chatapp.market import MemberRole
from chatapp.models import (
    ApiToken,
    ChatSession,
    Invitation,
    Invoice,
    McpServer,
    Membership,
    PromptVersion,
    ShareLink,
    SshKey,
    User,
)
from tests import people as folk
from tests.automations.making import gate, make, step, work
from tests.flagging import flagged
from tests.marketplace import cloud as clouds
from tests.people import People, Person
from tests.web.pages.visitor import Asked, Visitor

TABLE = Path(__file__).resolve().parents[2] / "docs" / "authorisation.md"
ROLES = ("anonymous", "disabled", "other", "owner", "support", "staff")
CALL = '/tool calculate {"expression": "2 + 3"}'  # an answer that an automation can be made of
SIGN_IN, NO, HIDDEN, YES = "sign in", "no", "hidden", "yes"
ELSEWHERE = {"REMOTE_ADDR": "198.51.100.7"}  # not on the server's own machine
Ids = Mapping[str, Any]
# What refuses incomplete input before it looks who may, completed. Of things of their own people are asked the rest.
FORMS: dict[str, Callable[[Ids], dict[str, object]]] = {
    "automations.set_state": lambda ids: {"state": "paused"},
    "marketplace.set_invoice_state": lambda ids: {"state": "paid"},
    "marketplace.terminate": lambda ids: {"key": "k"},
    "api.rate_message": lambda ids: {"score": True},
    "api_v1.give_feedback": lambda ids: {"rating": "positive"},
    "api_v1.decide": lambda ids: {"approvalId": str(new_id()), "approved": True},
    "api_v1.stream_turn": lambda ids: {"content": "Hello"},
}
QUERIES: dict[str, Callable[[Ids], str]] = {
    "api_v1.create_attachment": lambda ids: f"?artifact_id={ids['artifact_id']}",
    "admin.compare_prompt_versions": lambda ids: "?from=1&to=1",
}


@dataclass(frozen=True)
class Route:
    """`name` is the endpoint."""

    name: str
    method: str
    rule: str
    arguments: frozenset[str]

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.rule

    @property
    def is_write(self) -> bool:
        return self.method not in ("GET", "OPTIONS")


def routes(app: Flask) -> list[Route]:
    """All there are: first what reads, last what ends the session."""
    found = [
        Route(rule.endpoint, method, rule.rule, frozenset(rule.arguments))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}) or ["OPTIONS"]
    ]
    return sorted(found, key=lambda route: (route.name == "pages.sign_out", route.is_write, route.rule, route.method))


def address(app: Flask, route: Route, ids: Ids) -> str:
    """Where the route is, for these things."""
    values = {name: ids.get(f"{route.name} {name}", ids[name]) for name in route.arguments}
    if route.name == "static" and "version" not in values:
        return f"/static/{values['filename']}"
    query = QUERIES.get(route.name, lambda ids: "")(ids)
    return app.url_map.bind("localhost").build(route.name, values, method=route.method) + query


def ask(browser: Visitor, role: str, person: Person | None, route: Route, ids: Ids) -> TestResponse:
    """As a browser does it; programs of the APIs bring a token."""
    path, form = address(browser.application, route, ids), FORMS.get(route.name)
    given = form(ids) if form and role != "owner" else {}
    if not path.startswith("/api/"):
        return browser.open(path, method=route.method, data=given, environ_base=ELSEWHERE)
    headers = person.headers if person else {}
    return browser.open(path, method=route.method, headers=headers, json=given, environ_base=ELSEWHERE)


def outcome(response: TestResponse) -> str:
    """What came of asking, in a word of the table."""
    asks_to_sign_in = response.status_code in (302, 303) and response.location.startswith("/sign-in/?")
    if response.status_code == 401 or asks_to_sign_in:
        return SIGN_IN
    return {403: NO, 404: HIDDEN}.get(response.status_code, YES)


def table() -> dict[tuple[str, str], tuple[str, ...]]:
    """What docs/authorisation.md says of (method, address)."""
    rows = [line.strip("| ").split(" | ") for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    return {(method, rule.strip("`")): tuple(said) for rule, method, *said in rows}


def everybody(people: People) -> dict[str, Person | None]:
    """Who asks, by role: the owner is ana. A disabled account was not when it signed in."""
    return {
        "anonymous": None,
        "disabled": folk._person("dora", "Dora Disabled"),
        "other": folk._person("otto", "Otto Other"),
        "owner": people.ana,
        "support": people.sue,
        "staff": people.stan,
    }


class Untouched:
    """The SQLite database of an application as it is now, to go back to."""

    def __init__(self, app: Flask) -> None:
        release()
        self._path = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database or ""
        self._kept = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(self._path)) as database:
            database.backup(self._kept)

    def restore(self) -> None:
        release()
        with closing(sqlite3.connect(self._path)) as database:
            database.execute("PRAGMA synchronous=OFF")
            self._kept.backup(database)


def enter(app: Flask, role: str, person: Person | None) -> Visitor:
    """The browser of somebody with that role."""
    browser = Visitor(app, app.response_class, use_cookies=True)
    if person:
        browser.sign_in(person)
    if role == "disabled" and person:
        with transaction():
            session.execute(update(User).where(User.id == person.id).values(is_active=False))
    return browser


def things(app: Flask, people: People) -> Ids:
    """A thing of ana, or one that staff maintain, for every argument of an address."""
    browser = enter(app, "owner", people.ana)
    asked = browser.answer(CALL)
    return {
        **_conversation(people, asked),
        **_automation(app, people),
        **_administration(people),
        **_marketplace(people),
        "block_id": "blk_1",
        "version": "x",
        "filename": "css/base.css",
    }


def _conversation(people: People, asked: Asked) -> Ids:
    ana = people.ana.user
    link = sharing.create(ana, asked.thread_id, 7)
    accounts.create_token(ana, "spare")
    browsers.open_session(ana, "phone")
    kept = artifacts.upload(ana, io.BytesIO(b"The plan is simple."), "plan.txt")
    attached, _ = attachments.create(ana, asked.thread_id, artifacts.upload(ana, io.BytesIO(b"More."), "more.txt").id)
    return {
        "thread_id": asked.thread_id,
        "turn_id": asked.turn_id,
        "message_id": asked.answer_id,
        "artifact_id": kept.id,
        "attachment_id": attached.attachment.id,
        "approval_id": new_id(),
        "link_id": _one(ShareLink),
        "session_id": _one(ChatSession),
        "token_id": _one(ApiToken, user_id=ana.id, name="spare"),
        "pages.end_session_of_mine session_id": _one(ApiToken, user_id=ana.id, name="phone"),
        "token": link,
    }


def _automation(app: Flask, people: People) -> Ids:
    automation_id = make(people.ana, gate(), step())
    run = running.start(people.ana.user, automation_id, {})
    work(app)
    return {"automation_id": automation_id, "run_id": run.id}


def _administration(people: People) -> Ids:
    stan = people.stan.user
    prompt = system_prompts.create(stan, "Plain")
    invited = invitations.create(stan, "Ida", 7)
    chosen = password_links.create(stan, people.ben.user)
    return {
        "pages.invitation token": invited,
        "pages.accept_invitation token": invited,
        "pages.choose_password token": chosen,
        "pages.store_password token": chosen,
        "user_id": people.ana.id,
        "prompt_id": prompt.id,
        "version_id": _one(PromptVersion),
        "flag_id": flagged(people.ana),
        "phrase_id": allowlist.add(stan, "ignore the weather").id,
        "hold_id": holds.on_person(stan, "ben", "A letter").id,
        "invitation_id": _one(Invitation),
        "server_id": _add(McpServer(name="Tools", prefix="tools", url="https://127.0.0.1/")),
    }


def _marketplace(people: People) -> Ids:
    cloud = clouds.build(people)
    order = cloud.order()
    member = Membership(user_id=people.ben.id, project_id=cloud.dark, role=MemberRole.MEMBER)
    key = SshKey(user_id=people.ana.id, name="laptop", kind="ssh-ed25519", public_key="x", fingerprint="x")
    return {
        "organization_id": cloud.acme,
        "project_id": cloud.web,
        "offering_id": cloud.machines,
        "order_id": order.id,
        "resource_id": order.resource_id,
        "membership_id": _add(member),
        "invoice_id": _add(Invoice(organization_id=cloud.acme, month=date(2026, 1, 1))),
        "key_id": _add(key),
        "word": "category",
        "identity": cloud.category,
    }


def _add(row: Base) -> UUID:
    with transaction():
        session.add(row)
    return row.id  # type: ignore[attr-defined,no-any-return]


def _one(model: type[Base], **columns: object) -> UUID:
    return session.scalars(select(model.id).filter_by(**columns)).first()  # type: ignore[attr-defined,return-value]
