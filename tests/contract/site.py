"""The product as an operator sets it up: by its own commands, with four people and a long history of a fifth."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import orjson
from waldur_api_client.api.chat_sessions import chat_sessions_current_retrieve

from chatapp import config, create_app
from chatapp.db import db
from tests.contract.waldur import Waldur
from tests.people import PASSWORD
from tests.servers import ROOT, AppServer

ROLES = {"ana": [], "ben": [], "sue": ["--support"], "stan": ["--staff"]}
OLD_HAND = "user0"  # whose conversations bench.fill writes
THREADS = 1000


@dataclass(frozen=True)
class Owned:
    """What somebody has after a question and its answer."""

    user_id: UUID
    session_id: UUID
    thread_id: UUID
    question_id: UUID
    answer_id: UUID


@dataclass(frozen=True)
class Site:
    database: Path
    people: dict[str, Waldur]
    owned: dict[str, Owned]

    def client(self, name: str, is_async: bool = False) -> Waldur:
        return replace(self.people[name], is_async=is_async)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """A running site, all of which is in `folder`."""
    environ = {"INSTANCE_PATH": str(folder), "SECRET_KEY": "tests", "OFFLINE_PACE": "0", "LOG_LEVEL": "WARNING"}
    server = AppServer(environ)
    server.flask("db", "upgrade")
    _fill(folder / "chatapp.db")
    tokens = _settle(environ)
    server.start()
    try:
        people = {name: Waldur(server.url, token) for name, token in tokens.items()}
        yield Site(folder / "chatapp.db", people, {name: _ask(people[name]) for name in ROLES})
    finally:
        server.kill()


def _fill(database: Path) -> None:
    arguments = ["--database", f"sqlite:///{database}", "--threads", str(THREADS), "--users", "1"]
    subprocess.run([sys.executable, "-m", "bench.fill", *arguments], cwd=ROOT, check=True, capture_output=True)


def _settle(environ: dict[str, str]) -> dict[str, str]:
    """The API tokens of all people, whom the product's commands create unless the history brought them."""
    app = create_app(config.load(environ))
    commands = app.test_cli_runner()

    def run(*command: str) -> str:
        result = commands.invoke(args=command)
        assert result.exit_code == 0, result.output
        return result.output

    try:
        for name, roles in ROLES.items():
            run("user", "create", name, "--password", PASSWORD, *roles)
        return {name: run("token", "create", name).split()[-1] for name in (*ROLES, OLD_HAND)}
    finally:
        app.extensions["runner"].close()
        with app.app_context():
            db.engine.dispose()


def _ask(person: Waldur) -> Owned:
    session = person.call(chat_sessions_current_retrieve)
    frames = [orjson.loads(line) for line in person.stream(f"Hello from {session.user_username}").iter_lines()]
    ids = {name: UUID(value) for frame in frames for name, value in frame.get("m", {}).items()}
    return Owned(
        user_id=session.user,
        session_id=session.uuid,
        thread_id=ids["thread_uuid"],
        question_id=ids["user_message_uuid"],
        answer_id=ids["assistant_message_uuid"],
    )
